/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a JWK set, and a signature that is then judged with whatever keys it gave. */
#include "fuzz.h"

#include <string.h>

#include "../../src/crypto/jws_bytes.h"
#include "../unit/jose_fixture.h"
#include "crypto/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tokens[] = {RSA_TOKEN, EC_TOKEN, ED_TOKEN};
    cleanup_jwk_set struct jwk_set *set = NULL;
    struct error err = {0};
    if (!jwk_set_parse((const char *)data, size, &set, &err)) {
        fuzz_check(set == NULL && (err.code == ERROR_JWKS_JSON || err.code == ERROR_JWKS_LIMIT));
        return 0;
    }
    fuzz_check(jwk_set_total(set) <= 128 && jwk_set_usable(set) <= jwk_set_total(set));
    for (size_t i = 0; i < array_length(tokens); i++) {
        cleanup_buffer struct buffer payload = {0};
        struct error why = {0};
        if (!jws_verify_bytes(tokens[i], NULL, set, &payload, &why))
            fuzz_check(why.code == ERROR_IDTOKEN_KEY || why.code == ERROR_IDTOKEN_SIGNATURE);
    }
    return 0;
}
