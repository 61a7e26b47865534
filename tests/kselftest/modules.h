/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loading and unloading, as an administrator would: by modprobe, finit_module(2) and delete_module(2).
 */
#ifndef MODULES_H
#define MODULES_H

#include <stdbool.h>

#define OUR_MODULE	"teegate"	/* the others: tee.h */

bool module_loaded(const char *name);
/* With what it depends on; the case ends if it fails. */
void module_load(const char *name);
/* The same; true if it could be loaded. */
bool module_try_load(const char *name);
/* With one parameter, "name=value". */
void module_load_with(const char *name, const char *parameter);
/*
 * Alone: neither what it wants before nor what it wants after, and whatever modprobe.d says. No program
 * is started but for a file that is compressed.
 */
void module_load_alone(const char *name);
/* 0 or negative errno of delete_module(2); does not wait. */
int module_try_unload(const char *name);
/* Waits for files that are just being closed; the case ends if they never are. */
void module_unload(const char *name);

/* Where its file is, for whoever loads it by a system call of its own. */
const char *module_path(const char *name);

/* Would udev load it for the hardware of this file of sysfs, called modalias? */
bool module_is_for(const char *name, const char *modalias);

/*
 * Ours anew: it has no roots, has asked nothing, and knows nothing. Those below it stay, unless a case
 * before has left firmware that cannot be asked.
 */
void module_anew(void);

/* All three modules anew: firmware has new keys, and a lost channel is back. */
void everything_anew(void);

#endif
