// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is secret is nowhere in the memory of the guest once nobody needs it: roots, what is
 * extracted from them, keys, and data that was sealed. The host searches all of it, free memory and
 * the kernel's log too (tests/guest/search-memory). It makes what it looks for by itself, from the
 * formulas, so what is found there is the kernel's or ours. While something is in use it has to be
 * found, or a search that finds nothing says nothing.
 *
 * A process that ends does not clear its memory, and neither does the kernel for it. So what these
 * cases had of keys they clear themselves.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/keyctl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"
#include "tee.h"

/* root_number() of these; no other case has the same. */
#define ACTIVE	201
#define OLD	202
#define DATA	203
/* Nor the same label: keys of programs that ran before and ended may still be in their memory. */
#define LABEL(name)	"searched-" name

/* ---- the host ---- */

static int host = -1;
static char answer[4096];

/* The port of that name; -1 if this guest has none. */
static int open_port(const char *name)
{
	char path[64] = "";
	int fd = -1;
	glob_t g;

	if (glob("/sys/class/virtio-ports/*/name", 0, NULL, &g))
		return -1;
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char is[32] = "";
		FILE *f = fopen(g.gl_pathv[i], "re");

		if (f && fscanf(f, "%31s", is) == 1 && !strcmp(is, name) &&
		    sscanf(g.gl_pathv[i], "/sys/class/virtio-ports/%31[^/]", is) == 1)
			snprintf(path, sizeof(path), "/dev/%s", is);
		if (f)
			fclose(f);
	}
	globfree(&g);
	if (path[0])
		fd = open(path, O_RDWR | O_CLOEXEC);
	return fd;
}

static void __attribute__((format(printf, 1, 2))) ask(const char *format, ...)
{
	size_t n = 0;
	va_list args;

	va_start(args, format);
	ASSERT(vdprintf(host, format, args) > 0);
	va_end(args);
	ASSERT_EQ(write(host, "\n", 1), 1);
	do {
		ASSERT(n + 1 < sizeof(answer));
		ASSERT_EQ(read(host, answer + n, 1), 1);
	} while (answer[n++] != '\n');
	answer[n - 1] = 0;
	if (!EXPECT(strncmp(answer, "error", 5)))
		tap_note("the host says: %s", answer);
}

static const char *hex(const void *bytes, size_t n)
{
	static char text[4][1024];
	static unsigned int turn;
	char *to = text[turn++ % 4], *at = to;

	ASSERT(2 * n < sizeof(text[0]));
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%02x", ((const uint8_t *)bytes)[i]);
	return n ? to : "-";
}

static const char *hex_text(const char *text)
{
	return hex(text, strlen(text));
}

/* ---- secrets ---- */

/* Who has it after the calls. */
enum holder { NOBODY, MODULE, KEYRING, CALLER, LOG };

static const struct secret {
	const char *name;
	enum holder holder;
} secrets[] = {
	{ "chip", MODULE }, { "chip-prk", NOBODY },
	{ "active", MODULE }, { "active-prk", NOBODY },
	{ "old", MODULE }, { "old-prk", NOBODY },
	{ "caller", CALLER }, { "caller-installed", CALLER },
	{ "logon", KEYRING }, { "fscrypt", KEYRING },
	{ "blob", NOBODY }, { "blob-installed", NOBODY }, { "data", CALLER },
	{ "refused", NOBODY },
	{ "name", LOG },
};

#define N_SECRETS (sizeof(secrets) / sizeof(secrets[0]))
#define BIT_OF(holder) (1U << (holder))

/* Counts of one search, in the order of the table; -1 for what the host does not know. */
struct found {
	long raw[N_SECRETS], text[N_SECRETS];
};

static struct found search(void)
{
	struct found f;
	char *at;

	memset(&f, 0xff, sizeof(f));
	ask("search");
	for (char *word = strtok_r(answer, " ", &at); word; word = strtok_r(NULL, " ", &at)) {
		size_t i = 0;

		while (i < N_SECRETS && strcmp(secrets[i].name, word))
			i++;
		ASSERT(i < N_SECRETS);
		f.raw[i] = atol(strtok_r(NULL, " ", &at));
		f.text[i] = atol(strtok_r(NULL, " ", &at));
	}
	return f;
}

static bool is_held(const struct secret *s, unsigned int holders)
{
	return BIT_OF(s->holder) & (holders | BIT_OF(LOG));
}

/* What these hold is found, and nothing else; as text nothing but what was put into the log. */
static void expect_found(unsigned int holders)
{
	const struct found f = search();

	for (size_t i = 0; i < N_SECRETS; i++) {
		const struct secret *s = &secrets[i];
		bool good;

		if (f.raw[i] < 0 && s->holder != LOG)
			continue;	/* not used so far */
		if (s->holder == LOG)
			good = EXPECT(f.text[i] > 0);
		else if (is_held(s, holders))
			good = EXPECT(f.raw[i] > 0) & EXPECT_EQ(f.text[i], 0);
		else
			good = EXPECT_EQ(f.raw[i], 0) & EXPECT_EQ(f.text[i], 0);
		if (!good)
			tap_note("that was %s", s->name);
	}
}

/* ---- use ---- */

static struct derived key, key_installed, ring;
static struct blob blob;
static uint8_t data[TEEGATE_ROOT_SIZE], opened[TEEGATE_ROOT_SIZE];

static void tell_root(const char *name, const char *made_of)
{
	ask("%s", made_of);
	ask("prk %s-prk %s", name, name);
}

static void tell_key(const char *name, const char *root, int purpose, const struct derived *k,
		     const char *label)
{
	ask("key %s %s %d %u %s %s %s %s", name, root, purpose, k->d.key_len,
	    hex_text(SEALING_CLAIMS), hex_text(label), hex(k->d.root_params, sizeof(k->d.root_params)),
	    hex((uint8_t[SALT_SIZE]) { 0 }, SALT_SIZE));
}

/* What stands in the log in each of the ways in which a kernel prints bytes, and is no secret. */
static void log_name(const uint8_t id[TEEGATE_ROOT_ID_SIZE])
{
	char text[256] = "<6>teegate-lab: a name:", *at = text + strlen(text);

	for (size_t i = 0; i < TEEGATE_ROOT_ID_SIZE; i++)
		at += sprintf(at, " %02x", id[i]);
	ASSERT_EQ(write_text("/dev/kmsg", text), 0);
	ask("bytes name %s", hex(id, TEEGATE_ROOT_ID_SIZE));
}

static void use_roots(void)
{
	char made_of[512];

	ASSERT_EQ(root_install(ACTIVE, TEEGATE_ROOT_TPM, 0, NULL), 0);
	ASSERT_EQ(root_install(OLD, TEEGATE_ROOT_TPM, TEEGATE_ROOT_UNSEAL_ONLY, NULL), 0);
	snprintf(made_of, sizeof(made_of), "number active %d", ACTIVE);
	tell_root("active", made_of);
	snprintf(made_of, sizeof(made_of), "number old %d", OLD);
	tell_root("old", made_of);
}

static void use_keys(int chip, int installed)
{
	char made_of[512];

	ASSERT_EQ(derive_try(chip, LABEL("disk"), 32, &key), 0);
	snprintf(made_of, sizeof(made_of), "chip chip %s",
		 hex(key.d.root_params, sizeof(key.d.root_params)));
	tell_root("chip", made_of);
	tell_key("caller", "chip", 1, &key, LABEL("disk"));
	ASSERT_EQ(derive_try(installed, LABEL("long"), 64, &key_installed), 0);
	tell_key("caller-installed", "active", 1, &key_installed, LABEL("long"));
	log_name(key.d.root_id);
}

static void put_into_keyring(int fd, uint32_t target, const char *description)
{
	derive_wish(&ring, description, 32);
	ring.d.key = 0;
	ring.d.target = target;
	ring.d.description = (uintptr_t)description;
	ring.d.description_len = (uint32_t)strlen(description);
	ring.d.keyring = KEY_SPEC_SESSION_KEYRING;
	ASSERT_EQ(tg(fd, TEEGATE_DERIVE_KEY, &ring.d), 0);
}

static void use_keyring(int chip, int installed)
{
	ASSERT(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) > 0);
	put_into_keyring(installed, TEEGATE_KEY_TO_LOGON, LABEL("logon"));
	tell_key("logon", "active", 3, &ring, LABEL("logon"));
	put_into_keyring(chip, TEEGATE_KEY_TO_FSCRYPT, LABEL("fscrypt"));
	tell_key("fscrypt", "chip", 4, &ring, LABEL("fscrypt"));
}

/* What is in memory only as long as the call lasts is shown to be the right thing by its blob. */
static void use_blob(int fd, const char *name, const char *root)
{
	uint32_t len = sizeof(opened);

	root_number(DATA, data);
	ASSERT_EQ(seal_try(fd, "secret", data, sizeof(data), &blob), 0);
	ASSERT_EQ(unseal_try(fd, &blob, opened, &len), 0);
	EXPECT_MEM(opened, data, sizeof(data));
	ask("key %s %s 2 32 %s %s %s %s", name, root, hex_text(SEALING_CLAIMS), hex_text("secret"),
	    hex(blob.bytes + BLOB_PARAMS, TEEGATE_ROOT_PARAMS_SIZE),
	    hex(blob.bytes + BLOB_SALT, SALT_SIZE));
	ask("opens %s %s", name, hex(blob.bytes, blob.len));
	EXPECT(!strcmp(answer, "1"));
}

static void use_everything(int chip, int installed)
{
	use_roots();
	use_keys(chip, installed);
	use_keyring(chip, installed);
	ask("number data %d", DATA);
	use_blob(chip, "blob", "chip");
	use_blob(installed, "blob-installed", "active");
}

static void clear_own(void)
{
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(&key_installed, sizeof(key_installed));
	explicit_bzero(&ring, sizeof(ring));
	explicit_bzero(data, sizeof(data));
	explicit_bzero(opened, sizeof(opened));
}

/* How many keys of the kernel root has. */
static unsigned int keys_of_root(void)
{
	unsigned int uid, usage, n = 0;
	FILE *f = fopen("/proc/key-users", "re");

	ASSERT(f);
	while (fscanf(f, "%u: %u %u/%*[^\n]", &uid, &usage, &n) == 3 && uid)
		;
	fclose(f);
	return n;
}

/* In a process that ends. Its keyrings are freed by a worker of the kernel, in its own time. */
static void in_passing(void (*fn)(void *))
{
	const unsigned int before = keys_of_root();

	in_child(fn, NULL);
	WAIT_UNTIL(keys_of_root() <= before);
}

static void begin(void)
{
	host = open_port("search");
	if (host < 0)
		SKIP("no host that searches memory");
	everything_anew();
}

/* ---- cases ---- */

static void use_and_be_searched(void *unused)
{
	struct lease chip = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct lease installed = keys_lease(SEALING_CLAIMS, SOURCE(TPM));

	(void)unused;
	use_everything(chip.fd, installed.fd);
	expect_found(BIT_OF(MODULE) | BIT_OF(KEYRING) | BIT_OF(CALLER));
	clear_own();
}

TEST_LIMIT(of_roots_and_keys_nothing_is_left_when_callers_and_modules_have_gone, 300)
{
	begin();
	in_passing(use_and_be_searched);
	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_unload(the_tee()->firmware);
	expect_found(0);
	everything_anew();
}

static void use_and_go(void *unused)
{
	struct lease chip = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct lease installed = keys_lease(SEALING_CLAIMS, SOURCE(TPM));

	(void)unused;
	use_everything(chip.fd, installed.fd);
	clear_own();
}

TEST_LIMIT(wiped_roots_are_nowhere_and_the_module_stays, 300)
{
	begin();
	in_passing(use_and_go);
	expect_found(BIT_OF(MODULE));
	ASSERT_EQ(roots_wipe(TEEGATE_WIPE_INSTALLED), 0);
	expect_found(0);
	module_anew();	/* no other root could be installed */
}

/* Each call gets as far as it can, and then fails. */
static void fail_late(int fd)
{
	struct blob spoilt;
	uint32_t len = sizeof(opened);
	struct teegate_unseal u;

	derive_wish(&ring, "refused", 32);
	ring.d.key = 1;
	EXPECT_EQ(tg(fd, TEEGATE_DERIVE_KEY, &ring.d), -EFAULT);
	memcpy(ring.d.root_params, key.d.root_params, sizeof(ring.d.root_params));
	tell_key("refused", "chip", 1, &ring, "refused");
	root_number(DATA, data);
	ASSERT_EQ(seal_try(fd, "secret", data, sizeof(data), &blob), 0);
	spoilt = blob;
	spoilt.bytes[spoilt.len - 1] ^= 1;
	EXPECT_EQ(unseal_try(fd, &spoilt, opened, &len), -EBADMSG);
	u = (struct teegate_unseal) {
		.size = sizeof(u), .blob = (uintptr_t)blob.bytes, .blob_len = blob.len,
		.data = 1, .data_len = sizeof(opened),
	};
	EXPECT_EQ(tg(fd, TEEGATE_UNSEAL, &u), -EFAULT);
}

struct victim {
	int lease;
	struct gate begin;
};

static void be_killed(void *victim)
{
	const struct victim *v = victim;

	gate_wait(v->begin);
	derive_try(v->lease, "held", 32, &ring);
}

/*
 * Whoever asked is gone when firmware gives the root. A module that was told to forget its roots asks
 * for a report first.
 */
static void die_early(pid_t pid, struct gate begin)
{
	const uint64_t reports = fw_stat("reports"), keys = fw_stat("keys");

	ASSERT_EQ(roots_wipe(0), 0);
	fw_hold();
	fw_hold_after(1);
	gate_open(begin);
	fw_wait_held();
	EXPECT_EQ(fw_stat("reports"), reports + 1);
	EXPECT_EQ(fw_stat("keys"), keys);
	EXPECT(WIFSIGNALED(child_kill(pid)));
	fw_release();
	WAIT_UNTIL(fw_stat("keys") == keys + 1);
	WAIT_UNTIL(info_now().queued == 0);
}

/* The victim is made first: it has a copy of all that its parent has. */
static void fail_and_go(void *unused)
{
	struct lease chip = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct lease installed = keys_lease(SEALING_CLAIMS, SOURCE(TPM));
	struct victim victim = { chip.fd, gate_make() };
	const pid_t pid = child_start(be_killed, &victim);

	(void)unused;
	use_roots();
	use_keys(chip.fd, installed.fd);
	ask("number data %d", DATA);
	fail_late(chip.fd);
	expect_found(BIT_OF(MODULE) | BIT_OF(CALLER));
	die_early(pid, victim.begin);
	clear_own();
}

TEST_LIMIT(calls_that_fail_and_callers_that_are_killed_leave_nothing, 300)
{
	begin();
	in_passing(fail_and_go);
	ASSERT_EQ(roots_wipe(TEEGATE_WIPE_INSTALLED), 0);
	expect_found(0);
	module_anew();	/* no other root could be installed */
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
