/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel keeps with a lease for us: to whom it was granted, on what facts, and by which rule. After
 * a restart the lease is found by it, and policy can be asked again whether it still grants that.
 */
#ifndef TEEGATED_NOTE_H
#define TEEGATED_NOTE_H

#include "leases.h"
#include "record.h"

/*
 * note_make() - JSON of at most TEEGATE_NOTE_MAX bytes, malloc()ed, of all that @lease has but its id and
 * what the kernel shows itself. -E2BIG: it does not fit.
 */
int note_make(const struct lease *lease, char **ret);

/* What a note said; all that @lease points to is here. */
struct note {
	struct lease lease;
	struct digest exe;
	struct registration *registration;
	void *json;
};

/*
 * note_parse() - -ENOMSG when no teegated wrote it; -EBADMSG when one did, and what it says makes no sense to
 * this one. Release by note_done().
 */
int note_parse(const struct bytes *bytes, struct note *ret);
void note_done(struct note *note);

#endif
