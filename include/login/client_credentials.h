/* SPDX-License-Identifier: Apache-2.0 */
/* The client credentials grant (RFC 6749 4.4): a pipeline logs in as itself. */
#ifndef LOGIN_CLIENT_CREDENTIALS_H
#define LOGIN_CLIENT_CREDENTIALS_H

#include <stdbool.h>

#include "login/context.h"
#include "session/session.h"

/* By what the config has: a secret or a key, an account with its app password (Authentik), or the identity
 * token of the pipeline as client assertion (RFC 7523 2.2). *ASKED stays false. No refresh token is kept. */
bool client_credentials_run(struct login_context *context, struct session *out, bool *asked,
                            struct error *err) must_check;
/* Whether CONFIG has enough for it, and not two ways at once; code config. */
bool client_credentials_check(const struct login_config *config, struct error *err) must_check;

#endif
