// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables that introspection answers from say what the .varlink files say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "idl.h"
#include "util.h"

static char *read_file(const char *name)
{
	CLEANUP(fclosep) FILE *file = NULL;
	char path[4096], *text = calloc(1, 65536);
	size_t len;

	snprintf(path, sizeof(path), "%s/../../daemon/%s.varlink", getenv("TEST_SOURCE_DIR"), name);
	file = fopen(path, "re");
	assert_non_null(text);
	assert_non_null(file);
	len = fread(text, 1, 65535, file);
	assert_in_range(len, 1000, 65534);
	return text;
}

static void assert_same(const char *name, const sd_varlink_interface *interface_tables)
{
	CLEANUP(freep) char *file = read_file(name);
	CLEANUP(freep) char *tables = NULL;
	const char *interface;

	/* Only the licence line stands above what the tables can say. */
	interface = strstr(file, "\n\n");
	assert_non_null(interface);
	assert_int_equal(sd_varlink_idl_format(interface_tables, &tables), 0);
	assert_string_equal(tables, interface + 2);
}

static void the_file_and_the_tables_are_one_interface(void **state)
{
	(void)state;
	assert_same(BROKER_INTERFACE, &vl_interface_io_teegate_Broker);
}

static void so_they_are_of_the_registrar(void **state)
{
	(void)state;
	assert_same(REGISTRAR_INTERFACE, &vl_interface_io_teegate_Registrar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_and_the_tables_are_one_interface),
		cmocka_unit_test(so_they_are_of_the_registrar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
