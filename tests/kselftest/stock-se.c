// SPDX-License-Identifier: GPL-2.0-or-later
/* IBM Secure Execution: /dev/uv, see stock.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include "se.h"
#include "stock.h"

/* <asm/uvdevice.h>, which is there on one machine only. */
struct uvio_ioctl_cb {
	uint32_t flags;
	uint16_t uv_rc;
	uint16_t uv_rrc;
	uint64_t argument_addr;
	uint32_t argument_len;
	uint8_t reserved14[0x40 - 0x14];
};

struct uvio_attest {
	uint64_t arcb_addr;
	uint64_t meas_addr;
	uint64_t add_data_addr;
	uint8_t user_data[256];
	uint8_t config_uid[16];
	uint32_t arcb_len;
	uint32_t meas_len;
	uint32_t add_data_len;
	uint16_t user_data_len;
	uint16_t reserved136;
};

_Static_assert(sizeof(struct uvio_ioctl_cb) == 0x40, "the driver's own");
_Static_assert(sizeof(struct uvio_attest) == 0x138, "the driver's own");

#define UVIO_IOCTL_ATT _IOWR('u', 1, struct uvio_ioctl_cb)
#define UVC_RC_EXECUTED 1

int stock_se_report(int fd, const uint8_t user_data[64])
{
	const struct se_file *arcb = se_file("arcb");
	uint8_t measurement[SE_MEASUREMENT_SIZE] = { 0 };
	struct uvio_attest att = {
		.arcb_addr = (uintptr_t)arcb->bytes,
		.arcb_len = (uint32_t)arcb->len,
		.meas_addr = (uintptr_t)measurement,
		.meas_len = sizeof(measurement),
		.user_data_len = 64,
	};
	struct uvio_ioctl_cb cb = { .argument_addr = (uintptr_t)&att, .argument_len = sizeof(att) };

	memcpy(att.user_data, user_data, 64);
	if (ioctl(fd, UVIO_IOCTL_ATT, &cb) < 0)
		return -errno;
	if (cb.uv_rc != UVC_RC_EXECUTED)
		return -EREMOTEIO;
	return se_measured(measurement, user_data, 64, att.config_uid, NULL, 0) ? 0 : -EPROTO;
}
