// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may stand in a policy file, and what a value must look like. A list grows with each line and
 * an empty value takes back what was said, also in drop-ins; a bad value is an error and changes
 * nothing.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>

#include "settings.h"

#define LIFETIME_DEFAULT_SEC	3600
#define LIFETIME_MAX_SEC	(30 * 24 * 3600)
#define PENDING_MAX		64
#define EXTEND_EVENTS_DEFAULT	16
#define EXTEND_EVENTS_MAX	65535
#define EXTEND_BYTES_DEFAULT	4096
#define EXTEND_BYTES_MAX	(1 << 20)
#define QUOTA_CONNECTIONS_MAX	512
#define QUOTA_REQUESTS_MAX	64
#define QUOTA_LEASES_MAX	4096
#define QUOTA_BYTES_MAX		(1 << 30)
#define UNIT_NAME_MAX		255
#define SIGNER_MAX		128
#define UID_LAST		(UINT32_MAX - 1)	/* the one above means "no user" */

/*
 * @offset: of the member of struct rule that @set changes, of the type that it expects
 * @min, @max, @otherwise: of numbers; an empty value means @otherwise
 */
struct setting {
	const char *section, *key;
	void (*set)(struct reading *reading, const struct setting *setting, const char *value);
	size_t offset;
	uint32_t min, max, otherwise;
};

static void *member(struct reading *reading, const struct setting *setting)
{
	return (char *)reading->rule + setting->offset;
}

/* Takes the next word of a list from *@list. */
static const char *next_word(const char **list, size_t *ret_len)
{
	const char *word = *list + strspn(*list, " \t");

	*ret_len = strcspn(word, " \t");
	*list = word + *ret_len;
	return *ret_len ? word : NULL;
}

static bool unit_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(":-_.\\@", c));
}

static bool word_ends(const char *word, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && !memcmp(word + len - n, suffix, n);
}

static bool printable(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] <= 0x20 || word[i] > 0x7e)
			return false;
	return true;
}

/* A pattern would match names that somebody else may choose. */
static bool no_pattern(struct reading *reading, const char *key, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("*?[", word[i])) {
			reject(reading, "%s=%.*s: a pattern is not allowed, write exact names", key,
				 (int)len, word);
			return false;
		}
	return true;
}

static bool unit_valid(struct reading *reading, const char *word, size_t len)
{
	if (!no_pattern(reading, "Unit", word, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!unit_char(word[i])) {
			reject(reading, "Unit=%.*s: not the name of a unit", (int)len, word);
			return false;
		}
	if (len > UNIT_NAME_MAX || !(word_ends(word, len, ".service") || word_ends(word, len, ".scope"))) {
		reject(reading, "Unit=%.*s: must be the full name of a service or scope", (int)len, word);
		return false;
	}
	return true;
}

static bool dots(const char *name, size_t len)
{
	return len >= 1 && len <= 2 && name[0] == '.' && name[len - 1] == '.';
}

/* As /proc/PID/cgroup shows it, and not the root, which would name everybody. */
static bool cgroup_valid(struct reading *reading, const char *word, size_t len)
{
	bool good = word[0] == '/' && printable(word, len);

	if (!no_pattern(reading, "Cgroup", word, len))
		return false;
	for (size_t at = 0, next; good && at < len; at = next) {
		const char *slash = memchr(word + at + 1, '/', len - at - 1);

		next = slash ? (size_t)(slash - word) : len;
		good = next > at + 1 && !dots(word + at + 1, next - at - 1);
	}
	if (!good)
		reject(reading, "Cgroup=%.*s: must be a path such as /machine.slice/payments, below the root",
			 (int)len, word);
	return good;
}

static bool signer_valid(struct reading *reading, const char *word, size_t len)
{
	if (len <= SIGNER_MAX && printable(word, len))
		return true;
	reject(reading, "ImageSigner=%.*s: must be at most %d printable characters", (int)len, word,
		 SIGNER_MAX);
	return false;
}

static bool label_valid(struct reading *reading, const char *word, size_t len)
{
	if (len <= TEEGATE_LABEL_MAX && printable(word, len))
		return true;
	reject(reading, "Label=%.*s: not a label that can be pinned", (int)len, word);
	return false;
}

/* As the kernel knows them (<linux/teegate.h>): all of a label, or its beginning. */
static bool key_label_valid(struct reading *reading, const char *word, size_t len)
{
	const char *star = memchr(word, '*', len);

	if (printable(word, len) && len <= TEEGATE_KEY_LABEL_MAX && (!star || star == word + len - 1))
		return true;
	reject(reading, "KeyLabels=%.*s: must be printable, of at most %d characters, with no \"*\" but as the last",
		 (int)len, word, TEEGATE_KEY_LABEL_MAX);
	return false;
}

static void forget(struct texts *texts)
{
	while (texts->n > 0)
		free(texts->list[--texts->n]);
}

static void add_texts(struct reading *reading, const struct setting *setting, const char *value,
		      bool (*valid)(struct reading *reading, const char *word, size_t len))
{
	struct texts *texts = member(reading, setting);
	const char *word;
	size_t len;

	if (!*value)
		forget(texts);
	while ((word = next_word(&value, &len))) {
		if (!valid(reading, word, len))
			continue;
		if (texts->n == POLICY_LIST_MAX) {
			reject(reading, "more than %d entries in %s=", POLICY_LIST_MAX, setting->key);
			return;
		}
		texts->list[texts->n] = strndup(word, len);
		if (!texts->list[texts->n]) {
			reading->fatal = -ENOMEM;
			return;
		}
		texts->n++;
	}
}

static void set_units(struct reading *reading, const struct setting *setting, const char *value)
{
	add_texts(reading, setting, value, unit_valid);
}

static void set_cgroups(struct reading *reading, const struct setting *setting, const char *value)
{
	add_texts(reading, setting, value, cgroup_valid);
}

static void set_signers(struct reading *reading, const struct setting *setting, const char *value)
{
	add_texts(reading, setting, value, signer_valid);
}

static void set_labels(struct reading *reading, const struct setting *setting, const char *value)
{
	add_texts(reading, setting, value, label_valid);
}

static void set_key_labels(struct reading *reading, const struct setting *setting, const char *value)
{
	add_texts(reading, setting, value, key_label_valid);
}

static void set_digests(struct reading *reading, const struct setting *setting, const char *value)
{
	struct digests *digests = member(reading, setting);
	struct digest digest;
	const char *word;
	size_t len;

	if (!*value)
		digests->n = 0;
	while ((word = next_word(&value, &len))) {
		if (!digest_parse(word, len, &digest)) {
			reject(reading, "%s=%.*s: must be sha256:HEX, sha384:HEX or sha512:HEX in lower case",
				 setting->key, (int)len, word);
			continue;
		}
		if (digests->n == POLICY_LIST_MAX) {
			reject(reading, "more than %d entries in %s=", POLICY_LIST_MAX, setting->key);
			return;
		}
		digests->list[digests->n++] = digest;
	}
}

/* A decimal number of at most @max, all of @len bytes. */
static bool number(const char *text, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (len < 1 || len > 19)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

static void set_number(struct reading *reading, const struct setting *setting, const char *value)
{
	uint64_t n = setting->otherwise;

	if (*value && (!number(value, strlen(value), setting->max, &n) || n < setting->min))
		reject(reading, "%s=%s: must be %u to %u", setting->key, value, setting->min,
			 setting->max);
	else
		*(uint32_t *)member(reading, setting) = (uint32_t)n;
}

static void set_lifetime(struct reading *reading, const struct setting *setting, const char *value)
{
	uint64_t sec = setting->otherwise;

	if (*value && (!number(value, strlen(value), setting->max, &sec) || sec < setting->min))
		reject(reading, "LifetimeSec=%s: must be %u to %u", value, setting->min, setting->max);
	else
		reading->rule->lifetime_ms = sec * 1000;
}

/* 1: yes; 0: no; -1: the default; -EINVAL: rejected. */
static int read_bool(struct reading *reading, const struct setting *setting, const char *value)
{
	if (!strcmp(value, "yes"))
		return 1;
	if (!strcmp(value, "no"))
		return 0;
	if (!*value)
		return -1;
	reject(reading, "%s=%s: must be yes or no", setting->key, value);
	return -EINVAL;
}

static void set_bool(struct reading *reading, const struct setting *setting, const char *value)
{
	int b = read_bool(reading, setting, value);

	if (b != -EINVAL)
		*(bool *)member(reading, setting) = b > 0;
}

static void set_pin(struct reading *reading, const struct setting *setting, const char *value)
{
	int b = read_bool(reading, setting, value);

	if (b != -EINVAL)
		*(enum pin *)member(reading, setting) = b < 0 ? PIN_DEFAULT : b ? PIN_YES : PIN_NO;
}

static bool parse_range(const char *word, size_t len, struct uid_range *ret)
{
	const char *dash = memchr(word, '-', len);
	size_t first_len = dash ? (size_t)(dash - word) : len;
	uint64_t first, last;

	if (!number(word, first_len, UID_LAST, &first))
		return false;
	last = first;
	if (dash && !number(dash + 1, len - first_len - 1, UID_LAST, &last))
		return false;
	if (last < first)
		return false;
	*ret = (struct uid_range){ (uid_t)first, (uid_t)last };
	return true;
}

static void set_uids(struct reading *reading, const struct setting *setting, const char *value)
{
	struct rule *rule = reading->rule;
	struct uid_range range;
	const char *word;
	size_t len;

	(void)setting;
	if (!*value)
		rule->n_ranges = 0;
	while ((word = next_word(&value, &len))) {
		if (!parse_range(word, len, &range)) {
			reject(reading, "Uid=%.*s: must be N or FIRST-LAST, numbers of the initial user namespace",
				 (int)len, word);
			continue;
		}
		if (rule->n_ranges == POLICY_LIST_MAX) {
			reject(reading, "more than %d entries in Uid=", POLICY_LIST_MAX);
			return;
		}
		rule->ranges[rule->n_ranges++] = range;
	}
}

static void set_voucher(struct reading *reading, const struct setting *setting, const char *value)
{
	struct voucher *voucher = member(reading, setting);
	uint64_t uid;

	if (!*value || !strcmp(value, "root"))
		*voucher = (struct voucher){ .root = true };
	else if (!strncmp(value, "uid:", 4) && number(value + 4, strlen(value + 4), UID_LAST, &uid) && uid > 0)
		*voucher = (struct voucher){ .uid = (uid_t)uid };
	else
		reject(reading, "Voucher=%s: must be root, or uid:N with the number of another user", value);
}

static void set_operations(struct reading *reading, const struct setting *setting, const char *value)
{
	uint64_t *operations = member(reading, setting), bit;
	char names[128];
	const char *word;
	size_t len;

	if (!*value)
		*operations = 0;
	while ((word = next_word(&value, &len))) {
		bit = operation_by_name(word, len);
		if (!bit)
			reject(reading, "Operations=%.*s: there are only: %s", (int)len, word,
				 operation_names(UINT64_MAX, names, sizeof(names)));
		*operations |= bit;
	}
}

static void set_seal_scope(struct reading *reading, const struct setting *setting, const char *value)
{
	enum seal_scope *scope = member(reading, setting);

	if (!*value || !strcmp(value, "measurement"))
		*scope = SEAL_MEASUREMENT;
	else if (!strcmp(value, "image-id"))
		*scope = SEAL_IMAGE_ID;
	else if (!strcmp(value, "signer"))
		*scope = SEAL_SIGNER;
	else
		reject(reading, "SealScope=%s: must be measurement, image-id or signer", value);
}

static void set_sources(struct reading *reading, const struct setting *setting, const char *value)
{
	uint32_t *said = member(reading, setting), bit;
	char names[128];
	const char *word;
	size_t len;

	if (!*value)
		*said = 0;
	while ((word = next_word(&value, &len))) {
		bit = root_by_name(word, len);
		if (!bit)
			reject(reading, "RootSources=%.*s: there are only: %s", (int)len, word,
				 root_names(UINT32_MAX, names, sizeof(names)));
		*said |= bit;
	}
}

static void set_firmware_root(struct reading *reading, const struct setting *setting, const char *value)
{
	(void)setting;
	if (*value && strcmp(value, "measured-boot") && strcmp(value, "no"))
		reject(reading, "FirmwareRoot=%s: must be measured-boot, or no", value);
	else
		reading->rule->roots.measured = *value == 'm';
}

static void set_svn(struct reading *reading, const struct setting *setting, const char *value)
{
	uint64_t n = 0;

	(void)setting;
	if (*value && !number(value, strlen(value), UINT32_MAX, &n)) {
		reject(reading, "SnpSvnFloor=%s: must be a number of 32 bits", value);
		return;
	}
	reading->rule->roots.has_svn = *value;
	reading->rule->roots.svn_floor = (uint32_t)n;
}

/* @len digits in lower case, all of @text. */
static bool hex(const char *text, size_t len, uint8_t *ret)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != len || strspn(text, digits) != len)
		return false;
	for (size_t i = 0; i < len; i += 2)
		ret[i / 2] = (uint8_t)((strchr(digits, text[i]) - digits) << 4 |
				       (strchr(digits, text[i + 1]) - digits));
	return true;
}

/* As reports show it, with its components in bytes; so it is written in hex. */
static void set_tcb(struct reading *reading, const struct setting *setting, const char *value)
{
	uint8_t bytes[8] = { 0 };
	uint64_t floor = 0;

	(void)setting;
	if (*value && !(!strncmp(value, "0x", 2) && hex(value + 2, 16, bytes))) {
		reject(reading, "SnpTcbFloor=%s: must be 0x and 16 hex digits in lower case", value);
		return;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		floor = floor << 8 | bytes[i];
	reading->rule->roots.tcb_floor = floor;
}

static void set_se_secret(struct reading *reading, const struct setting *setting, const char *value)
{
	struct roots *roots = &reading->rule->roots;

	(void)setting;
	memset(roots->se_secret, 0, sizeof(roots->se_secret));
	roots->has_se_secret = *value;
	if (*value && !hex(value, 2 * sizeof(roots->se_secret), roots->se_secret))
		reject(reading, "SeSecretId=%s: must be 64 hex digits in lower case, as pvsecret shows them", value);
}

static void set_vmpl(struct reading *reading, const struct setting *setting, const char *value)
{
	uint64_t n = 0;

	(void)setting;
	if (*value && !number(value, strlen(value), 3, &n)) {
		reject(reading, "Vmpl=%s: must be 0 to 3", value);
		return;
	}
	reading->rule->has_vmpl = *value;
	reading->rule->vmpl = (uint8_t)n;
}

bool settings_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > POLICY_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!unit_char(name[i]) && !strchr("/+", name[i]))
			return false;
	return true;
}

static void set_name(struct reading *reading, const struct setting *setting, const char *value)
{
	(void)setting;
	if (!settings_name_valid(value))
		reject(reading, "Name=%s: must be 1 to %d of A-Z a-z 0-9 and : - _ . \\ @ / +", value,
			 POLICY_NAME_MAX);
	else
		snprintf(reading->rule->name, sizeof(reading->rule->name), "%s", value);
}

#define AT(member)		.offset = offsetof(struct rule, member)
#define BETWEEN(low, high, usual) .min = (low), .max = (high), .otherwise = (usual)

static const struct setting settings[] = {
	{ "Match", "Unit", set_units, AT(units) },
	{ "Match", "Cgroup", set_cgroups, AT(cgroups) },
	{ "Match", "Uid", set_uids, AT(ranges) },
	{ "Match", "ImageDigest", set_digests, AT(images) },
	{ "Match", "ImageSigner", set_signers, AT(signers) },
	{ "Match", "Voucher", set_voucher, AT(voucher) },
	{ "Match", "Label", set_labels, AT(labels) },
	{ "Match", "Executable", set_digests, AT(exes) },
	{ "Allow", "Operations", set_operations, AT(operations) },
	{ "Allow", "KeyLabels", set_key_labels, AT(key_labels) },
	{ "Allow", "SealScope", set_seal_scope, AT(seal_scope) },
	{ "Allow", "Vmpl", set_vmpl, AT(vmpl) },
	{ "Allow", "SgxEnclave", set_bool, AT(sgx_enclave) },
	{ "Allow", "SgxProvision", set_bool, AT(sgx_provision) },
	{ "Allow", "UnmodifiedPrograms", set_bool, AT(unmodified_programs) },
	{ "Allow", "TrustPrivileged", set_bool, AT(trust_privileged) },
	{ "Allow", "ExtendEvents", set_number, AT(extend_events),
	  BETWEEN(0, EXTEND_EVENTS_MAX, EXTEND_EVENTS_DEFAULT) },
	{ "Allow", "ExtendBytes", set_number, AT(extend_bytes),
	  BETWEEN(0, EXTEND_BYTES_MAX, EXTEND_BYTES_DEFAULT) },
	{ "Keys", "FirmwareRoot", set_firmware_root, AT(roots) },
	{ "Keys", "RootSources", set_sources, AT(roots.said) },
	{ "Keys", "SnpTcbFloor", set_tcb, AT(roots) },
	{ "Keys", "SnpSvnFloor", set_svn, AT(roots) },
	{ "Keys", "SeSecretId", set_se_secret, AT(roots) },
	{ "Pin", "Uid", set_pin, AT(pin_uid) },
	{ "Pin", "Label", set_pin, AT(pin_label) },
	{ "Pin", "Executable", set_pin, AT(pin_exe) },
	{ "Quota", "Connections", set_number, AT(quota.connections), BETWEEN(1, QUOTA_CONNECTIONS_MAX, 0) },
	{ "Quota", "Requests", set_number, AT(quota.requests), BETWEEN(1, QUOTA_REQUESTS_MAX, 0) },
	{ "Quota", "Leases", set_number, AT(quota.leases), BETWEEN(1, QUOTA_LEASES_MAX, 0) },
	{ "Quota", "RatePerMinute", set_number, AT(quota.rate_per_minute), BETWEEN(1, TEEGATE_RATE_MAX, 0) },
	{ "Quota", "RateBurst", set_number, AT(quota.rate_burst), BETWEEN(1, TEEGATE_RATE_MAX, 0) },
	{ "Quota", "Bytes", set_number, AT(quota.bytes), BETWEEN(1, QUOTA_BYTES_MAX, 0) },
	{ "Claims", "Name", set_name, AT(name) },
	{ "Lease", "LifetimeSec", set_lifetime, BETWEEN(1, LIFETIME_MAX_SEC, LIFETIME_DEFAULT_SEC) },
	{ "Lease", "MaxPending", set_number, AT(max_pending), BETWEEN(1, PENDING_MAX, 0) },
};

void settings_apply(struct reading *reading, const char *section, const char *key, const char *value)
{
	bool section_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(section, settings[i].section))
			continue;
		section_known = true;
		if (strcmp(key, settings[i].key))
			continue;
		settings[i].set(reading, &settings[i], value);
		return;
	}
	if (section_known)
		reject(reading, "[%s] has no %s=", section, key);
	else if (*section)
		reject(reading, "there is no section [%s]", section);
	else
		reject(reading, "%s= stands before the first section", key);
}

bool settings_section_known(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		size_t len = strlen(settings[i].section);

		if (!strncmp(line + 1, settings[i].section, len) && !strcmp(line + 1 + len, "]"))
			return true;
	}
	return false;
}

void settings_defaults(struct rule *rule)
{
	rule->voucher.root = true;
	rule->lifetime_ms = LIFETIME_DEFAULT_SEC * UINT64_C(1000);
	rule->extend_events = EXTEND_EVENTS_DEFAULT;
	rule->extend_bytes = EXTEND_BYTES_DEFAULT;
}
