/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong and what to do about it, in one line. Never anything of a secret. */
#ifndef TEEGATE_ROOTS_COMPLAINT_H
#define TEEGATE_ROOTS_COMPLAINT_H

#include "util.h"

struct complaint {
	char text[512];
};

/* fail() - the text, and @error to return. */
static inline int PRINTF(3, 4) fail(struct complaint *complaint, int error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(complaint->text, sizeof(complaint->text), format, ap);
	va_end(ap);
	text_sanitize(complaint->text);
	return error;
}

#endif
