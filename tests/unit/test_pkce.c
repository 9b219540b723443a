/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/pkce against the vector of RFC 7636. */
#include "ids.h"

#include <string.h>

#include "oidc/pkce.h"

static void test_rfc_7636_appendix_b(void **state)
{
    struct pkce pkce;
    (void)state;
    test_ids("AZ-05 K7-51");
    pkce_derive("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &pkce);
    assert_string_equal(pkce.verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_string_equal(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void test_wiped(void **state)
{
    struct pkce pkce, empty;
    (void)state;
    test_ids("AZ-06");
    memset(&empty, 0, sizeof(empty));
    pkce_derive("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", &pkce);
    pkce_wipe(&pkce);
    assert_memory_equal(&pkce, &empty, sizeof(pkce));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_7636_appendix_b),
        cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
