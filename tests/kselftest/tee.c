// SPDX-License-Identifier: GPL-2.0-or-later
/* The TEEs, see tee.h. */
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "modules.h"
#include "se.h"
#include "stock.h"
#include "tee.h"

/* SEV-SNP ABI, table "ATTESTATION_REPORT Structure". */
#define SNP_REPORT_SIZE 1184
#define SNP_REPORT_DATA 0x50

static const uint8_t *snp_report_data(const uint8_t *report, uint32_t len)
{
	return len == SNP_REPORT_SIZE ? report + SNP_REPORT_DATA : NULL;
}

/*
 * A TDREPORT (TDX module ABI, REPORTMACSTRUCT), a quote of version 4 (the body of a TD after a
 * header of 48 bytes) or 5 (with the body's type and size between them). Its REPORTDATA is the last
 * field of a TD 1.0 body; the 1.5 one has more behind it.
 */
#define TDREPORT_SIZE	1024
#define TDREPORT_DATA	0x80
#define QUOTE_HEADER	48
#define QUOTE_V5_HEADER	(48 + 6)
#define TD_BODY_DATA	520
#define TD_BODY_SIZE	584

static const uint8_t *tdx_report_data(const uint8_t *report, uint32_t len)
{
	unsigned int version = report[0] | (unsigned int)report[1] << 8;

	if (len == TDREPORT_SIZE && report[0] == 0x81)
		return report + TDREPORT_DATA;
	if (len < QUOTE_V5_HEADER + TD_BODY_SIZE || (version != 4 && version != 5))
		return NULL;
	return report + (version == 4 ? QUOTE_HEADER : QUOTE_V5_HEADER) + TD_BODY_DATA;
}

#define CPU_MODALIAS	"/sys/devices/system/cpu/modalias"

static const struct tee tees[] = {
	{
		.name = "snp",
		.provider = TEEGATE_PROVIDER_SEV_SNP,
		.firmware = "teegate_softfw",
		.driver = "sev_guest",
		.device = "/dev/sev-guest",
		.modalias = "/sys/devices/platform/sev-guest/modalias",
		.report_data = snp_report_data,
		.raw_max = 64,
		.stock_report = stock_snp_report,
		.slots = 1,
		/*
		 * The host says BUSY, and the stock code asks again every two seconds, sleeping in
		 * between: so the CPU is free, unlike with a hang. After a minute it gives up.
		 */
		.hold = "busy",
		.hold_count = 25,
		.hold_asks_again = true,
		.slow = "delay count=1000000 arg=5000",
		.requests = "requests",
		.has_device = true,
	},
	{
		.name = "tdx",
		.provider = TEEGATE_PROVIDER_TDX,
		.firmware = "teegate_softtdx",
		.driver = "tdx_guest",
		.device = "/dev/tdx_guest",
		.modalias = CPU_MODALIAS,
		.report_data = tdx_report_data,
		.raw_max = 64,
		.stock_report = stock_tdx_report,
		.slots = 4,
		.buffers = 4,
		.hold = "hold",
		.hold_count = 1000000,
		.slow = "delay count=1000000 arg=5000",
		.requests = "quotes",
	},
	{
		.name = "se",
		.provider = TEEGATE_PROVIDER_SE,
		.firmware = "teegate_softuv",
		.driver = "uvdevice",
		.device = "/dev/uv",
		.modalias = CPU_MODALIAS,
		.measured_data = se_report_data,
		.challenge = se_challenge,
		.raw_max = 256,
		.stock_report = stock_se_report,
		.slots = 1,
		/* The Ultravisor has other things to do, and the module tries again, by turns. */
		.hold = "busy",
		.hold_count = 1000000,
		.hold_asks_again = true,
		.slow = "delay count=1000000 arg=5000",
		.requests = "attestations",
	},
};

#define N_TEES (sizeof(tees) / sizeof(tees[0]))

static const struct tee *found;

void tee_look(void)
{
	for (size_t i = 0; i < N_TEES && !found; i++) {
		if (module_loaded(tees[i].firmware))
			found = &tees[i];
	}
}

const struct tee *tee_found(void)
{
	tee_look();
	return found;
}

const struct tee *the_tee(void)
{
	ASSERT(tee_found());
	return found;
}

bool tee_is(const char *name)
{
	return tee_found() && !strcmp(found->name, name);
}
