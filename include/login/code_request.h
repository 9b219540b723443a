/* SPDX-License-Identifier: Apache-2.0 */
/* One authorization request and what its code is worth, for a callback and for a pasted address. */
#ifndef LOGIN_CODE_REQUEST_H
#define LOGIN_CODE_REQUEST_H

#include <stdbool.h>

#include "base/text.h"
#include "crypto/random.h"
#include "login/context.h"
#include "oidc/pkce.h"
#include "session/session.h"

struct code_request {
    char *redirect_uri, *url;
    struct text_list scopes;
    char state[RANDOM_TOKEN_SIZE], nonce[RANDOM_TOKEN_SIZE];
    struct pkce pkce;
    bool stale; /* the code that was redeemed last had expired, or was used */
};
/* The provider's metadata fetched anew, and everything in it that would make a login by code fail refused
 * before a person is asked: unusable signatures, no S256, no client authentication of ours. */
bool code_request_discover(struct login_context *context, struct error *err) must_check;
/* A new request in place of the one in OUT, with secrets of its own. The issuer is known. */
bool code_request_make(struct login_context *context, const char *redirect_uri, struct code_request *out,
                       struct error *err) must_check;
/* Exchanges CODE, once, and verifies what came for it. */
bool code_request_redeem(struct login_context *context, struct code_request *request, const char *code,
                         struct session *out, struct error *err) must_check;
void code_request_release(struct code_request *request);
#define cleanup_code_request __attribute__((cleanup(code_request_release)))

#endif
