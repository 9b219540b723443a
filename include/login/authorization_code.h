/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization code grant with PKCE, in the user's own browser (RFC 6749 4.1, RFC 7636, RFC 8252). */
#ifndef LOGIN_AUTHORIZATION_CODE_H
#define LOGIN_AUTHORIZATION_CODE_H

#include <stdbool.h>

#include "login/context.h"
#include "session/session.h"

/* Runs one login to its end: port, probe, browser, callback, exchange, verification, the page that tells the
 * outcome. *ASKED is true when a person was asked (a browser opened, a URL shown), whatever came of it. */
bool authorization_code_run(struct login_context *context, struct session *out, bool *asked,
                            struct error *err) must_check;

#endif
