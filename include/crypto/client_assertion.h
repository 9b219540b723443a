/* SPDX-License-Identifier: Apache-2.0 */
/* The owner of libjwt, which builds and signs JWTs of our own: client assertions (RFC 7523). */
#ifndef CRYPTO_CLIENT_ASSERTION_H
#define CRYPTO_CLIENT_ASSERTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What a private_key_jwt says (OpenID Connect Core 9, security TOK-03). All borrowed. */
struct client_assertion {
    const char *client_id; /* iss and sub */
    const char *audience;  /* one string */
    const char *id;        /* jti, at least 128 random bits */
    const char *key;       /* PEM private key */
    const char *alg;       /* RS256, ES256, PS256, ... */
    const char *kid;       /* may be NULL */
    int64_t now;           /* iat; exp is five minutes later */
};
/* The signed compact JWT, owned by the caller. */
bool client_assertion_build(const struct client_assertion *assertion, char **jwt,
                            struct error *err) must_check;
/* Makes sure that libjwt can be bound; *VERSION is the soname that was bound (it has no version call). */
bool client_assertion_library(const char **version, struct error *err) must_check;

#endif
