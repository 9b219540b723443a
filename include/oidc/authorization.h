/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization request, the probe that asks whether it would work, and the callback that answers it. */
#ifndef OIDC_AUTHORIZATION_H
#define OIDC_AUTHORIZATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "oidc/pkce.h"
#include "oidc/provider.h"

/* All borrowed. */
struct authorization_request {
    const char *client_id, *redirect_uri;
    const struct text_list *scopes; /* as they go on the wire, openid last */
    const char *state, *nonce;
    const struct pkce *pkce;      /* NULL with --oidc-pkce-method=no */
    const struct text_map *extra; /* --oidc-auth-request-extra-params; may be NULL */
    bool prompt_none;             /* the probe: prompt=none, no extra that contradicts it */
};
/* Extra parameters may not replace what protects the login (AZ-09, code config). `access_type` and `prompt`
 * may be set. */
bool authorization_check_extra(const struct text_map *extra, struct error *err) must_check;
/* The URL: an existing query is kept (AZ-10), access_type=offline is added as the peer does, values
 * form-encoded (a space is '+'). Owned by the caller. */
char *authorization_url(const struct provider *provider,
                        const struct authorization_request *request) must_check;

/* What the callback must look like. All borrowed. */
struct callback_expectation {
    const char *path; /* "/" or the path of --oidc-redirect-url */
    const char *state;
    const char *issuer;
    bool iss_required; /* RFC 9207, from metadata */
};
enum callback_verdict {
    CALLBACK_OTHER_PATH,  /* 404, wait goes on; also the right path without any parameter */
    CALLBACK_MALFORMED,   /* 400, wait goes on: duplicates, bad escapes, missing or wrong state, too long */
    CALLBACK_WRONG_STATE, /* 400, wait goes on, counted (64 end the login) */
    CALLBACK_CODE,        /* the answer to our request */
    CALLBACK_ERROR,  /* the provider's refusal, with our state; ERR holds it as a message (callback_error) */
    CALLBACK_REFUSED /* our state, but it breaks a rule (iss, code and error both, bad code): the login fails,
                        ERR says why */
};
struct callback {
    char *code; /* secret */
    char *error, *error_description, *error_uri;
};
void callback_release(struct callback *callback);
#define cleanup_callback __attribute__((cleanup(callback_release)))
/* At most this many bytes of request target, the same as the server's request line. */
enum { CALLBACK_TARGET_LIMIT = 8192, CALLBACK_CODE_LIMIT = 4096 };
/* Judges the raw request target ("/?code=...&state=...") of a GET. State is compared first, in constant time,
 * for success and error alike (CB-07..11). OUT is written for CALLBACK_CODE and CALLBACK_ERROR, ERR for
 * CALLBACK_ERROR and CALLBACK_REFUSED only. */
enum callback_verdict callback_parse(const char *target, size_t length,
                                     const struct callback_expectation *expected, struct callback *out,
                                     struct error *err);

/* What an authorization endpoint answered to the probe. */
enum probe_verdict {
    PROBE_ACCEPTED,
    PROBE_REDIRECT_URI_REFUSED,
    PROBE_CLIENT_REFUSED,
    PROBE_GRANT_REFUSED,
    PROBE_INCONCLUSIVE
};
/* All borrowed; LOCATION and BODY may be NULL, BODY is the start of the page. */
struct probe_answer {
    long status;
    const char *location, *body;
    size_t length; /* of BODY */
};
/* Accepted: a redirect to REDIRECT_URI. Refused only where the answer names the redirect URI or the client
 * (Authentik, Keycloak, oidc-provider). PROBE_GRANT_REFUSED: Authentik >= 2026.5 without the grant type (302,
 * invalid_request). */
enum probe_verdict probe_read(enum provider_kind kind, const struct probe_answer *answer,
                              const char *redirect_uri);

#endif
