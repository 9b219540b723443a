/* SPDX-License-Identifier: Apache-2.0 */
/* Proof Key for Code Exchange, method S256 (RFC 7636). */
#ifndef OIDC_PKCE_H
#define OIDC_PKCE_H

#include "base/memory.h"

struct pkce {
    char verifier[44]; /* secret */
    char challenge[44];
};
/* VERIFIER is 43 characters of base64url, from crypto/random. */
void pkce_derive(const char *verifier, struct pkce *out);
/* Overwrites both. */
void pkce_wipe(struct pkce *pkce);

#endif
