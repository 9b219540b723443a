/* SPDX-License-Identifier: Apache-2.0 */
/* The listener that the browser comes back to: own sockets, libmicrohttpd for HTTP, no protocol knowledge. */
#ifndef NET_CALLBACK_SERVER_H
#define NET_CALLBACK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "net/loop.h"

/* What to answer. BODY is borrowed and copied; HTML. The security headers (CB-12) are added to every answer. */
struct callback_answer {
    unsigned status;      /* 200, 302, 303, 400, 404, 405, 500 */
    const char *body;     /* NULL for none */
    const char *location; /* of a redirect; NULL for none */
    bool wait;            /* hold the connection; callback_server_release answers it later (at most 8 at once) */
};
/* A request that passed the server's own checks: GET (else 405 without asking), exactly one Host header that is one of ours
 * (else 421), target at most 8 KiB without control bytes. TARGET is the raw request target. */
typedef struct callback_answer callback_handler(void *context, const char *target, size_t length);

struct callback_server_settings {
    const struct text_list *addresses; /* tried in order: "127.0.0.1:8000"; a port of 0 is random */
    bool dual_stack;          /* default addresses: bind 127.0.0.1 and ::1 on the same port; a port counts as taken by
                                 EADDRINUSE on either, a missing family does not (CB-01, design 1) */
    bool random_fallback;     /* default addresses: a random port last */
    const char *certificate, *key; /* PEM text for https; NULL for http */
    const char *extra_host;   /* host[:port] of --oidc-redirect-url, accepted in Host as well; NULL */
    callback_handler *handler;
    void *context;
};
struct callback_server;
/* Binds; code port, naming every address with its cause. *PORT is the bound port; *INDEX is the place in ADDRESSES, or its
 * count for the random fallback. */
bool callback_server_open(struct loop *loop, const struct callback_server_settings *settings,
                          struct callback_server **out, int *port, size_t *index, struct error *err) must_check;
/* Answers every waiting request with ANSWER, and all that come later to the same target. */
void callback_server_release(struct callback_server *server, const struct callback_answer *answer);
/* Runs the loop until all waiting answers are flushed or MILLISECONDS passed. */
void callback_server_drain(struct callback_server *server, int milliseconds);
/* True while at least one request waits for callback_server_release, or was answered by it. */
bool callback_server_has_waiter(const struct callback_server *server);
void callback_server_close(struct callback_server *server);
void callback_server_cleanup(struct callback_server **server);
#define cleanup_callback_server __attribute__((cleanup(callback_server_cleanup)))
/* "pid 123 (firefox)" of whoever listens on the TCP port, from /proc; NULL when unknown. Owned by the caller. */
char *callback_server_port_holder(int port) must_check;
/* Binds libmicrohttpd and gives its version text, borrowed. */
bool callback_server_library_version(const char **version, struct error *err) must_check;

#endif
