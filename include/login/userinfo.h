/* SPDX-License-Identifier: Apache-2.0 */
/* What the issuer says about the person now (OpenID Connect Core 5.3). */
#ifndef LOGIN_USERINFO_H
#define LOGIN_USERINFO_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "login/login.h"
#include "session/session.h"

/* Asks with a fresh access token: the session is refreshed first and stored, for it holds none (in
 * access-token mode the stored one is used while it is good). OUT is the session then, CLAIMS the answer,
 * whose sub is the session's. Both are the caller's. Fails with no_session, userinfo, and as a refresh does.
 */
bool userinfo_ask(const struct login_config *config, struct session *out, json_t **claims, struct error *err)
    must_check;

#endif
