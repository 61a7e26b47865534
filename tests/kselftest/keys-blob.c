// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed blobs: their layout, who opens them, and that whoever keeps them can do nothing with them
 * but give them back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "key-vectors.h"
#include "keys-kit.h"
#include "tee.h"

#define OWN	"\xa1\x01\x65owner"
#define OTHER	"\xa1\x01\x65other"

static struct blob blob, other_blob;
static uint8_t data[TEEGATE_SEAL_DATA_MAX + 1], room[TEEGATE_SEAL_DATA_MAX];

static void poison(void)
{
	memset(room, 0xa5, sizeof(room));
}

/* The first n bytes of it. */
static bool is_untouched_up_to(size_t n)
{
	return room[0] == 0xa5 && !memcmp(room, room + 1, n - 1);
}

static bool is_untouched(void)
{
	return is_untouched_up_to(sizeof(room));
}

/* What the kernel says of a blob that it does not open, having passed on nothing. */
static int refusal(int fd, const struct blob *b)
{
	uint32_t len = sizeof(room);
	int r;

	poison();
	r = unseal_try(fd, b, room, &len);
	EXPECT(r < 0 && is_untouched());
	EXPECT_EQ(len, sizeof(room));
	return r;
}

static struct lease owner(void)
{
	root_alone();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	return keys_lease(OWN, INSTALLED);
}

/* It opens, and these bytes come out. */
static void expect_opens(int fd, const struct blob *b, const void *want, uint32_t want_len)
{
	uint32_t len = sizeof(room);

	EXPECT_EQ(unseal_try(fd, b, room, &len), 0);
	EXPECT_EQ(len, want_len);
	EXPECT_MEM(room, want, want_len);
}

/* ---- what a blob is ---- */

static uint32_t number_at(const struct blob *b, unsigned int at, unsigned int size)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < size; i++)
		n = n << 8 | b->bytes[at + i];
	return n;
}

TEST(a_blob_is_laid_out_as_documented)
{
	const uint8_t params[TEEGATE_ROOT_PARAMS_SIZE] = {
		0, 1, (uint8_t)the_tee()->provider, TEEGATE_ROOT_TPM
	};
	uint8_t root[TEEGATE_ROOT_SIZE], id[TEEGATE_ROOT_ID_SIZE];
	struct lease l = owner();

	ASSERT_EQ(seal_try(l.fd, "disk", data, 100, &blob), 0);
	EXPECT_EQ(blob.len, TEEGATE_BLOB_OVERHEAD + 4 + 100);
	EXPECT_MEM(blob.bytes, "TEEGATE", 8);
	EXPECT_EQ(number_at(&blob, BLOB_VERSION, 2), 1);
	EXPECT_EQ(number_at(&blob, BLOB_HEAD_LEN, 2), BLOB_LABEL + 4);
	EXPECT_MEM(blob.bytes + BLOB_PARAMS, params, sizeof(params));
	root_number(THE_ROOT, root);
	formula_root_id(root, id);
	EXPECT_MEM(blob.bytes + BLOB_ROOT_ID, id, sizeof(id));
	EXPECT_EQ(number_at(&blob, BLOB_BITMAP, 4), SEALING_BITMAP);
	EXPECT_EQ(number_at(&blob, BLOB_LABEL_LEN, 2), 4);
	EXPECT_MEM(blob.bytes + BLOB_LABEL, "disk", 4);
	EXPECT(!memmem(blob.bytes, blob.len, data, 16));
	expect_opens(l.fd, &blob, data, 100);
}

TEST(what_was_sealed_comes_out_whatever_its_size)
{
	static const uint32_t sizes[] = { 0, 1, 15, 16, 17, 4096, TEEGATE_SEAL_DATA_MAX };
	struct lease l = owner();

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		ASSERT_EQ(seal_try(l.fd, "", data, sizes[i], &blob), 0);
		EXPECT_EQ(blob.len, TEEGATE_BLOB_OVERHEAD + sizes[i]);
		expect_opens(l.fd, &blob, data, sizes[i]);
	}
	EXPECT_EQ(seal_try(l.fd, "", data, TEEGATE_SEAL_DATA_MAX + 1, &blob), -EINVAL);
}

/* The salt is fresh, and so is the key, and all that it makes. */
TEST(the_same_data_sealed_twice_has_nothing_in_common)
{
	struct lease l = owner();
	const unsigned int text = BLOB_LABEL + 4;

	ASSERT_EQ(seal_try(l.fd, "disk", data, 64, &blob), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", data, 64, &other_blob), 0);
	EXPECT_MEM(other_blob.bytes, blob.bytes, BLOB_SALT);
	EXPECT(memcmp(other_blob.bytes + BLOB_SALT, blob.bytes + BLOB_SALT, 8));
	for (unsigned int i = 0; i < 64 + 16; i += 8)
		EXPECT(memcmp(other_blob.bytes + text + i, blob.bytes + text + i, 8));
	expect_opens(l.fd, &blob, data, 64);
	expect_opens(l.fd, &other_blob, data, 64);
}

static int install_root_of(const struct blob_vector *v)
{
	struct teegate_set_root wish = {
		.size = sizeof(wish),
		.root = (uintptr_t)v->root,
		.root_len = TEEGATE_ROOT_SIZE,
		.source = v->source,
	};
	int session = session_open(), r = tg(session, TEEGATE_SET_ROOT, &wish);

	close(session);
	return r;
}

/* Python's, from the formulas and with a cipher of OpenSSL. */
TEST(a_blob_that_another_implementation_made_opens)
{
	const struct blob_vector *v = &blob_vectors[the_tee()->provider];
	struct teegate_create_lease wish = keys_wish(OWN, INSTALLED);
	struct lease l;

	roots_none();
	ASSERT_EQ(install_root_of(v), 0);
	wish.sealing_claims = (uintptr_t)v->claims;
	wish.sealing_claims_len = v->claims_len;
	wish.sealing_bitmap = v->bitmap;
	l = lease_make(wish);
	memcpy(blob.bytes, v->blob, v->blob_len);
	blob.len = v->blob_len;
	expect_opens(l.fd, &blob, v->data, v->data_len);
	blob.bytes[blob.len - 1] ^= 1;
	EXPECT_EQ(refusal(l.fd, &blob), -EBADMSG);
}

/* ---- who opens it ---- */

TEST(a_neighbour_opens_nothing_and_the_owner_all_that_it_sealed)
{
	struct lease l = owner(), neighbour = keys_lease(OTHER, INSTALLED), again;

	ASSERT_EQ(seal_try(l.fd, "disk", data, 100, &blob), 0);
	EXPECT_EQ(refusal(neighbour.fd, &blob), -EBADMSG);
	ASSERT_EQ(seal_try(neighbour.fd, "disk", data, 100, &other_blob), 0);
	EXPECT_EQ(refusal(l.fd, &other_blob), -EBADMSG);
	expect_opens(neighbour.fd, &other_blob, data, 100);
	close(l.fd);
	again = keys_lease(OWN, INSTALLED);
	expect_opens(again.fd, &blob, data, 100);
}

TEST(who_may_not_have_the_label_does_not_open_it)
{
	static const char pattern[] = "disk";
	struct teegate_create_lease wish = keys_wish(OWN, INSTALLED);
	struct lease l = owner(), strict;

	wish.key_labels = (uintptr_t)pattern;
	wish.key_labels_len = sizeof(pattern);
	strict = lease_make(wish);
	ASSERT_EQ(seal_try(l.fd, "disk", data, 10, &blob), 0);
	expect_opens(strict.fd, &blob, data, 10);
	ASSERT_EQ(seal_try(l.fd, "home", data, 10, &blob), 0);
	EXPECT_EQ(refusal(strict.fd, &blob), -EPERM);
	EXPECT_EQ(seal_try(strict.fd, "home", data, 10, &other_blob), -EPERM);
	expect_opens(l.fd, &blob, data, 10);
}

TEST(without_the_right_nothing_is_sealed_or_opened)
{
	struct lease l = owner(), child;

	ASSERT_EQ(seal_try(l.fd, "disk", data, 10, &blob), 0);
	child = lease_narrow(l.fd, TEEGATE_OP_DERIVE_KEY);
	EXPECT_EQ(refusal(child.fd, &blob), -EPERM);
	EXPECT_EQ(seal_try(child.fd, "disk", data, 10, &other_blob), -EPERM);
	child = lease_narrow(l.fd, TEEGATE_OP_SEAL);
	expect_opens(child.fd, &blob, data, 10);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(refusal(l.fd, &blob), -ESTALE);
	EXPECT_EQ(refusal(child.fd, &blob), -ESTALE);
}

/* ---- blobs that were changed ---- */

/* What one changed bit of a byte comes to: what is plain in the header, or else one word. */
static int error_at(unsigned int at)
{
	if (at < BLOB_VERSION)
		return -EILSEQ;
	if (at < BLOB_HEAD_LEN)
		return -EPROTONOSUPPORT;
	if (at < BLOB_PARAMS)
		return -EMSGSIZE;
	if (at < BLOB_PARAMS + 2)
		return -EPROTONOSUPPORT;
	if (at < BLOB_PARAMS + 3)
		return -EXDEV;
	if (at < BLOB_ROOT_ID)
		return -EKEYREJECTED;
	if (at < BLOB_BITMAP)
		return -ENXIO;
	if (at >= BLOB_LABEL_LEN && at < BLOB_LABEL)
		return -EMSGSIZE;
	return -EBADMSG;
}

TEST(each_changed_byte_is_noticed)
{
	static const uint8_t bits[] = { 0x01, 0x80 };
	struct lease l = owner();

	ASSERT_EQ(seal_try(l.fd, "disk", data, 50, &blob), 0);
	for (unsigned int at = 0; at < blob.len; at++) {
		for (unsigned int i = 0; i < 2; i++) {
			blob.bytes[at] ^= bits[i];
			if (!EXPECT_EQ(refusal(l.fd, &blob), error_at(at)))
				tap_note("that was byte %u", at);
			blob.bytes[at] ^= bits[i];
		}
	}
	expect_opens(l.fd, &blob, data, 50);
}

/* There is no length of the data in the header: it is what is left, and the tag is over it. */
TEST(a_blob_that_is_shorter_or_longer_does_not_open)
{
	struct lease l = owner();
	uint32_t whole, least;

	ASSERT_EQ(seal_try(l.fd, "disk", data, 50, &blob), 0);
	whole = blob.len;
	least = BLOB_LABEL + 4 + 16;
	for (blob.len = 0; blob.len < whole; blob.len++)
		EXPECT_EQ(refusal(l.fd, &blob), blob.len < least ? -EMSGSIZE : -EBADMSG);
	blob.bytes[whole] = 0;
	blob.len = whole + 1;
	EXPECT_EQ(refusal(l.fd, &blob), -EBADMSG);
	blob.len = whole;
	expect_opens(l.fd, &blob, data, 50);
	ASSERT_EQ(seal_try(l.fd, "disk", data, TEEGATE_SEAL_DATA_MAX, &blob), 0);
	blob.len++;
	EXPECT_EQ(refusal(l.fd, &blob), -EMSGSIZE);
	blob.len--;
	expect_opens(l.fd, &blob, data, TEEGATE_SEAL_DATA_MAX);
}

/* Both halves are genuine. */
TEST(parts_of_two_blobs_do_not_make_a_third)
{
	struct lease l = owner();
	const unsigned int text = BLOB_LABEL + 4;

	ASSERT_EQ(seal_try(l.fd, "disk", data, 50, &blob), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", data + 50, 50, &other_blob), 0);
	expect_opens(l.fd, &blob, data, 50);
	memcpy(blob.bytes + text, other_blob.bytes + text, 50 + 16);
	EXPECT_EQ(refusal(l.fd, &blob), -EBADMSG);
	memcpy(blob.bytes + BLOB_SALT, other_blob.bytes + BLOB_SALT, SALT_SIZE);
	expect_opens(l.fd, &blob, data + 50, 50);
}

TEST(a_blob_of_another_root_says_so)
{
	struct lease l = owner();

	ASSERT_EQ(seal_try(l.fd, "disk", data, 50, &blob), 0);
	blob.bytes[BLOB_PARAMS + 3] = TEEGATE_ROOT_KEY_BROKER;	/* which the lease allows */
	EXPECT_EQ(refusal(l.fd, &blob), -ENODATA);
	blob.bytes[BLOB_PARAMS + 3] = TEEGATE_ROOT_TPM;
	memset(blob.bytes + BLOB_ROOT_ID, 0x77, TEEGATE_ROOT_ID_SIZE);
	EXPECT_EQ(refusal(l.fd, &blob), -ENXIO);
}

/* ---- room ---- */

TEST(too_little_room_is_ENOSPC_with_the_length_and_nothing_else)
{
	struct lease l = owner();
	struct teegate_seal wish = {
		.size = sizeof(wish),
		.label = (uintptr_t)"disk",
		.label_len = 4,
		.data = (uintptr_t)data,
		.data_len = 50,
		.blob = (uintptr_t)room,
		.blob_len = TEEGATE_BLOB_OVERHEAD + 4 + 50 - 1,
	};
	uint32_t len = 49;

	poison();
	EXPECT_EQ(tg(l.fd, TEEGATE_SEAL, &wish), -ENOSPC);
	EXPECT_EQ(wish.blob_len, TEEGATE_BLOB_OVERHEAD + 4 + 50);
	EXPECT(is_untouched());
	EXPECT_EQ(tg(l.fd, TEEGATE_SEAL, &wish), 0);
	memcpy(blob.bytes, room, wish.blob_len);
	blob.len = wish.blob_len;
	poison();
	EXPECT_EQ(unseal_try(l.fd, &blob, room, &len), -ENOSPC);
	EXPECT_EQ(len, 50);
	EXPECT(is_untouched());
	EXPECT_EQ(unseal_try(l.fd, &blob, room, &len), 0);
	EXPECT_MEM(room, data, 50);
}

/* ---- rubbish ---- */

#define FUZZED 10000
#define FUZZED_ROOM 1024	/* more than any of them could hold */

/* One to eight bytes changed, the end moved, or a stretch of it replaced. */
static void damage(struct blob *b)
{
	for (long n = 1 + random() % 8; n; n--) {
		switch (random() % 4) {
		case 0:
			b->bytes[random() % b->len] = (uint8_t)random();
			break;
		case 1:
			b->bytes[random() % b->len] ^= (uint8_t)(1 << random() % 8);
			break;
		case 2:
			b->len = 1 + (uint32_t)random() % (b->len + 40);
			break;
		default:
			b->bytes[random() % BLOB_LABEL] = (uint8_t)(random() % 8);
			break;
		}
	}
}

static bool is_documented(int r)
{
	static const int errors[] = { EILSEQ, EPROTONOSUPPORT, EMSGSIZE, EXDEV, EKEYREJECTED,
				      ENODATA, ENXIO, EBADMSG };

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (r == -errors[i])
			return true;
	return false;
}

/* Given poisoned room, which is left so. */
static int refusal_of_fuzzed(int fd)
{
	uint32_t len = FUZZED_ROOM;
	int r = unseal_try(fd, &blob, room, &len);

	EXPECT(r < 0);
	EXPECT(is_untouched_up_to(FUZZED_ROOM));
	EXPECT_EQ(len, FUZZED_ROOM);
	return r;
}

/*
 * What is not the blob does not open, for anybody. What a neighbour is told of it is what its owner
 * is told: from no blob can it learn what it would not learn from its own.
 */
TEST_LIMIT(fuzzed_blobs_are_refused_as_documented, 300)
{
	struct lease l = owner(), neighbour = keys_lease(OTHER, INSTALLED);
	unsigned int same = 0, bad = 0;
	static struct blob whole;

	srandom(20261127);
	ASSERT_EQ(seal_try(l.fd, "disk", data, 200, &whole), 0);
	poison();
	for (unsigned int i = 0; i < FUZZED && !tap_failed(); i++) {
		int r;

		memcpy(&blob, &whole, sizeof(uint32_t) + 512);
		damage(&blob);
		if (blob.len == whole.len && !memcmp(blob.bytes, whole.bytes, whole.len)) {
			same++;
			continue;
		}
		r = refusal_of_fuzzed(l.fd);
		bad += r == -EBADMSG;
		EXPECT(is_documented(r));
		EXPECT_EQ(refusal_of_fuzzed(neighbour.fd), r);
		if (tap_failed())
			tap_note("round %u: %d", i, r);
	}
	tap_note("%u of %u EBADMSG, %u unchanged", bad, FUZZED, same);
	EXPECT(bad > FUZZED / 100);
	EXPECT(same < FUZZED / 10);
	expect_opens(l.fd, &whole, data, 200);
	EXPECT_EQ(refusal(neighbour.fd, &whole), -EBADMSG);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
