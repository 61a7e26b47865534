// SPDX-License-Identifier: GPL-2.0-or-later
#include "source.h"

const struct source source_key_broker = {
	.name = "key-broker",
	.number = TEEGATE_ROOT_KEY_BROKER,
	.title = "key broker",
	.how = "Url=https://kbs.example.com\nResource=default/teegate/root\n",
	.not_built = "built without libcurl, libjose or libtee",
	.takes = 1 << SETTING_URL | 1 << SETTING_RESOURCE | 1 << SETTING_CA | 1 << SETTING_EVIDENCE |
		 1 << SETTING_TEE,
};
