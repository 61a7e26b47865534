// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDG.MR.REPORT: the TDREPORT, which is what a quote is made from and what a local report is.
 *
 * DOC: busy
 *
 * The TDX module takes a lock over the runtime registers, shared to report and exclusive to
 * extend, and whoever comes second is turned away instead of waiting. Our own calls never meet,
 * because one worker makes them all; those of the stock driver do. It is a matter of microseconds,
 * so we come again. (A stock EXTEND that meets our report is turned away likewise, and the driver
 * warns of it once: the only lock that would help is the driver's own.)
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <asm/tdx.h>

#include "tdx.h"

#define BUSY_STEP_FIRST_US	50
#define BUSY_STEP_MAX_US	2000
#define BUSY_FOR_NS		(250 * (u64)NSEC_PER_MSEC)

/* Kernels that cannot extend do not tell busy from other errors, either. */
static bool is_busy(int err)
{
#ifdef TG_HAVE_TDX_EXTEND
	return err == -EBUSY;
#else
	return err == -EBUSY || err == -EIO;
#endif
}

int tg_tdx_while_busy(int (*call)(void *ctx), void *ctx)
{
	u64 end = ktime_get_ns() + BUSY_FOR_NS;
	unsigned int step = BUSY_STEP_FIRST_US;
	int err;

	for (;;) {
		err = call(ctx);
		if (!is_busy(err) || ktime_get_ns() >= end)
			return err;
		usleep_range(step, 2 * step);
		step = min(2 * step, (unsigned int)BUSY_STEP_MAX_US);
	}
}

/* What the kernel makes of a completion status, back again as far as it goes. */
u64 tg_tdx_status_of(int err)
{
	switch (err) {
	case -EBUSY:
		return TG_TDX_OPERAND_BUSY;
	case -ENXIO:
	case -EINVAL:
		return TG_TDX_OPERAND_INVALID;
	default:
		return TG_TDX_ERROR;
	}
}

static int report_once(void *ctx)
{
	struct tg_tdx_scratch *scratch = ctx;

	return tdx_mcall_get_report0(scratch->input, scratch->report);
}

/* The report is in @scratch then, for the caller to take and to wipe. */
int tg_tdx_make_tdreport(struct tg_tdx_scratch *scratch, const u8 *report_data,
			 const u8 **ret_rtmrs, u64 *ret_status)
{
	int err;

	memcpy(scratch->input, report_data, TDX_REPORTDATA_LEN);
	err = tg_tdx_while_busy(report_once, scratch);
	if (err) {
		*ret_status = tg_tdx_status_of(err);
		return -EREMOTEIO;
	}
	return tg_tdx_check_tdreport(scratch->report, report_data, ret_rtmrs);
}
