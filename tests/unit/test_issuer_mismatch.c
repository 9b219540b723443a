/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/issuer_mismatch: each way in which two issuers differ has its own remedy. */
#include "ids.h"

#include <string.h>

#include "oidc/issuer_mismatch.h"

#define ISSUER "https://ak.example/application/o/kube/"

static void test_both_issuers_are_shown(void **state)
{
    char long_issuer[2001] = "https://long.example/";
    struct error err = {0}, long_err = {0};
    (void)state;
    test_ids("DISC-03");
    assert_false(issuer_mismatch_explain(ISSUER, "https://other.example/x/", &err));
    assert_int_equal(err.code, ERROR_DISCOVERY_ISSUER);
    assert_non_null(strstr(err.message, "'https://other.example/x/'"));
    assert_non_null(strstr(err.message, "'" ISSUER "'"));
    /* A long one leaves room for the other. */
    memset(long_issuer + 21, 'a', sizeof(long_issuer) - 22);
    assert_false(issuer_mismatch_explain(ISSUER, long_issuer, &long_err));
    assert_non_null(strstr(long_err.message, "'" ISSUER "'"));
}

static void test_remedies(void **state)
{
    static const struct {
        const char *configured, *found, *remedy;
    } cases[] = {
        {"https://ak.example/application/o/kube", ISSUER, "use --oidc-issuer-url=" ISSUER "\n"},
        {"https://ak.example/application/o/kube", ISSUER, "API server"},
        {"https://x/", "https://x", "use --oidc-issuer-url=https://x\n"},
        {"https://AK.example/application/o/kube/", ISSUER, "use --oidc-issuer-url=" ISSUER},
        {ISSUER, "http://ak.example/application/o/kube/", "X-Forwarded-Proto"},
        {ISSUER, "https://ak.example/", "per_provider"},
        {ISSUER, "https://internal:9443/application/o/kube/", "the provider calls itself 'internal:9443'"},
        {ISSUER, "https://ak.example:9443/application/o/kube/",
         "the provider calls itself 'ak.example:9443'"},
        {ISSUER, "https://ak.example/application/o/other/", "another issuer on the same host"},
    };
    (void)state;
    test_ids("DISC-03 K7-65 K7-90");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        assert_false(issuer_mismatch_explain(cases[i].configured, cases[i].found, &err));
        if (strstr(err.hint, cases[i].remedy) == NULL)
            fail_msg("'%s' for '%s': no '%s' in: %s", cases[i].found, cases[i].configured, cases[i].remedy,
                     err.hint);
    }
}

/* Only the configured issuer itself, but for slash or case, is ever recommended. */
static void test_no_foreign_issuer_is_recommended(void **state)
{
    static const char *const found[] = {
        "https://evil.example/", "https://ak.example/application/o/other/",
        "https://ak.example/",   "https://ak.example:9443/application/o/kube/",
        "x; rm -rf ~",           ""};
    (void)state;
    for (size_t i = 0; i < array_length(found); i++) {
        struct error err = {0};
        assert_false(issuer_mismatch_explain(ISSUER, found[i], &err));
        assert_null(strstr(err.hint, "use --oidc-issuer-url"));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_issuers_are_shown),
        cmocka_unit_test(test_remedies),
        cmocka_unit_test(test_no_foreign_issuer_is_recommended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
