/* SPDX-License-Identifier: Apache-2.0 */
/* The strict gate for compact JWS (RFC 7515) and the verification of its signature. */
#ifndef CRYPTO_JWS_H
#define CRYPTO_JWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "crypto/jwk.h"

enum { JWS_TOKEN_LIMIT = 128 * 1024 };

/* What the header says, after structure, base64url, JSON and header rules passed (security IDT-02..06). */
struct jws_header {
    char alg[8]; /* one of RS/PS/ES 256, 384, 512 and EdDSA */
    char *kid;   /* NULL when absent */
};
void jws_header_release(struct jws_header *header);

/* Judges everything that can be judged without a key. ALLOWED is the set of algorithms that metadata advertises, NULL or
 * empty for no restriction. "none", HS* and everything unknown are refused whatever it says; the message tells the cases
 * apart (idtoken_encrypted for five parts; idtoken_alg, with Authentik's missing signing key, for HS256). */
bool jws_inspect(const char *token, const struct text_list *allowed, struct jws_header *out, struct error *err) must_check;

/* Verifies TOKEN with the keys of SET: kid and key rules of IDT-07..09. On success *PAYLOAD is the claims object (owned by
 * the caller), decoded from exactly the bytes that were verified; payload JSON rules of IDT-04. When no key fits,
 * *UNKNOWN_KEY is true (one refetch may help) and ERR is idtoken_key. */
bool jws_verify(const char *token, const struct text_list *allowed, const struct jwk_set *set, json_t **payload,
                bool *unknown_key, struct error *err) must_check;

/* Reads header-less claims of a token that was verified before and rests in our own cache: structure and strict JSON
 * only, no signature. Needs neither OpenSSL nor a key. */
bool jws_read_claims(const char *token, json_t **payload, struct error *err) must_check;

#endif
