/* SPDX-License-Identifier: Apache-2.0 */
/* One key of a set, as bytes, and the way from there to OpenSSL. */
#ifndef CRYPTO_PUBLIC_KEY_H
#define CRYPTO_PUBLIC_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "algorithm.h"
#include "base/buffer.h"
#include "crypto/jwk.h"

enum {
    JWK_SET_BYTES = 1024 * 1024,
    JWK_SET_KEYS = 128,
    JWK_RSA_BYTES = 8192 / 8,
    JWK_RSA_BITS = 2048,
    JWK_FIELD_BYTES = 66
};

enum jwk_type { JWK_RSA, JWK_EC, JWK_ED25519 };
struct jwk_curve {
    const char *name;
    enum jwk_type type;
    size_t size;          /* of a coordinate, in bytes */
    const uint8_t *order; /* of the group, SIZE bytes; NULL for Ed25519 */
};
struct jwk {
    enum jwk_type type;
    char *kid;                         /* NULL when the key has none */
    const struct algorithm *algorithm; /* NULL when the key does not say */
    const struct jwk_curve *curve;     /* NULL for RSA */
    struct buffer first, second; /* big-endian, no leading zeros: n and e; exact length: x and y; x alone */
};
struct jwk_set {
    size_t total, usable;
    struct jwk keys[JWK_SET_KEYS];
};

/* True when KEY can verify signatures of ALGORITHM: type, curve, and the key's own word. */
bool jwk_fits(const struct jwk *key, const struct algorithm *algorithm);

/* The curve of that exact name, NULL for others. */
const struct jwk_curve *jwk_curve_find(const char *name);
/* Ed25519 only: X is canonical and does not generate a small group, for which signatures can be made up. */
bool jwk_ed25519_is_sound(const uint8_t x[static 32]);
/* RSA only: the modulus N has the form that the ROCA generator makes, which can be factored (CVE-2017-15361).
 */
bool jwk_rsa_is_roca(const uint8_t *n, size_t length);

#endif
