/* SPDX-License-Identifier: Apache-2.0 */
/* Claims that are good for a login, the login, and one change at a time. */
#ifndef TESTS_ID_TOKEN_FIXTURE_H
#define TESTS_ID_TOKEN_FIXTURE_H

#include <string.h>

#include "ids.h"
#include "jose_fixture.h"
#include "oidc/id_token.h"

#define GOOD_CLAIMS                                                                                          \
    "{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"kubernetes\",\"exp\":1800000300,\"iat\":1800000000,"            \
    "\"sub\":\"5f1c0b\",\"nonce\":\"nonce-of-this-login\"}"

static const struct id_token_expectation login = {
    .issuer = TOKEN_ISSUER,
    .client_id = "kubernetes",
    .nonce = "nonce-of-this-login",
    .access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
    .code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
    .now = TOKEN_TIME,
    .fresh_login = true,
};

/* GOOD_CLAIMS with FROM replaced by TO. */
static inline char *changed_claims(const char *from, const char *to)
{
    static const char claims[] = GOOD_CLAIMS;
    const char *at = strstr(claims, from);
    assert_non_null(at);
    return memory_format("%.*s%s%s", (int)(at - claims), claims, to, at + strlen(from));
}

#endif
