/* SPDX-License-Identifier: Apache-2.0 */
/* Any object as claims, without a signature: the rules hold for what they accept. */
#include "fuzz.h"

#include <string.h>

#include "../../src/oidc/id_token_claims.h"
#include "base/json.h"

enum { NOW = 1800000000 };

static const struct id_token_expectation login = {
    .issuer = "https://auth.example/application/o/kubernetes/",
    .client_id = "kubernetes",
    .nonce = "n",
    .access_token = "a",
    .code = "c",
    .now = NOW,
    .fresh_login = true,
};

static void check_accepted(const json_t *claims)
{
    double expires_at = 0, issued_at = 0;
    const char *subject = json_text(claims, "sub");
    fuzz_check(text_equal(json_text(claims, "iss"), login.issuer));
    fuzz_check(text_equal(json_text(claims, "nonce"), login.nonce));
    fuzz_check(subject != NULL && subject[0] != '\0' && strlen(subject) <= 255);
    fuzz_check(json_number(claims, "exp", &expires_at) && expires_at > NOW - 60);
    fuzz_check(json_number(claims, "iat", &issued_at) && issued_at <= NOW + 300 && issued_at >= NOW - 86400);
    fuzz_check(!json_has(claims, "azp") || text_equal(json_text(claims, "azp"), login.client_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct json_source source = {"the claims", ERROR_IDTOKEN_FORMAT, 16, false};
    struct error err = {0};
    json_auto_t *claims = NULL;
    if (!json_parse_object(source, (const char *)data, size, &claims, &err))
        return 0;
    if (id_token_check_claims(claims, "RS256", &login, &err))
        check_accepted(claims);
    else
        fuzz_check(err.code != ERROR_NONE && err.code != ERROR_LIBRARY && err.message[0] != '\0');
    struct id_token_expectation refresh = login;
    refresh.previous_subject = "5f1c0b";
    refresh.previous_issued_at = refresh.previous_auth_time = NOW - 10;
    refresh.nonce_optional = true;
    refresh.fresh_login = false;
    if (id_token_check_claims(claims, "ES512", &refresh, &err))
        fuzz_check(text_equal(json_text(claims, "sub"), refresh.previous_subject));
    return 0;
}
