// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any JSON that a container runtime, or who wrote a bundle, gives the hook. The first
 * byte chooses which: s state, c config.json, l the list of containers, i that of images, p config.json that
 * is to have a listener.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "listener.h"
#include "oci.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

/* Nothing is asked for that does not stand there, but for what JSON spells with escapes. */
static void try_state(const char *text)
{
	struct oci_state state;

	if (oci_parse_state(text, &state) < 0)
		return;
	MUST(state.id && *state.id && state.bundle && state.bundle[0] == '/' && state.pid >= 0);
	MUST(state.wish == OCI_UNSAID || has(text, "teegate") || has(text, "\\"));
	oci_state_done(&state);
}

static void try_config(const char *text)
{
	struct oci_config config;

	if (oci_parse_config(text, &config) < 0)
		return;
	MUST(config.wish == OCI_UNSAID || has(text, "teegate") || has(text, "\\"));
	MUST(!config.broker_at || has(text, "broker.sock") || has(text, "\\"));
	oci_config_done(&config);
}

static void try_lists(const char *text, bool containers)
{
	char *id = NULL, *name = NULL;
	int r;

	r = containers ? oci_find_container(text, "c1", &id, &name) : oci_find_image(text, "c1", &id);
	MUST(r <= 1 && (r == 1) == (id != NULL) && (id || !name));
	free(id);
	free(name);
}

/* What comes of it has the listener, and nothing is left to add. */
static void try_listener(const char *text)
{
	char *once = NULL, *twice = NULL;

	if (listener_add(text, &once) < 0)
		return;
	MUST(once && has(once, LISTENER_SOCKET));
	MUST(listener_add(once, &twice) == 0 && !strcmp(once, twice));
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len < 1)
		return 0;
	text = strndup((const char *)data + 1, len - 1);
	MUST(text);
	if (data[0] == 's')
		try_state(text);
	else if (data[0] == 'p')
		try_listener(text);
	else if (data[0] == 'c')
		try_config(text);
	else
		try_lists(text, data[0] == 'l');
	free(text);
	return 0;
}
