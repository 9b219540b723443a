/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a token, against three fixed keys: only what their owners have signed is ever accepted. */
#include "fuzz.h"

#include <string.h>

#include "../../src/crypto/jws_bytes.h"
#include "../unit/jose_fixture.h"
#include "crypto/jws.h"

static const struct jwk_set *keys(void)
{
    static const char text[] = KEY_SET(RSA_JWK "," EC_JWK "," ED_JWK);
    static struct jwk_set *set;
    struct error err = {0};
    if (set == NULL)
        fuzz_check(jwk_set_parse(text, strlen(text), &set, &err));
    return set;
}

static bool is_known(const char *token)
{
    static const char *const signed_tokens[] = {RSA_TOKEN, EC_TOKEN, ED_TOKEN, ID_TOKEN, ACCESS_TOKEN};
    const char *dot = strrchr(token, '.');
    size_t signed_length = (size_t)(dot - token);
    for (size_t i = 0; i < array_length(signed_tokens); i++) {
        const char *known = signed_tokens[i];
        if ((size_t)(strrchr(known, '.') - known) == signed_length &&
            memcmp(known, token, signed_length) == 0)
            return true;
    }
    return false;
}

static void check_cached(const char *token)
{
    struct error err = {0};
    json_auto_t *claims = NULL;
    if (jws_read_claims(token, &claims, &err))
        fuzz_check(json_is_object(claims));
    else
        fuzz_check(claims == NULL &&
                   (err.code == ERROR_IDTOKEN_FORMAT || err.code == ERROR_IDTOKEN_ENCRYPTED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_string char *token = memory_copy_bytes((const char *)data, size);
    cleanup_buffer struct buffer payload = {0};
    cleanup_jws_header struct jws_header header = {0};
    struct error err = {0};
    check_cached(token);
    bool well_formed = jws_inspect(token, NULL, &header, &err);
    fuzz_check(well_formed == (err.code == ERROR_NONE));
    if (jws_verify_bytes(token, NULL, keys(), &payload, &err))
        fuzz_check(is_known(token));
    return 0;
}
