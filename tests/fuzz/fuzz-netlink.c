// SPDX-License-Identifier: GPL-2.0-or-later
/* What must hold for any bytes that come as attributes of the kernel's family. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>

#include "fuzz.h"
#include "record.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)

static void check_bytes(const struct record *record, enum teegate_attr attr, const uint8_t *message,
			size_t len, size_t most)
{
	const struct bytes *bytes = &record->bytes[attr];

	if (!record_has(record, attr)) {
		MUST(!bytes->data && !bytes->len);
		return;
	}
	MUST(bytes->len <= most && bytes->data >= message && bytes->data + bytes->len <= message + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *message = malloc(len + 1);	/* aligned, as a message is */
	struct record record;

	MUST(message);
	if (len > 0)
		memcpy(message, data, len);
	if (record_parse(message, len, &record) >= 0) {
		check_bytes(&record, TEEGATE_A_LABEL, message, len, TEEGATE_LABEL_MAX);
		check_bytes(&record, TEEGATE_A_CLAIMS, message, len, TEEGATE_CLAIMS_MAX);
		check_bytes(&record, TEEGATE_A_NOTE, message, len, TEEGATE_NOTE_MAX);
		check_bytes(&record, TEEGATE_A_REASON, message, len, TEEGATE_REASON_SIZE - 1);
		MUST(!memchr(record.bytes[TEEGATE_A_REASON].data ?: message, 0,
			     record.bytes[TEEGATE_A_REASON].len));
		MUST(record.number[TEEGATE_A_UID] <= UINT32_MAX);
		for (enum teegate_attr attr = 0; attr <= TEEGATE_A_MAX; attr++)
			MUST(record_has(&record, attr) || record.number[attr] == 0);
	}
	free(message);
	return 0;
}
