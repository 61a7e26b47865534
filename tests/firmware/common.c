// SPDX-License-Identifier: GPL-2.0-only
/* This module's copy of what all software firmwares share. */
#include "shared/symbols.c"
#include "shared/sha384.c"
#include "shared/faults.c"
