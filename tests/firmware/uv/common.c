// SPDX-License-Identifier: GPL-2.0-only
/* This module's copy of what all software firmwares share and it can use. */
#include "../shared/faults.c"
