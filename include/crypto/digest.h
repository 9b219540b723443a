/* SPDX-License-Identifier: Apache-2.0 */
/* Digests by OpenSSL and comparison in constant time. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* True when both texts have the same length and bytes; the time depends on the lengths alone. NULL equals
 * nothing, not even NULL. Binds no library. */
bool digest_equal_text(const char *a, const char *b);

/* Checks at_hash or c_hash (OpenID Connect Core 3.1.3.8): EXPECTED equals base64url of the left half of the
 * digest that ALG names (RS256 -> SHA-256, ..., EdDSA -> SHA-512) over TEXT. *MATCHES is the outcome. */
bool digest_half_matches(const char *alg, const char *text, const char *expected, bool *matches,
                         struct error *err) must_check;

/* Makes sure that libcrypto can be bound and gives its version text, borrowed. */
bool digest_library_version(const char **version, struct error *err) must_check;

#endif
