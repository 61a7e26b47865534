/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MESSAGE_ID= of what teegated writes to the journal, for programs that read it, as sd-messages.h has
 * those of systemd. An ID never changes its meaning. doc/events.md says what each record holds.
 */
#ifndef TEEGATE_MESSAGES_H
#define TEEGATE_MESSAGES_H

/* teegated decided about a request. */
#define TEEGATE_MESSAGE_DECISION_STR		"5f0c8dd1a1744d0fb1d2f7c7b9a7e46b"
/* Decisions that were not written one by one, because there were too many. */
#define TEEGATE_MESSAGE_SUPPRESSED_STR		"5178fc201d33462aa6fcea21ede67f99"

/* What becomes of leases. */
#define TEEGATE_MESSAGE_LEASE_CREATED_STR	"37c726ab58c947e09ab145bac0eb080c"
#define TEEGATE_MESSAGE_LEASE_USED_STR		"9fc4cf1e915d4ef4b77a93c4deb54c90"
#define TEEGATE_MESSAGE_LEASE_REVOKED_STR	"0168e24ba1944203b831ca3ef827d4b8"
#define TEEGATE_MESSAGE_LEASE_EXPIRED_STR	"d37bd5962ed647629ca6310fe689fd9c"
#define TEEGATE_MESSAGE_LEASE_CLOSED_STR	"9e4ed20613494895bdf8af7020dcf75d"
/* One that was found again after teegated was restarted. */
#define TEEGATE_MESSAGE_LEASE_ADOPTED_STR	"5bd77a211a30472e8b73a696ae5b99ac"
/* The kernel refused somebody who used a lease. */
#define TEEGATE_MESSAGE_DENIED_STR		"7b09472d33034daa896fce9a3cd5593e"

/* The TEE and the host. */
#define TEEGATE_MESSAGE_BACKEND_STR		"376b880338994dac9e93093a169d0c05"
#define TEEGATE_MESSAGE_THROTTLED_STR		"ed1b20274d5c4b5abd89f6482ee42a5e"
#define TEEGATE_MESSAGE_KEY_WIPED_STR		"e85eb8ed383b4eb690735be3a902dcac"
#define TEEGATE_MESSAGE_QUARANTINED_STR		"ce9685309ff3404c9d987e0a1abe432c"
#define TEEGATE_MESSAGE_RECOVERED_STR		"14382f4bec624d1a99cd1e94b9866404"

/* The kernel module, devices, and what teegated knows of them. */
#define TEEGATE_MESSAGE_MODULE_UP_STR		"dd3ca567831f4589915d7a7a89abb144"
#define TEEGATE_MESSAGE_MODULE_DOWN_STR		"ccd110e739a84214a81bd2b11ac2bb2e"
#define TEEGATE_MESSAGE_EVENTS_LOST_STR		"991c390446094ebb8901f6a632b2e6e1"
#define TEEGATE_MESSAGE_DEVICE_ADDED_STR	"3c4f54604edb4bd8be83cf7cfd910b91"
#define TEEGATE_MESSAGE_DEVICE_REMOVED_STR	"2c5265e0ad4a4216b9077de423246fba"

/* Policy, and the end of what a container runtime had said. */
#define TEEGATE_MESSAGE_POLICY_LOADED_STR	"c5b0f3b4d9204229b0f574ee305bcc51"
#define TEEGATE_MESSAGE_POLICY_REFUSED_STR	"b47c9d9a69bf4b7fa2d7121066b5d87b"
#define TEEGATE_MESSAGE_UNREGISTERED_STR	"8669a5fee4bf4c50b6ef36a0a6dce855"

#endif
