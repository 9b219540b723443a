/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that make an ID token ours: one function per claim (OpenID Connect Core 3.1.3.7). */
#ifndef OIDC_ID_TOKEN_H
#define OIDC_ID_TOKEN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "crypto/jwk.h"

/* What the token must say. All borrowed. */
struct id_token_expectation {
    const char *issuer, *client_id;
    const char *nonce;        /* NULL when none was sent (device, refresh, password): not looked at */
    bool nonce_optional;      /* refresh: may be absent, must match when present */
    const char *access_token; /* for at_hash; NULL when there is none */
    const char *code;         /* for c_hash; may be NULL */
    const struct text_list *algorithms;        /* id_token_signing_alg_values_supported; may be NULL */
    const struct text_list *trusted_audiences; /* --oidc-trusted-audience; may be NULL */
    int64_t now;
    int64_t login_after;     /* max_age was asked for: auth_time must be there and not before (IDT-18); 0 */
    bool fresh_login;        /* iat not older than 24 h */
    bool audience_unchecked; /* an access token as the credential (K7-70): no rule on aud, azp, typ at+jwt */
    /* Refresh only (REF-03): what the session was. */
    const char *previous_subject; /* NULL on a login */
    int64_t previous_issued_at;   /* 0 when unknown */
    int64_t previous_auth_time;   /* its auth_time, which a refresh must not change; 0 when unknown */
};
/* What a verified token says. */
struct id_token {
    char *subject;
    char *username; /* what a person recognises: email, else preferred_username, else name, else sub */
    int64_t issued_at, expires_at;
    json_t *claims;
};
void id_token_release(struct id_token *token);
#define cleanup_id_token __attribute__((cleanup(id_token_release)))

/* Structure, header, signature, then every claim, in this order (IDT-19). jws_key_is_missing tells whether a
 * key set fetched anew may help. An empty SET and HS256 are explained with Authentik's setting. Clock trouble
 * (exp, iat, nbf) names the times. */
bool id_token_verify(const char *token, const struct jwk_set *set,
                     const struct id_token_expectation *expected, struct id_token *out, struct error *err)
    must_check;

#endif
