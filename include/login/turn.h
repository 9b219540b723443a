/* SPDX-License-Identifier: Apache-2.0 */
/* One login for many: whose turn it is, and what those who waited take over. */
#ifndef LOGIN_TURN_H
#define LOGIN_TURN_H

#include <stdbool.h>

#include "login/context.h"
#include "session/session.h"

enum turn_result {
    TURN_OURS,   /* *FD is the lock (or -1 where nothing is stored): refresh or log in */
    TURN_SHARED, /* somebody else's outcome is good for us: OUT */
    TURN_FAILED  /* ERR: their failure, our deadline, Ctrl-C */
};
/* Takes the session's lock. While somebody else holds it: hands out a token that is still valid at once, else
 * waits, says so after a second, obeys signals and a deadline; with refresh_only it never waits. After the
 * wait the cache is read again. */
enum turn_result turn_take(struct login_context *context, int *fd, struct session *out, struct error *err);
/* Tells the waiters what the holder is doing; URL may be NULL. */
void turn_announce(const struct login_context *context, const char *phase, const char *url);
/* The holder is done. */
void turn_end(const struct login_context *context);

#endif
