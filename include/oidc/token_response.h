/* SPDX-License-Identifier: Apache-2.0 */
/* The token endpoint's answer, good or bad (RFC 6749 sections 5.1 and 5.2). */
#ifndef OIDC_TOKEN_RESPONSE_H
#define OIDC_TOKEN_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A refresh token is a key or an encrypted record, not a store of data. */
enum { TOKEN_REFRESH_LIMIT = 64 * 1024 };

struct token_response {
    char *access_token;             /* secret; always there */
    char *id_token, *refresh_token; /* secrets; NULL when absent or empty */
    bool refresh_token_too_long;    /* it is NULL, because it had more than TOKEN_REFRESH_LIMIT characters */
    int64_t expires_in;             /* seconds; -1 when absent or nonsense */
};
void token_response_release(struct token_response *response);
#define cleanup_token_response __attribute__((cleanup(token_response_release)))

/* What a failed request means for the session (design 4). */
enum token_failure {
    TOKEN_FAILURE_NONE,
    TOKEN_FAILURE_TEMPORARY, /* 5xx, 429, a masked 405 (Allow: GET, HEAD, OPTIONS): keep the session */
    TOKEN_FAILURE_GRANT,     /* invalid_grant: the refresh token or code is dead */
    TOKEN_FAILURE_CLIENT,    /* invalid_client, unauthorized_client, ...: configuration; keep the session */
    TOKEN_FAILURE_OTHER      /* not JSON, wrong type, anything else; keep the session */
};
/* The same in detail. Holds no secret and owns nothing. */
struct token_error {
    enum token_failure failure;
    char oauth_error[64]; /* the `error` member ("slow_down", "invalid_grant"), whatever the status; "" when
                             there is none */
    bool masked;          /* the 405 that hides a 404 or 500 (authentik) */
    int64_t retry_after;  /* seconds that the server asks to wait; -1 when it does not say */
};
/* All borrowed; all but STATUS may be NULL. */
struct token_http {
    long status;
    const char *body;
    size_t length;
    const char *allow;       /* the Allow header */
    const char *retry_after; /* the Retry-After header */
    const char *request_id;  /* the X-authentik-id header; a request_id in the body is preferred */
};
/* Parses 200 into OUT (TOK-04..06) and everything else into ERR (TOK-07): oauth_error with status, error,
 * error_description and Authentik's request_id, sanitised; token_http, token_json, token_type, server. FAILED
 * is always written (failure NONE on success). A 200 whose body is an OAuth error is an error. */
bool token_response_parse(const struct token_http *http, struct token_response *out,
                          struct token_error *failed, struct error *err) must_check;
/* The error half alone, for other endpoints that answer in the same form (device authorization, revocation):
 * explains a status that is not the expected one. WHAT begins the message ("the token request"). Always
 * false. */
bool token_error_explain(const char *what, const struct token_http *http, struct token_error *failed,
                         struct error *err);

#endif
