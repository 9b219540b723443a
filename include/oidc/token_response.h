/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint's answer, good or bad (RFC 6749 sections 5.1 and 5.2). */
#ifndef OIDC_TOKEN_RESPONSE_H
#define OIDC_TOKEN_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct token_response {
    char *access_token, *id_token, *refresh_token; /* secrets; may be NULL */
    char *scope;                                   /* may be NULL */
    int64_t expires_in;                            /* -1 when absent or nonsense */
};
void token_response_release(struct token_response *response);

/* What a failed request means for the session (design 4). */
enum token_failure {
    TOKEN_FAILURE_NONE,
    TOKEN_FAILURE_TEMPORARY,   /* 5xx, 429, a masked 405 (Allow: GET, HEAD, OPTIONS): keep the session */
    TOKEN_FAILURE_GRANT,       /* invalid_grant: the refresh token or code is dead */
    TOKEN_FAILURE_CLIENT,      /* invalid_client, unauthorized_client, ...: configuration; keep the session */
    TOKEN_FAILURE_OTHER        /* not JSON, wrong type, anything else; keep the session */
};
/* All borrowed; ALLOW and REQUEST_ID may be NULL. */
struct token_http {
    long status;
    const char *body;
    size_t length;
    const char *allow;       /* the Allow header */
    const char *retry_after; /* the Retry-After header */
};
/* Parses 200 into OUT (TOK-04..06) and everything else into ERR (TOK-07): oauth_error with status, error,
 * error_description and Authentik's request_id, sanitised; token_http, token_json, token_type, server. */
bool token_response_parse(const struct token_http *http, struct token_response *out, enum token_failure *failure,
                          struct error *err) must_check;

#endif
