// SPDX-License-Identifier: GPL-2.0-only
/* The code under test, see main.c. */
#include "../../../kmod/uv/root.c"
