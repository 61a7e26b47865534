/* SPDX-License-Identifier: GPL-2.0-only */
/* The file that a process was started from, as a pin. */
#ifndef _TG_EXE_H
#define _TG_EXE_H

struct file;

int tg_exe_from_fd(int fd, struct file **ret_exe);
struct file *tg_exe_get(struct file *exe);
void tg_exe_put(struct file *exe);
bool tg_exe_equal(const struct file *a, const struct file *b);
int tg_exe_check_current(const struct file *exe);

#endif
