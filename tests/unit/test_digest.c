/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of secrets, and the half digests of OpenID Connect. */
#include "ids.h"

#include <string.h>

#include "crypto/digest.h"

static void test_equal_text(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"", "", true},
        {"a", "a", true},
        {"abc", "abc", true},
        {"\xff\x01", "\xff\x01", true},
        {"abc", "abd", false},
        {"abc", "xbc", false},
        {"abc", "ab", false},
        {"ab", "abc", false},
        {"", "a", false},
        {"ABC", "abc", false},
        {"\x80", "\xff", false},
        {NULL, "", false},
        {"", NULL, false},
        {NULL, NULL, false},
        {"a\x01", "a\x02", false},
        {"abc", "axc", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (digest_equal_text(cases[i].a, cases[i].b) != cases[i].equal)
            fail_msg("case %zu", i);
    }
}

/* The access token and the code of OpenID Connect Core appendix A, with the hashes given there for RS256. */
#define ACCESS_TOKEN_A "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
#define CODE_A "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"

static void test_half_matches(void **state)
{
    (void)state;
    test_ids("IDT-17");
    static const struct {
        const char *alg, *text, *expected;
        bool matches;
    } cases[] = {
        {"RS256", ACCESS_TOKEN_A, "77QmUPtjPfzWtF2AnpK9RQ", true},
        {"ES256", ACCESS_TOKEN_A, "77QmUPtjPfzWtF2AnpK9RQ", true},
        {"PS256", CODE_A, "LDktKdoQak3Pk0cnXxCltA", true},
        {"RS384", ACCESS_TOKEN_A, "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs", true},
        {"ES512", ACCESS_TOKEN_A, "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM", true},
        {"EdDSA", ACCESS_TOKEN_A, "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM", true},
        {"Ed25519", CODE_A, "E9z1C-c0Az4eTEzE0Nm3OQ3BS2BhMgxuP7x5JAQj1_4", true},
        {"RS256", CODE_A, "77QmUPtjPfzWtF2AnpK9RQ", false},
        {"RS384", ACCESS_TOKEN_A, "77QmUPtjPfzWtF2AnpK9RQ", false},
        {"RS256", ACCESS_TOKEN_A, "77QmUPtjPfzWtF2AnpK9RQ==", false},
        {"RS256", ACCESS_TOKEN_A, "77QmUPtjPfzWtF2AnpK9R", false},
        {"RS256", ACCESS_TOKEN_A, "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        bool matches = !cases[i].matches;
        assert_true(digest_half_matches(cases[i].alg, cases[i].text, cases[i].expected, &matches, &err));
        if (matches != cases[i].matches)
            fail_msg("case %zu", i);
    }
}

static void test_half_of_unknown_algorithms(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "HS256", "", "rs256", "ES256K", NULL};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct error err = {0};
        bool matches = true;
        assert_false(digest_half_matches(names[i], "x", "y", &matches, &err));
        assert_int_equal(err.code, ERROR_IDTOKEN_ALG);
        assert_true(matches);
    }
}

static void test_library_version(void **state)
{
    (void)state;
    struct error err = {0};
    const char *version = NULL;
    assert_true(digest_library_version(&version, &err));
    assert_true(strncmp(version, "OpenSSL 3.", strlen("OpenSSL 3.")) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_text),
        cmocka_unit_test(test_half_matches),
        cmocka_unit_test(test_half_of_unknown_algorithms),
        cmocka_unit_test(test_library_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
