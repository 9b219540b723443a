/* SPDX-License-Identifier: Apache-2.0 */
/* The claim rules without the signature before them: the door for fuzzing and unit tests. */
#ifndef OIDC_ID_TOKEN_CLAIMS_H
#define OIDC_ID_TOKEN_CLAIMS_H

#include "oidc/id_token.h"

/* Judges CLAIMS of a token whose header names ALG. */
bool id_token_check_claims(const json_t *claims, const char *alg, const struct id_token_expectation *expected,
                           struct error *err) must_check;
/* What CLAIMS say; takes them over. Without sub, iat or exp the members are NULL and 0. */
void id_token_fill(json_t *claims, struct id_token *out);

#endif
