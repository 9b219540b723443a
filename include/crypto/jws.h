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
    char alg[8];          /* one of RS/PS/ES 256, 384, 512, EdDSA and Ed25519 (RFC 9864; the same to us) */
    char *kid;            /* NULL when absent */
    bool is_access_token; /* typ is at+jwt (RFC 9068): not an ID token, the caller judges */
};
void jws_header_release(struct jws_header *header);
#define cleanup_jws_header __attribute__((cleanup(jws_header_release)))

/* True when TOKEN begins as a JWT does, signed or encrypted: with a JSON object in base64url, and a dot. What
 * does not is for the provider alone to read. */
bool jws_has_header(const char *token);

/* Judges everything that can be judged without a key. ALLOWED is the set of algorithms that metadata
 * advertises, NULL or empty for no restriction; when it names none that we know, only RS256 is left. "none",
 * HS* and everything unknown are refused whatever it says; the message tells the cases apart
 * (idtoken_encrypted for five parts; idtoken_alg, with Authentik's missing signing key, for HS256). */
bool jws_inspect(const char *token, const struct text_list *allowed, struct jws_header *out,
                 struct error *err) must_check;

/* Verifies TOKEN with the keys of SET: kid and key rules of IDT-07..09, at most 8 keys are tried. On success
 * *PAYLOAD is the claims object (owned by the caller), decoded from exactly the bytes that were verified;
 * payload JSON rules of IDT-04. Code idtoken_key when no key of the set fits, idtoken_signature when none of
 * those that fit made the signature. */
bool jws_verify(const char *token, const struct text_list *allowed, const struct jwk_set *set,
                json_t **payload, struct error *err) must_check;
/* True when ERR, from jws_verify or id_token_verify, may come from a key set that is out of date: one refetch
 * may help. */
bool jws_key_is_missing(const struct error *err);

/* Reads the claims of a token that was verified before and rests in our own cache: structure and strict JSON
 * only, no signature. Needs neither OpenSSL nor a key. */
bool jws_read_claims(const char *token, json_t **payload, struct error *err) must_check;

#endif
