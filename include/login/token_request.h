/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the token endpoint, with the client's authentication. */
#ifndef LOGIN_TOKEN_REQUEST_H
#define LOGIN_TOKEN_REQUEST_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "login/context.h"
#include "oidc/token_response.h"

/* What came of it. */
struct token_outcome {
    struct token_response response;
    struct token_error failed; /* when a server answered */
    bool sent;                 /* false only when provably nothing left us */
    bool answered;             /* an HTTP answer came */
    long status;               /* its status */
};
void token_outcome_release(struct token_outcome *outcome);
#define cleanup_token_outcome __attribute__((cleanup(token_outcome_release)))

/* Of a form. What can stand in it, percent-encoded, is less: the arguments of a process (Linux: 6 MiB), files
 * of 64 KiB, and texts of answers and of session files, which base/json takes up to 512 KiB. */
enum { TOKEN_FORM_LIMIT = 32 * 1024 * 1024 };

/* Whether the provider takes a way of authentication that we have: to be known before somebody logs in. Asks
 * for the client secret where it is to be asked for. */
bool token_request_check(struct login_context *context, struct error *err) must_check;

/* Whether the client proves itself with a secret, given or asked for. */
bool token_request_has_secret(const struct login_context *context) must_check;

/* Appends what says that JWT is the client's own assertion (RFC 7523 section 2.2). */
void token_request_add_assertion(const char *jwt, struct buffer *form);

/* Posts FORM (grant and its parameters, form-encoded; consumed: the client's parameters are appended).
 * Exactly one way of client authentication (TOK-02): the client's key when there is one, else by metadata
 * none, Basic or post. NEVER_RETRY: an authorization code. */
bool token_request_send(struct login_context *context, struct buffer *form, bool never_retry,
                        struct token_outcome *out, struct error *err) must_check;

/* The same for another endpoint that knows the client in the same way (RFC 8628 section 3.1). All borrowed.
 */
struct token_post {
    const char *what, *url; /* WHAT is for messages: "the token endpoint's answer" */
    struct buffer *form;    /* consumed as above */
    bool never_retry;
};
bool token_request_post(struct login_context *context, const struct token_post *post,
                        struct http_response *out, struct error *err) must_check;
/* An answer as the parsers of oidc/ take it. Borrows from RESPONSE. */
struct token_http token_request_answer(const struct http_response *response);

#endif
