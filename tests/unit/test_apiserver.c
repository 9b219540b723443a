/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of kubernetes/apiserver against the answers of a real OIDC authenticator. */
#include "ids.h"

#include <string.h>

#include "base/json.h"
#include "kubernetes/apiserver.h"

#define NOW 1795284000
#define ISSUER "https://ak.example/application/o/kube/"

/* A token that every API server with usual flags takes. */
#define GOOD                                                                                                 \
    "\"iss\":\"" ISSUER                                                                                      \
    "\",\"aud\":\"kubernetes\",\"exp\":1795284300,\"email\":\"a@example.com\",\"email_verified\":true"

/* The members of GOOD are overwritten by CHANGES ("" for none), a member of REMOVED (may be NULL) is left
 * out. */
static void find_doubts(const char *alg, const char *changes, const char *removed, struct text_list *lines)
{
    struct json_source source = {.what = "the test", .code = ERROR_INTERNAL};
    cleanup_string char *good = memory_format("{%s,\"groups\":[\"admins\"]}", GOOD);
    cleanup_string char *changed = memory_format("{%s}", changes);
    json_auto_t *claims = NULL, *overrides = NULL;
    struct error err = {0};
    assert_true(json_parse_object(source, good, strlen(good), &claims, &err));
    assert_true(json_parse_object(source, changed, strlen(changed), &overrides, &err));
    json_object_update(claims, overrides);
    if (removed != NULL)
        json_object_del(claims, removed);
    apiserver_doubts(alg, claims, NOW, lines);
}

static bool any_line_has(const struct text_list *lines, const char *words)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (strstr(lines->items[i], words) != NULL)
            return true;
    }
    return false;
}

static void test_good_token(void **state)
{
    cleanup_text_list struct text_list lines = {0};
    (void)state;
    find_doubts("RS256", "", NULL, &lines);
    assert_int_equal(lines.count, 2);
    assert_non_null(strstr(lines.items[0], "exactly '" ISSUER "'"));
    assert_non_null(strstr(lines.items[1], "must be 'kubernetes'"));
}

static void test_no_doubt(void **state)
{
    static const struct {
        const char *changes, *removed;
    } cases[] = {
        {"", "email_verified"},
        {"\"groups\":\"admins\"", NULL},
        {"\"exp\":1795284000.5", NULL},
        {"\"exp\":1795284000", NULL},
        {"\"nbf\":1795284060", NULL},
        {"\"iat\":1795290000", NULL},
        {"\"aud\":[\"kubernetes\"]", NULL},
        {"\"azp\":\"other\"", NULL},
        {"\"groups\":[\"mysystem:x\"]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_list struct text_list lines = {0};
        find_doubts("RS256", cases[i].changes, cases[i].removed, &lines);
        if (lines.count != 2)
            fail_msg("%s: %s", cases[i].changes, lines.items[0]);
    }
}

static void test_doubts(void **state)
{
    static const struct {
        const char *alg, *changes, *removed, *words;
    } cases[] = {
        {"RS256", "\"email_verified\":false", NULL, "email_verified is not true"},
        {"RS256", "\"email_verified\":null", NULL, "email_verified is not true"},
        {"RS256", "\"email_verified\":\"true\"", NULL, "another type"},
        {"RS256", "\"email_verified\":1", NULL, "another type"},
        {"RS256", "", "email", "there is no email"},
        {"RS256", "\"email\":null", NULL, "there is no email"},
        {"RS256", "\"email\":1", NULL, "email is not text"},
        {"RS256", "\"email\":\"\"", NULL, "email is empty"},
        {"RS256", "", "groups", "no groups"},
        {"RS256", "\"groups\":[]", NULL, "no groups"},
        {"RS256", "\"groups\":[1,2]", NULL, "not a list of texts"},
        {"RS256", "\"groups\":[\"a\",null]", NULL, "not a list of texts"},
        {"RS256", "\"groups\":{\"a\":1}", NULL, "not a list of texts"},
        {"RS256", "\"groups\":[\"a\",\"system:masters\"]", NULL, "system:"},
        {"RS256", "\"groups\":\"system:masters\"", NULL, "system:"},
        {"ES256", "", NULL, "--oidc-signing-algs=ES256"},
        {"PS512", "", NULL, "--oidc-signing-algs=PS512"},
        {"HS256", "", NULL, "no API server accepts"},
        {"EdDSA", "", NULL, "no API server accepts"},
        {"none", "", NULL, "no API server accepts"},
        {"RS256", "\"exp\":1795283999", NULL, "expired at 2026-11-21T17:59:59Z"},
        {"RS256", "", "exp", "no usable exp"},
        {"RS256", "\"exp\":\"soon\"", NULL, "no usable exp"},
        {"RS256", "\"nbf\":1795284061", NULL, "not valid before 2026-11-21T18:01:01Z"},
        {"RS256", "\"iss\":\"http://localhost:9000/\"", NULL, "is not https"},
        {"RS256", "", "iss", "there is no iss"},
        {"RS256", "\"iss\":[]", NULL, "there is no iss"},
        {"RS256", "\"aud\":[\"a\",\"b\"]", NULL, "one of 'a', 'b'"},
        {"RS256", "", "aud", "no usable aud"},
        {"RS256", "\"aud\":[]", NULL, "no usable aud"},
        {"RS256", "\"aud\":[\"a\",1]", NULL, "no usable aud"},
        {"RS256", "\"aud\":1", NULL, "no usable aud"},
    };
    (void)state;
    test_ids("K7-90");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_list struct text_list lines = {0};
        find_doubts(cases[i].alg, cases[i].changes, cases[i].removed, &lines);
        if (!any_line_has(&lines, cases[i].words))
            fail_msg("case %zu: no '%s', first: %s", i, cases[i].words, lines.items[0]);
    }
}

static void test_most_likely_first(void **state)
{
    static const char *const order[] = {"email_verified", "there is no email", "groups",   "signed with",
                                        "expired",        "issuer URL",        "client id"};
    cleanup_text_list struct text_list lines = {0};
    (void)state;
    find_doubts("ES256", "\"email_verified\":false,\"groups\":[1],\"exp\":1", "email", &lines);
    assert_int_equal(lines.count, array_length(order));
    for (size_t i = 0; i < array_length(order); i++)
        assert_non_null(strstr(lines.items[i], order[i]));
}

static void test_claims_are_shown_safely(void **state)
{
    cleanup_text_list struct text_list lines = {0};
    (void)state;
    test_ids("T-16");
    find_doubts("\x1b[2J", "\"iss\":\"https://x/\\u001b[2J\",\"aud\":[\"\\u202ea\",\"\\u0007\"]", NULL,
                &lines);
    for (size_t i = 0; i < lines.count; i++) {
        assert_null(strchr(lines.items[i], '\x1b'));
        assert_null(strchr(lines.items[i], '\x07'));
        assert_null(strstr(lines.items[i], "\xe2\x80\xae"));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_token),
        cmocka_unit_test(test_no_doubt),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_most_likely_first),
        cmocka_unit_test(test_claims_are_shown_safely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
