// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EXTEND: what each fault of the TDX module comes to, as a table that runs. Every case extends once
 * in peace, has the fault happen, and extends again; afterwards the register holds just what was
 * said to be in it, and so does the log.
 *
 * Without the stock driver: it warns whenever an extension of its own fails.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "modules.h"
#include "registers.h"
#include "tee.h"

struct fault {
	const char *text;	/* name and options */
	int result;
	uint64_t fw_status;
};

static struct evidence ev;

static void name_of(const struct fault *f, char name[32])
{
	snprintf(name, 32, "%s", f->text);
	name[strcspn(name, " ")] = 0;
}

static void extend_in_peace(const struct lease *l, struct registers *expected)
{
	struct teegate_extend x = extend_wish(2, "peace", 5);

	ASSERT_EQ(tg(l->fd, TEEGATE_EXTEND, &x), 0);
	register_extend(expected, 2, x.digest);
}

/* The digest comes out when the event is in the register, and only then. */
static void extend_under(const struct fault *f, const struct lease *l, struct registers *expected)
{
	static const uint8_t none[SHA384_SIZE];
	struct teegate_extend x = extend_wish(2, "fault", 5);
	uint64_t hits, errors = info_of(l->fd).errors;
	char name[32];

	name_of(f, name);
	hits = fw_hits(name);
	fw_fault(f->text);
	EXPECT_EQ(tg(l->fd, TEEGATE_EXTEND, &x), f->result);
	EXPECT(fw_hits(name) > hits);
	EXPECT_EQ(x.fw_status, f->fw_status);
	EXPECT_EQ(info_of(l->fd).errors, errors + (f->result ? 1 : 0));
	fw_reset();
	if (f->result)
		EXPECT_MEM(x.digest, none, sizeof(none));
	else
		register_extend(expected, 2, x.digest);
}

static void expect_fault(const struct fault *f)
{
	struct teegate_create_lease wish = lease_wish(BOTH | TEEGATE_OP_EXTEND, CLAIMS);
	struct registers expected, now;
	struct lease l;
	int before;

	need_log();
	if (module_loaded(the_tee()->driver))
		module_unload(the_tee()->driver);
	/* What was refused is not charged: there is room for the others alone. */
	wish.extend_max = f->result ? 2 : 3;
	wish.extend_bytes_max = 100;
	l = lease_make(wish);
	before = log_now(l.fd, &ev);
	expected = registers_now(l.fd);
	extend_in_peace(&l, &expected);
	extend_under(f, &l, &expected);
	extend_in_peace(&l, &expected);
	now = registers_now(l.fd);
	EXPECT_MEM(&now, &expected, sizeof(now));
	EXPECT_EQ(log_now(l.fd, &ev), before + (int)wish.extend_max);
	EXPECT_EQ(extend_try(l.fd, 2, "more", 4), -EDQUOT);
	module_load(the_tee()->driver);
}

#define FAULT(_case, ...)							\
	TEST_LIMIT(_case, 200)							\
	{									\
		static const struct fault f = { __VA_ARGS__ };			\
										\
		expect_fault(&f);						\
	}

/* TDX module ABI: classes of completion status; the operand is what the kernel keeps for itself. */
#define OPERAND_INVALID		0xc000010000000000
#define OPERAND_BUSY		0x8000020000000000
#define TDCALL_ERROR		0x8000000000000000

FAULT(a_register_lock_that_is_taken_is_waited_for,
	"extend-busy count=20", 0, 0)
FAULT(a_register_lock_that_is_never_free_is_EREMOTEIO,
	"extend-busy count=100000000", -EREMOTEIO, OPERAND_BUSY)
FAULT(a_module_that_takes_its_time_is_waited_for,
	"extend-slow arg=200000", 0, 0)
FAULT(an_event_that_the_module_refuses_is_EREMOTEIO,
	"extend-error", -EREMOTEIO, OPERAND_INVALID)
FAULT(another_status_of_the_module_is_EREMOTEIO,
	"extend-error arg=0x8000ff0000000000", -EREMOTEIO, TDCALL_ERROR)

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
