/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session: the provider is told, then the file goes (RFC 7009, REF-10). */
#ifndef LOGIN_REVOCATION_H
#define LOGIN_REVOCATION_H

#include <stdbool.h>

#include "base/error.h"
#include "login/login.h"
#include "session/session_key.h"

enum revocation_result {
    REVOCATION_DONE,         /* the provider took it; the session is deleted, as in the next three */
    REVOCATION_NO_ENDPOINT,  /* the provider cannot be told */
    REVOCATION_NOT_TAKEN,    /* the provider revokes no refresh tokens */
    REVOCATION_NOTHING_HELD, /* there was no refresh token */
    REVOCATION_NO_SESSION    /* nothing was there */
};
/* Ends the session of KEY; NULL is the one that CONFIG means. On failure the session is kept. */
bool revocation_run(const struct login_config *config, const struct session_key *key,
                    enum revocation_result *result, struct error *err) must_check;

#endif
