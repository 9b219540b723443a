/* SPDX-License-Identifier: Apache-2.0 */
/* From a token response to a session: nothing is kept that was not verified. */
#ifndef LOGIN_VERIFICATION_H
#define LOGIN_VERIFICATION_H

#include <stdbool.h>

#include "base/error.h"
#include "login/context.h"
#include "oidc/token_response.h"
#include "session/session.h"

/* Where the response comes from. All borrowed. */
struct verification {
    const char *nonce;              /* of the authorization request; NULL on other grants */
    const char *code;               /* for c_hash; NULL */
    const struct session *previous; /* a refresh of this session; NULL on a login */
};
/* Verifies the ID token and, in access-token mode, the access token, with at most one refetch of the keys. A
 * refresh without an ID token gives an empty session (token NULL): the caller decides (REF-04). */
bool verification_run(struct login_context *context, const struct verification *source,
                      const struct token_response *response, struct session *out, struct error *err)
    must_check;

#endif
