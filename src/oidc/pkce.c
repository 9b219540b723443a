/* SPDX-License-Identifier: Apache-2.0 */
/* Derives the S256 challenge from its verifier. */
#include "oidc/pkce.h"

#include <string.h>

#include "base/encoding.h"
#include "base/sha256.h"

_Static_assert(BASE64URL_SIZE(SHA256_SIZE) == sizeof(((struct pkce *)0)->challenge),
               "a challenge has 43 characters");

void pkce_derive(const char *verifier, struct pkce *out)
{
    uint8_t digest[SHA256_SIZE];
    size_t length = strnlen(verifier, sizeof(out->verifier) - 1);
    memset(out->verifier, 0, sizeof(out->verifier));
    memcpy(out->verifier, verifier, length);
    sha256(out->verifier, length, digest);
    encoding_base64url(digest, sizeof(digest), out->challenge);
    memory_wipe(digest, sizeof(digest));
}

void pkce_wipe(struct pkce *pkce)
{
    memory_wipe(pkce, sizeof(*pkce));
}
