// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bare service of sd-varlink, to compare with: echo SOCKET. It answers with what it was sent, and
 * knows nothing of anybody.
 */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <systemd/sd-varlink.h>
#include <systemd/sd-varlink-idl.h>

static SD_VARLINK_DEFINE_METHOD(Echo,
	SD_VARLINK_DEFINE_INPUT(text, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_OUTPUT(text, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_INTERFACE(io_teegate_Bench, "io.teegate.Bench", &vl_method_Echo);

static int on_echo(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		   void *userdata)
{
	(void)flags;
	(void)userdata;
	return sd_varlink_replybo(link, SD_JSON_BUILD_PAIR_VARIANT("text",
				  sd_json_variant_by_key(parameters, "text")));
}

int main(int argc, char **argv)
{
	sd_varlink_server *server;
	sd_event *event;
	int r;

	if (argc != 2)
		return 64;
	r = sd_event_default(&event);
	if (r >= 0)
		r = sd_varlink_server_new(&server, 0);
	if (r >= 0)
		r = sd_varlink_server_add_interface(server, &vl_interface_io_teegate_Bench);
	if (r >= 0)
		r = sd_varlink_server_bind_method(server, "io.teegate.Bench.Echo", on_echo);
	if (r >= 0)
		r = sd_varlink_server_listen_address(server, argv[1], 0666);
	if (r >= 0)
		r = sd_varlink_server_attach_event(server, event, 0);
	if (r >= 0)
		r = sd_event_loop(event);
	if (r < 0)
		fprintf(stderr, "echo: %s\n", strerror(-r));
	return r < 0;
}
