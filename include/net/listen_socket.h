/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets that own their port: on both loopback addresses or not at all (security CB-01, T-03). */
#ifndef NET_LISTEN_SOCKET_H
#define NET_LISTEN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

enum { LISTEN_SOCKET_MAXIMUM = 2 };
/* The sockets of one port. */
struct listen_socket {
    int fds[LISTEN_SOCKET_MAXIMUM];
    size_t count;
    int port;
    size_t index; /* which of the addresses; their count for the random fallback */
};
/* As in struct callback_server_settings. */
struct listen_request {
    const struct text_list *addresses;
    bool dual_stack, random_fallback;
};
/* Takes the first address that is free: SO_REUSEADDR so that TIME_WAIT does not count, never SO_REUSEPORT,
 * CLOEXEC and non-blocking. Errors: port (naming every address with its cause, and who holds it), config for
 * a malformed address. */
bool listen_socket_open(const struct listen_request *request, struct listen_socket *out, struct error *err)
    must_check;
/* Looks at how the addresses are written, without opening anything. Errors: config. */
bool listen_socket_check(const struct text_list *addresses, struct error *err) must_check;
/* Closes what is open; harmless twice. */
void listen_socket_release(struct listen_socket *sockets);

#endif
