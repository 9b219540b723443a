/* SPDX-License-Identifier: Apache-2.0 */
/* One conversation with the Secret Service: connection, time limit, interruption, prompts, errors. */
#ifndef SESSION_KEYRING_EXCHANGE_H
#define SESSION_KEYRING_EXCHANGE_H

#include "keyring_library.h"

#include <stdint.h>

#include "session/keyring.h"

/* SERVICE and CANCELLABLE go into every asynchronous call, with exchange_finished and the exchange itself as
 * callback and data. */
struct exchange {
    SecretService *service;
    GCancellable *cancellable;
    GAsyncResult *result; /* of the last call */

    /* the module's own */
    const struct keyring_access *access;
    GMainContext *main;
    GSource *tick;
    GDBusConnection *connection;
    int64_t deadline; /* clock_monotonic */
    int64_t left;     /* milliseconds that remain after a prompt */
    enum { EXCHANGE_GOOD, EXCHANGE_LATE, EXCHANGE_LATE_PROMPT, EXCHANGE_STOPPED } end;
    bool prompting, prompted, refused;
};

/* Connects and opens a session for secrets. One at a time. NULL after a failure. */
struct exchange *exchange_open(const struct keyring_access *access, struct error *err) must_check;
/* EXCHANGE may be NULL. */
void exchange_close(struct exchange *exchange);
void exchange_cleanup(struct exchange **exchange);
#define cleanup_exchange __attribute__((cleanup(exchange_cleanup)))

void exchange_finished(GObject *source, GAsyncResult *result, gpointer exchange);
/* Waits for the call that was just made; false when it was given up, and then no FINISH function is called.
 */
bool exchange_await(struct exchange *exchange) must_check;
/* Always false: says why, from ERROR (consumed; may be NULL) and from what happened to EXCHANGE. */
bool exchange_fail(const struct exchange *exchange, GError *error, struct error *err);
/* The same where the bus at ADDRESS was not reached, and where a collection was to be made. */
bool exchange_fail_bus(const struct exchange *exchange, GError *error, const char *address,
                       struct error *err);
bool exchange_fail_new(const struct exchange *exchange, GError *error, struct error *err);
/* Unlocks OBJECT (an item or a collection), with a window where ACCESS allows it. */
bool exchange_unlock(struct exchange *exchange, gpointer object, struct error *err) must_check;

#endif
