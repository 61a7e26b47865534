// SPDX-License-Identifier: GPL-2.0-or-later
/* The other user of the firmware, see stock.h; by vendor in stock-snp.c, -tdx.c and -se.c. */
#include <errno.h>
#include <string.h>

#include "kit.h"
#include "stock.h"
#include "tee.h"

int stock_open(void)
{
	return device_open(the_tee()->device);
}

int stock_report(int fd, const uint8_t user_data[64])
{
	return the_tee()->stock_report(fd, user_data);
}

int stock_is_over(const uint8_t *report, uint32_t len, const uint8_t user_data[64])
{
	const uint8_t *data = the_tee()->report_data(report, len);

	return data && !memcmp(data, user_data, 64) ? 0 : -EPROTO;
}
