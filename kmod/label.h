/* SPDX-License-Identifier: GPL-2.0-only */
/* The label that an LSM gives to tasks, as a pin. */
#ifndef _TG_LABEL_H
#define _TG_LABEL_H

#include <linux/types.h>

struct tg_label;

int tg_label_from_user(u64 uaddr, u32 len, struct tg_label **ret_label);
struct tg_label *tg_label_get(struct tg_label *label);
void tg_label_put(struct tg_label *label);
bool tg_label_equal(const struct tg_label *a, const struct tg_label *b);
const char *tg_label_text(const struct tg_label *label, u32 *ret_len);
int tg_label_check_current(const struct tg_label *label);

#endif
