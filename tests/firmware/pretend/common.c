// SPDX-License-Identifier: GPL-2.0-only
/* This module's copy of what the software firmwares share and it needs. */
#include "../shared/symbols.c"
