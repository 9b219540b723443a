/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys from a JSON Web Key Set (RFC 7517), only those that could verify an ID token. */
#ifndef CRYPTO_JWK_H
#define CRYPTO_JWK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The set as parsed: keys that we cannot use (oct, use enc, other curves, private, a certificate only, bad
 * sizes) are counted and skipped, never fatal (security IDT-07, T-13). */
struct jwk_set;
/* Limits: 1 MiB of text, 128 keys. Codes jwks_json, jwks_limit. `{}` and {"keys":[]} give an empty set, which
 * is not an error here. Binds no library. The caller owns *OUT. */
bool jwk_set_parse(const char *text, size_t length, struct jwk_set **out, struct error *err) must_check;
void jwk_set_free(struct jwk_set *set);
void jwk_set_cleanup(struct jwk_set **set);
#define cleanup_jwk_set __attribute__((cleanup(jwk_set_cleanup)))
/* Keys in the document, and those of them whose type, size and purpose let them verify a signature. Whether
 * the numbers make a valid key (a point on the curve, a modulus that is no prime) is checked when the key is
 * tried. */
size_t jwk_set_total(const struct jwk_set *set);
size_t jwk_set_usable(const struct jwk_set *set);

#endif
