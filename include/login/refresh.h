/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh grant: one request, and never a lost session (RFC 6749 section 6, security 1.6). */
#ifndef LOGIN_REFRESH_H
#define LOGIN_REFRESH_H

#include "base/error.h"
#include "login/context.h"
#include "session/session.h"

enum refresh_result {
    REFRESH_DONE,       /* OUT is the new session; it is stored unless a warning said otherwise */
    REFRESH_IMPOSSIBLE, /* no refresh token, or it must not be spent: a login is due, the session stays; ERR
                           says why when it is the keyring's fault */
    REFRESH_DEAD,  /* the provider will never take this refresh token again: dropped, a login is due; ERR says
                      why */
    REFRESH_FAILED /* network, server, configuration: ERR; the session stays, no login */
};
/* Under the session's lock. SESSION gets its refresh token when that rests in the keyring. */
enum refresh_result refresh_run(struct login_context *context, struct session *session, struct session *out,
                                struct error *err);

#endif
