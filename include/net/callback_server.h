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

/* What to answer. BODY is borrowed and copied; HTML. The security headers (CB-12) are added to every
 * answer. */
struct callback_answer {
    unsigned status;      /* 200, 302, 303, 400, 404, 405, 500; 0 means 500 */
    const char *body;     /* NULL for none */
    const char *location; /* of a redirect; NULL for none */
    bool wait;            /* hold it until callback_server_release; at most 8 at once, 503 beyond */
};
/* A request that passed the server's own checks: GET (else 405 without asking), exactly one Host header that
 * is one of ours (else 400 or 421), an origin-form target of at most 8 KiB (else 414) of printable ASCII
 * without %00. TARGET is the raw request target. */
typedef struct callback_answer callback_handler(void *context, const char *target, size_t length);

/* All borrowed; ADDRESSES and the texts only while opening. */
struct callback_server_settings {
    /* Tried in order: "127.0.0.1:8000", "[::1]:8000", "localhost:8000" (both), ":8000" (every interface); a
     * port of 0 is random, "" means "127.0.0.1:0". */
    const struct text_list *addresses;
    /* Default addresses: bind 127.0.0.1 and ::1 on the same port. A port counts as taken by EADDRINUSE on
     * either, a missing family does not matter (CB-01, design 1). */
    bool dual_stack;
    bool random_fallback;          /* default addresses: a random port last */
    const char *certificate, *key; /* PEM text for https; NULL for http */
    const char *extra_host;        /* host[:port] of --oidc-redirect-url, accepted in Host as well; NULL */
    callback_handler *handler;
    void *context;
};
struct callback_server;
/* Binds and listens; code port, naming every address with its cause, config for a bad certificate or
 * address. */
bool callback_server_open(struct loop *loop, const struct callback_server_settings *settings,
                          struct callback_server **out, struct error *err) must_check;
/* The bound port. */
int callback_server_port(const struct callback_server *server);
/* The place in ADDRESSES of the one that was bound, or their count for the random fallback. */
size_t callback_server_index(const struct callback_server *server);
/* Answers every waiting request with ANSWER (copied), and every later one that the handler lets wait. */
void callback_server_release(struct callback_server *server, const struct callback_answer *answer);
/* Runs the loop until all answers are flushed or MILLISECONDS passed. A 303 that was answered promises
 * another request: its answer is waited for as well. Not from within the handler. */
void callback_server_drain(struct callback_server *server, int milliseconds);
/* Frees the port at once. Harmless for NULL; not from within the handler. */
void callback_server_close(struct callback_server *server);
void callback_server_cleanup(struct callback_server **server);
#define cleanup_callback_server __attribute__((cleanup(callback_server_cleanup)))
/* "pid 123 (firefox)" of whoever listens on the TCP port, from /proc; NULL when unknown. Owned by the
 * caller. */
char *callback_server_port_holder(int port) must_check;
/* Binds libmicrohttpd and gives its version text, borrowed. */
bool callback_server_library_version(const char **version, struct error *err) must_check;

#endif
