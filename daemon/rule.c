// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy file format, on top of libinih.
 *
 * The library drops what it does not understand, cuts long lines in two and allows trailing
 * comments and continued lines. For a policy each of those could silently mean something else than
 * its author thought, so lines pass our own reader first: it counts them, and refuses the long, the
 * continued and the NUL. Everything unknown is an error with its line.
 */
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"
#include "settings.h"

#define LINE_BYTES_MAX		180	/* libinih's own buffer holds 200 */

void reject(struct reading *reading, const char *format, ...)
{
	char what[320] = "";
	va_list ap;

	va_start(ap, format);
	text_vadd(what, sizeof(what), format, ap);
	va_end(ap);
	reading->errors++;
	reading->complain(reading->path, reading->line, what, reading->userdata);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static int on_setting(void *userdata, const char *section, const char *key, const char *value)
{
	settings_apply(userdata, section, key, value);
	return 1;
}

/* What libinih would take for something else than it looks like, or not report with its line. */
static bool line_valid(struct reading *reading, const char *line)
{
	if (is_space(line[0]) && line[strspn(line, " \t")]) {
		reject(reading, "a line must not begin with a space: lines are not continued here");
		return false;
	}
	if (!*line || strchr("#;", line[0]) || !line[strspn(line, " \t")])
		return true;
	if (strstr(line, " ;") || strstr(line, "\t;")) {
		reject(reading, "a comment needs a line of its own");
		return false;
	}
	if (line[0] == '[') {
		if (settings_section_known(line))
			return true;
		reject(reading, "there is no section %s", line);
		return false;
	}
	if (!strchr(line, '=')) {
		reject(reading, "neither [Section] nor Key=value");
		return false;
	}
	if (strchr("=:", line[0]) || memchr(line, ':', strcspn(line, "="))) {
		reject(reading, "not a Key=value");
		return false;
	}
	return true;
}

/* One line, without its end, into @line. 0 at the end of the file; a bad line comes out empty. */
static int next_line(struct reading *reading, char *line, size_t size)
{
	size_t len = 0;
	bool nul = false;
	int c;

	for (c = getc(reading->file); c != EOF && c != '\n'; c = getc(reading->file)) {
		nul |= c == '\0';
		if (len < size)
			line[len] = (char)c;
		len++;
	}
	if (c == EOF && ferror(reading->file)) {
		reading->fatal = -EIO;
		return 0;
	}
	if (c == EOF && len == 0)
		return 0;
	reading->line++;
	if (len > 0 && len < size && line[len - 1] == '\r')
		len--;
	line[len < size ? len : 0] = '\0';
	if (len >= size || len > LINE_BYTES_MAX)
		reject(reading, "longer than %d bytes; lists may be given in several lines", LINE_BYTES_MAX);
	else if (nul)
		reject(reading, "holds a NUL byte");
	else if (line_valid(reading, line))
		return 1;
	line[0] = '\0';
	return 1;
}

/* libinih's idea of fgets(): one line with its newline, at most @num - 1 bytes. */
static char *on_read(char *str, int num, void *userdata)
{
	struct reading *reading = userdata;
	char line[LINE_BYTES_MAX + 2];

	if (num < (int)sizeof(line) + 1 || reading->fatal < 0)
		return NULL;
	if (!next_line(reading, line, sizeof(line)))
		return NULL;
	snprintf(str, (size_t)num, "%s\n", line);
	return str;
}

int rule_read(struct rule *rule, FILE *file, const char *path, policy_complain_t tell,
	      void *userdata)
{
	struct reading reading = {
		.rule = rule, .file = file, .path = path, .complain = tell, .userdata = userdata,
	};
	int r;

	r = ini_parse_stream(on_read, &reading, on_setting, &reading);
	if (reading.fatal < 0)
		return reading.fatal;
	if (r < 0)
		return -ENOMEM;
	/* Our reader lets nothing through that the library stumbles over; if it does, say so. */
	if (r > 0 && reading.errors == 0) {
		reading.line = (unsigned int)r;
		reject(&reading, "not understood");
	}
	return reading.errors;
}

/* What a rule matched by, its leases are pinned to, unless the file says otherwise. */
static bool pinned(enum pin said, size_t n_matched)
{
	return said == PIN_YES || (said == PIN_DEFAULT && n_matched > 0);
}

#define BIT(source)	(UINT32_C(1) << (source))

/* Those that were installed on purpose; what the TEE has, with what it takes; never a file, unless named. */
#define SOURCES_USUAL	(BIT(TEEGATE_ROOT_FIRMWARE) | BIT(TEEGATE_ROOT_RETRIEVABLE) | BIT(TEEGATE_ROOT_TPM) | \
			 BIT(TEEGATE_ROOT_LAUNCH_SECRET) | BIT(TEEGATE_ROOT_KEY_BROKER))

static void resolve_roots(struct roots *roots)
{
	roots->sources = roots->said ?: SOURCES_USUAL;
	if (!roots->measured)
		roots->sources &= ~BIT(TEEGATE_ROOT_FIRMWARE);
	if (!roots->has_se_secret)
		roots->sources &= ~BIT(TEEGATE_ROOT_RETRIEVABLE);
}

/* Keys that nobody can have are a mistake; so is a root of which its owner says nothing. */
static void check_keys(struct reading *reading, const struct rule *rule)
{
	const struct roots *roots = &rule->roots;
	size_t labels = 0;

	for (size_t i = 0; i < rule->key_labels.n; i++)
		labels += strlen(rule->key_labels.list[i]) + 1;
	if (labels > TEEGATE_KEY_LABELS_MAX)
		reject(reading, "KeyLabels= has more than %d bytes in all", TEEGATE_KEY_LABELS_MAX);
	if ((roots->said & BIT(TEEGATE_ROOT_FIRMWARE)) && !roots->measured)
		reject(reading, "[Keys] RootSources=firmware needs FirmwareRoot=measured-boot: say so only if the launch measurement covers kernel and initrd");
	if ((roots->said & BIT(TEEGATE_ROOT_RETRIEVABLE)) && !roots->has_se_secret)
		reject(reading, "[Keys] RootSources=retrievable needs SeSecretId=");
}

static void resolve(struct rule *rule)
{
	rule->pins = (struct pins){
		.uid = pinned(rule->pin_uid, rule->n_ranges),
		.label = pinned(rule->pin_label, rule->labels.n),
		.exe = pinned(rule->pin_exe, rule->exes.n),
	};
	resolve_roots(&rule->roots);
	if (rule->quota.rate_per_minute > 0 && rule->quota.rate_burst == 0)
		rule->quota.rate_burst = (rule->quota.rate_per_minute + 9) / 10;
}

/*
 * Label= and Executable= only narrow: an unconfined process may take the label of any AppArmor
 * profile, and everybody may execute a file that is there for all.
 */
int rule_check(struct rule *rule, policy_complain_t tell, void *userdata)
{
	struct reading reading = {
		.rule = rule, .path = rule->path, .complain = tell, .userdata = userdata,
	};
	size_t by_image = rule->images.n + rule->signers.n;

	if (rule->units.n + rule->cgroups.n + rule->n_ranges + by_image == 0)
		reject(&reading, "[Match] needs Unit=, Cgroup=, Uid=, ImageDigest= or ImageSigner=");
	if (!rule->voucher.root && by_image == 0)
		reject(&reading, "[Match] Voucher= is about ImageDigest= and ImageSigner=: there is none");
	if (rule->quota.rate_burst > 0 && rule->quota.rate_per_minute == 0)
		reject(&reading, "[Quota] RateBurst= needs RatePerMinute=");
	check_keys(&reading, rule);
	if (!settings_name_valid(rule->name))
		reject(&reading, "the file's name cannot be the workload's: give [Claims] Name=");
	if (reading.errors == 0)
		resolve(rule);
	return reading.errors;
}

static void default_name(struct rule *rule)
{
	const char *slash = strrchr(rule->path, '/');
	const char *base = slash ? slash + 1 : rule->path;
	size_t len = strlen(base), suffix = strlen(".conf");

	if (len > suffix && !strcmp(base + len - suffix, ".conf"))
		len -= suffix;
	if (len <= POLICY_NAME_MAX)
		memcpy(rule->name, base, len);	/* the rule came from calloc() */
}

struct rule *rule_new(const char *path)
{
	CLEANUP(rule_freep) struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->path = strdup(path);
	if (!rule->path)
		return NULL;
	settings_defaults(rule);
	default_name(rule);
	return take_pointer(&rule);
}

static void free_texts(struct texts *texts)
{
	while (texts->n > 0)
		free(texts->list[--texts->n]);
}

struct rule *rule_free(struct rule *rule)
{
	if (!rule)
		return NULL;
	free_texts(&rule->units);
	free_texts(&rule->cgroups);
	free_texts(&rule->signers);
	free_texts(&rule->labels);
	free_texts(&rule->key_labels);
	free(rule->path);
	free(rule);
	return NULL;
}

void rule_freep(struct rule **rule)
{
	rule_free(*rule);
}
