// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module that does not compute the answers it knows does not load. Shown with copies of the
 * module's own file in which one bit is another: in an answer that it knows, or in a constant that
 * it computes with.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kit.h"
#include "modules.h"

/* The answers as the module has them, to find where they are in its file. */
typedef uint8_t u8;
typedef uint32_t u32;

#include "../../kmod/binding-vectors.h"
#include "../../kmod/keys/gcm-vectors.h"
#include "../../kmod/keys/key-vectors.h"

#define LAST(array) (&(array)[sizeof(array) / sizeof((array)[0]) - 1])
#define GCM_TAG_SIZE 16

struct module_file {
	uint8_t *bytes;
	size_t len;
};

static struct module_file module_read(void)
{
	int fd = open(module_path(OUR_MODULE), O_RDONLY | O_CLOEXEC);
	struct module_file m;
	struct stat st;

	ASSERT(fd >= 0 && !fstat(fd, &st));
	m.len = (size_t)st.st_size;
	m.bytes = malloc(m.len);
	ASSERT(m.bytes);
	ASSERT_EQ(read(fd, m.bytes, m.len), m.len);
	close(fd);
	ASSERT(!memcmp(m.bytes, "\177ELF", 4));
	return m;
}

/* Where these bytes are, which are nowhere else in it. */
static uint8_t *only_place(const struct module_file *m, const void *what, size_t n)
{
	uint8_t *at = memmem(m->bytes, m->len, what, n);

	ASSERT(at);
	ASSERT(!memmem(at + 1, m->len - (size_t)(at + 1 - m->bytes), what, n));
	return at;
}

static int load(const struct module_file *m)
{
	return syscall(SYS_init_module, m->bytes, m->len, "") ? -errno : 0;
}

/* With the last bit of that turned it is refused, and says which self-test; as it was, it loads. */
static void expect_to_matter(const void *what, size_t n, const char *says)
{
	static const char mark[] = "teegate-test: one bit is another";
	struct module_file m = module_read();
	uint8_t *last = only_place(&m, what, n) + n - 1;

	if (module_loaded(OUR_MODULE))
		module_unload(OUR_MODULE);
	*last ^= 1;
	klog_mark(mark);
	EXPECT_EQ(load(&m), -EBADMSG);
	EXPECT(klog_says(mark, says));
	EXPECT(access(TEEGATE_DEVICE, F_OK));
	if (module_loaded(OUR_MODULE))
		module_unload(OUR_MODULE);
	*last ^= 1;
	EXPECT_EQ(load(&m), 0);
	EXPECT(!access(TEEGATE_DEVICE, F_OK));
	module_unload(OUR_MODULE);
	free(m.bytes);
	module_load(OUR_MODULE);
	WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
}

TEST(a_wrong_answer_of_the_binding_stops_the_load)
{
	expect_to_matter(LAST(tg_binding_vectors)->report_data, REPORT_DATA_SIZE,
			 "self-test of the binding failed");
}

TEST(a_wrong_answer_of_AES_GCM_stops_the_load)
{
	const struct tg_gcm_vector *v = LAST(tg_gcm_vectors);

	expect_to_matter(v->sealed, v->text_len + GCM_TAG_SIZE, "self-test of AES-GCM failed");
}

static const char of_keys[] = "self-test of the derivation of keys failed";

TEST(a_wrong_answer_of_the_derivation_stops_the_load)
{
	const struct tg_key_vector *v = LAST(tg_key_vectors);

	expect_to_matter(v->key, v->key_len, of_keys);
	expect_to_matter(v->root_id, TEEGATE_ROOT_ID_SIZE, of_keys);
}

/* Not the answer is wrong here, but the module. */
TEST(a_derivation_by_another_formula_stops_the_load)
{
	expect_to_matter("teegate/key/v1", 14, of_keys);
	expect_to_matter("teegate/root-id/v1", 18, of_keys);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
