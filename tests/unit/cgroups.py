# SPDX-License-Identifier: GPL-2.0-or-later
"""Cgroups that a test has made."""

import errno
import pathlib
import time

PATIENCE = 120    # seconds


def remove(path):
    """One without any below it. Who has ended a moment ago may still be in it."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return pathlib.Path(path).rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)
