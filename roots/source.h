/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a root of keys can come from. One table entry per source; nothing else of teegate-root knows
 * which there are. A source hands over the same 32 bytes on every boot, or says why not.
 */
#ifndef TEEGATE_ROOTS_SOURCE_H
#define TEEGATE_ROOTS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "complaint.h"
#include "secret.h"

#define ROOT_NAME_MAX	64

/* Values of a [Root NAME] section. What is not set is NULL. */
enum setting {
	SETTING_BLOB,		/* tpm */
	SETTING_TCTI,
	SETTING_PCRS,
	SETTING_GUID,		/* launch-secret */
	SETTING_DIRECTORY,
	SETTING_URL,		/* key-broker */
	SETTING_RESOURCE,
	SETTING_CA,
	SETTING_EVIDENCE,
	SETTING_TEE,
	SETTING_FILE,		/* development */
	SETTING_ENABLE,
	N_SETTINGS,
};

struct root {
	char name[ROOT_NAME_MAX + 1];
	unsigned int line;
	const struct source *source;
	bool unseal_only;
	char *values[N_SETTINGS];
};

struct source {
	const char *name;	/* as in Source= */
	uint32_t number;	/* enum teegate_root_source */
	const char *title;
	const char *how;	/* the lines of a section that are enough */
	const char *not_built;	/* why it is not in this build, or NULL */
	uint32_t takes, needs;	/* bits 1 << enum setting */

	/* Is each value one that can be meant? Optional. -EINVAL */
	int (*check)(const struct root *root, struct complaint *complaint);
	/* Blocks, for a minute at most. */
	int (*fetch)(const struct root *root, struct secret *secret, struct complaint *complaint);
	/*
	 * Makes the source able to hand over @secret from now on. NULL where others do that. Whenever it
	 * is interrupted there is nothing, what was there before, or the whole.
	 */
	int (*enrol)(const struct root *root, const struct secret *secret, struct complaint *complaint);
};

extern const struct source source_tpm, source_launch_secret, source_key_broker, source_development;

/* All sources, NULL at the end. */
extern const struct source *const sources[];

const struct source *source_find(const char *name);
const char *source_title(uint32_t number);

/* setting() - what was set, else @otherwise. */
const char *setting(const struct root *root, enum setting setting, const char *otherwise);

/*
 * read_root_file() - a file that holds a root and nothing else, of which only its owner, root, may know.
 * With @shared its mode does not matter, as in a file system whose files have none.
 */
int read_root_file(const char *path, bool shared, struct secret *secret, struct complaint *complaint);

#endif
