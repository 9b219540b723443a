/* SPDX-License-Identifier: Apache-2.0 */
/* The signature algorithms that are accepted, and what each of them fixes (RFC 7518 section 3, RFC 8037). */
#ifndef CRYPTO_ALGORITHM_H
#define CRYPTO_ALGORITHM_H

#include <stdbool.h>
#include <stddef.h>

enum algorithm_scheme { ALGORITHM_RSA_PKCS1, ALGORITHM_RSA_PSS, ALGORITHM_ECDSA, ALGORITHM_ED25519 };
struct algorithm {
    const char *name;
    enum algorithm_scheme scheme;
    const char *digest; /* of the signature, and of at_hash and c_hash; OpenSSL's name */
    size_t digest_size;
    const char *curve; /* NULL for RSA */
};
/* By its exact name; NULL for every other text and for NULL. */
const struct algorithm *algorithm_find(const char *name);
/* True when NAME means ALGORITHM: EdDSA and Ed25519 are two names of one thing (RFC 9864). */
bool algorithm_has_name(const struct algorithm *algorithm, const char *name);

#endif
