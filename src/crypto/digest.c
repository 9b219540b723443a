/* SPDX-License-Identifier: Apache-2.0 */
/* Half digests for at_hash and c_hash, and a comparison that does not tell where two texts differ. */
#include "crypto/digest.h"

#include <stdint.h>
#include <string.h>

#include "algorithm.h"
#include "base/encoding.h"
#include "base/text.h"
#include "openssl.h"

bool digest_equal_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return false;
    size_t length = strlen(a);
    if (strlen(b) != length)
        return false;
    /* volatile keeps the compiler from stopping at the first difference */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < length; i++)
        difference = (uint8_t)(difference | ((uint8_t)a[i] ^ (uint8_t)b[i]));
    return difference == 0;
}

bool digest_half_matches(const char *alg, const char *text, const char *expected, bool *matches,
                         struct error *err)
{
    const struct algorithm *algorithm = algorithm_find(alg);
    if (algorithm == NULL)
        return error_set(err, ERROR_IDTOKEN_ALG, "there is no digest for the algorithm '%s'", safe(alg));
    if (!openssl_bind(err))
        return false;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t length = 0;
    if (openssl.EVP_Q_digest(NULL, algorithm->digest, NULL, text, strlen(text), digest, &length) != 1 ||
        length != algorithm->digest_size) {
        openssl.ERR_clear_error();
        return error_set(err, ERROR_LIBRARY, "libcrypto cannot compute %s", algorithm->digest);
    }
    char half[BASE64URL_SIZE(EVP_MAX_MD_SIZE / 2)];
    encoding_base64url(digest, length / 2, half);
    *matches = digest_equal_text(half, expected);
    return true;
}

bool digest_library_version(const char **version, struct error *err)
{
    if (!openssl_bind(err))
        return false;
    *version = openssl.OpenSSL_version(OPENSSL_VERSION);
    return true;
}
