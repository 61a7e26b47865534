// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From an errno of the kernel module to a text that says what happened and what to do: the sentence
 * of the errno, then what the module says of its state, then what the code of firmware or host
 * means.
 */
#include <errno.h>
#include <stdio.h>

#include <linux/teegate.h>

#include "context.h"
#include "fw-status.h"

/* Errors on which the state of the module says more than the errno. */
static bool state_explains(int error)
{
	return error == -ENODEV || error == -ENOKEY || error == -EREMOTEIO ||
	       error == -EOPNOTSUPP || error == -ETIMEDOUT || error == -EPROTO || error == -EAGAIN;
}

/*
 * The queue and the buffers both say EAGAIN; only the latter are the host's to free. And so do keys
 * through the stock driver while whoever loaded the module shares the memory that they would pass.
 */
static void explain_again(const struct teegate_get_info *info, char *text, size_t size)
{
	if (info->in_flight_max > 0 && info->quarantined >= info->in_flight_max)
		(void)snprintf(text, size,
			       "The host holds all %u buffers and has not answered in time. They come back when it does; nothing in the guest can take them back. Ask the operator of the host to look at its quoting service, and try again later.",
			       info->in_flight_max);
	else if (info->queued == 0 && info->transport == TEEGATE_TRANSPORT_DRIVER)
		(void)snprintf(text, size,
			       "Nothing else is waiting now: try again. If that stays so for keys, the process that loaded the module (a worker of udev, say) has not ended, and until then no key passes: wait some seconds, or load it by modprobe.");
	else
		(void)snprintf(text, size, "%s (%u of %u places taken)", tee_strerror(-EAGAIN),
			       info->queued, info->queue_max);
}

int tee_kernel_fail(tee_ctx *ctx, int fd, int error, const char *what, uint64_t fw_status)
{
	struct teegate_get_info info = { 0 };
	const char *sentence = tee_strerror(error), *reason = "", *words = NULL;
	char again[384], code[320] = "";

	if ((state_explains(error) || fw_status != 0) && tee_kernel_ask_info(ctx, fd, &info) == 0) {
		if (error == -EAGAIN) {	/* and that is all that the reason would say */
			explain_again(&info, again, sizeof(again));
			sentence = again;
		} else {
			reason = (const char *)info.reason;
		}
	}
	if (fw_status != 0) {
		words = fw_status_text(info.provider, fw_status);
		(void)snprintf(code, sizeof(code), " (firmware code 0x%llx%s%s)",
			       (unsigned long long)fw_status, words ? ": " : "", words ? words : "");
	}
	return tee_fail(ctx, error, "%s: %s%s%s%s", what, sentence, *reason ? " " : "", reason, code);
}
