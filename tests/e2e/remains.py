#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""remains.py PID FILE...: how many pieces of each file, as it is or as base64, a process has in its memory."""

import base64
import pathlib
import sys

import ending    # of tests/unit

areas = ending.memory_of_running(int(sys.argv[1]))
for name in sys.argv[2:]:
    data = pathlib.Path(name).read_bytes()
    print(name, sum(ending.parts_left(areas, form) for form in (data, base64.b64encode(data))))
