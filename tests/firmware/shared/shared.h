/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the software firmwares of all vendors have in common. Each module compiles its own copy of
 * the .c files beside this (by #include), so none depends on the other.
 *
 *	symbols.c	the kernel's unexported and read-only variables
 *	faults.c	arming of faults, in debugfs
 *	sha384.c	SHA-384 for a caller that has interrupts off
 */
#ifndef SOFTFW_SHARED_H
#define SOFTFW_SHARED_H

#include <linux/types.h>

#define SOFTFW_HASH_LEN		48

/* symbols.c */
int softfw_symbols_init(void);
void *softfw_symbol(const char *name);
int softfw_overwrite(void *addr, const void *value, size_t size);
bool softfw_cpuid_says_tdx(void);

/* sha384.c */
int softfw_sha384_init(void);
void softfw_sha384_exit(void);
void softfw_sha384(const void *data, size_t len, u8 out[SOFTFW_HASH_LEN]);

/* faults.c; the table is the module's */
struct softfw_fault_entry {
	const char *name;
	u64 default_arg;
	u64 arg;
	unsigned int skip;
	unsigned int count;
	unsigned long hits;
};

extern struct softfw_fault_entry softfw_faults[];
extern const size_t softfw_nfaults;

struct dentry;
struct dentry *softfw_faults_init(void (*release)(void));
void softfw_faults_exit(void);
bool softfw_fault(unsigned int which, u64 *ret_arg);

#endif
