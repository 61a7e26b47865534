/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of libtee-verify have in common: files, and questions about a verdict.
 */
#ifndef TEST_VERIFY_KIT_H
#define TEST_VERIFY_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tee-verify.h"

struct blob {
	uint8_t *data;
	size_t len;
};

/* Fails the test when the file is not there. */
struct blob read_blob(const char *path);
/* Below tests/vectors/. */
struct blob read_vector(const char *name);
/* The first, second... PEM certificate of @pem as DER. */
struct blob pem_to_der(struct blob pem, int index);
struct blob blob_from_hex(const char *hex);
/*
 * How far apart the bytes are that a test flips: 1, or what TEST_FLIP_STEP says where each
 * verification costs a second, as under an emulator.
 */
size_t flip_step(void);
void free_blob(struct blob *blob);
struct tee_bytes blob_bytes(struct blob blob);

/* -1 when there is no such check. */
int check_result(const tee_verdict *v, const char *name);
/* "" when there is none. */
const char *check_text(const tee_verdict *v, const char *name);
const char *fact(const tee_verdict *v, const char *name);
void assert_good(const tee_verdict *v);
/* Rejected, a failed check is named, and nothing that rests on the report counts as passed. */
void assert_rejected(const tee_verdict *v);
/* Rejected, and @name is the first failure. */
void assert_rejected_by(const tee_verdict *v, const char *name);
/*
 * @expected: "good" or the first check to fail, then "check=result" after commas. Complains and
 * returns false, so that one run shows all cases that are wrong.
 */
bool as_expected(const tee_verdict *v, const char *name, char *expected);
/* Cuts a line at its tabs; false unless there are exactly @count fields. */
bool split_fields(char *line, char **fields, size_t count);
void print_verdict(const tee_verdict *v);

#endif
