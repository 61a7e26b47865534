/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The findings of `teegatectl doctor`, and the examinations that make them: doctor-kernel.c looks
 * at modules and devices, doctor-z.c at what only IBM Z has, doctor-broker.c at socket, units and
 * policy.
 */
#ifndef TEEGATECTL_DOCTOR_H
#define TEEGATECTL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_PROBLEM };

struct finding {
	enum level level;
	const char *what;	/* a stable name: "module.teegate" */
	char *text;
	const char *advice;	/* what to do, or NULL */
};

struct doctor {
	const char *sysroot;	/* "" for this system; else files only, nobody is asked */
	struct finding *findings;
	size_t count;
	bool software_firmware;
	bool no_broker;		/* this kernel is too old for teegated */
	bool is_z;
};

void find(struct doctor *d, enum level level, const char *what, const char *advice,
	  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* stat() and lstat() of @path below the root that is examined. 0 or -errno. */
int doctor_stat(const struct doctor *d, const char *path, struct stat *ret);
int doctor_lstat(const struct doctor *d, const char *path, struct stat *ret);
char *doctor_path(const struct doctor *d, const char *path);

void examine_kernel(struct doctor *d);
/* Is it IBM Z, and if so, what of it; @release: of the kernel, "" when unknown. */
bool doctor_is_z(const struct doctor *d);
void examine_z(struct doctor *d, const char *release);
void examine_broker(struct doctor *d);
/* State of the TEE as the module or the broker tell it, through @target of tee_open(). */
void examine_info(struct doctor *d, const char *what, const char *target);

#endif
