/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms: what is not in it is refused, so there is no `none` and no HS* to confuse. */
#include "algorithm.h"

#include "base/memory.h"
#include "base/text.h"

static const struct algorithm algorithms[] = {
    {"RS256", ALGORITHM_RSA_PKCS1, "SHA256", 32, NULL},
    {"RS384", ALGORITHM_RSA_PKCS1, "SHA384", 48, NULL},
    {"RS512", ALGORITHM_RSA_PKCS1, "SHA512", 64, NULL},
    {"PS256", ALGORITHM_RSA_PSS, "SHA256", 32, NULL},
    {"PS384", ALGORITHM_RSA_PSS, "SHA384", 48, NULL},
    {"PS512", ALGORITHM_RSA_PSS, "SHA512", 64, NULL},
    {"ES256", ALGORITHM_ECDSA, "SHA256", 32, "P-256"},
    {"ES384", ALGORITHM_ECDSA, "SHA384", 48, "P-384"},
    {"ES512", ALGORITHM_ECDSA, "SHA512", 64, "P-521"},
    {"EdDSA", ALGORITHM_ED25519, "SHA512", 64, "Ed25519"},
    {"Ed25519", ALGORITHM_ED25519, "SHA512", 64, "Ed25519"},
};

const struct algorithm *algorithm_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < array_length(algorithms); i++) {
        if (text_equal(name, algorithms[i].name))
            return &algorithms[i];
    }
    return NULL;
}

bool algorithm_has_name(const struct algorithm *algorithm, const char *name)
{
    const struct algorithm *named = algorithm_find(name);
    return named != NULL && (named == algorithm ||
                             (named->scheme == ALGORITHM_ED25519 && algorithm->scheme == ALGORITHM_ED25519));
}
