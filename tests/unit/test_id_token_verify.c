/* SPDX-License-Identifier: Apache-2.0 */
/* Whole tokens: signature and claims together, and what a token gives. */
#include "../../src/oidc/id_token_claims.h"
#include "base/json.h"
#include "id_token_fixture.h"

static bool verify(const char *text, const char *keys, const struct id_token_expectation *expected,
                   struct id_token *out, struct error *err)
{
    cleanup_jwk_set struct jwk_set *set = NULL;
    *err = (struct error){0};
    assert_true(jwk_set_parse(keys, strlen(keys), &set, err));
    return id_token_verify(text, set, expected, out, err);
}

static void test_verify(void **state)
{
    (void)state;
    test_ids("IDT-01");
    struct error err;
    cleanup_id_token struct id_token token = {0};
    assert_true(verify(ID_TOKEN, KEY_SET(EC_JWK), &login, &token, &err));
    assert_string_equal(token.subject, "5f1c0b");
    assert_string_equal(token.username, "jane@example.com");
    assert_int_equal(token.issued_at, TOKEN_TIME);
    assert_int_equal(token.expires_at, TOKEN_TIME + 300);
    assert_string_equal(json_text(token.claims, "name"), "Jane");
    struct id_token none = {0};
    assert_false(verify(ID_TOKEN, KEY_SET(RSA_JWK), &login, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_KEY);
    struct id_token_expectation later = login;
    later.now += 400;
    assert_false(verify(ID_TOKEN, KEY_SET(EC_JWK), &later, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_EXP);
    assert_null(none.claims);
}

static void test_no_signing_key(void **state)
{
    (void)state;
    test_ids("K7-66");
    static const char hint[] = "the provider has no signing key: choose one under Applications > Providers > "
                               "(provider) > Signing Key";
    struct error err;
    struct id_token none = {0};
    assert_false(verify(HS256_TOKEN, "{}", &login, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_ALG);
    assert_non_null(strstr(err.hint, hint));
    assert_false(verify(ID_TOKEN, "{}", &login, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_KEY);
    assert_non_null(strstr(err.hint, hint));
}

static void test_access_token(void **state)
{
    (void)state;
    test_ids("K7-70 IDT-06");
    struct error err;
    cleanup_id_token struct id_token token = {0};
    struct id_token_expectation expected = login;
    assert_false(verify(ACCESS_TOKEN, KEY_SET(EC_JWK), &expected, &token, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_FORMAT);
    assert_non_null(strstr(err.message, "it is an access token"));
    expected.audience_unchecked = true;
    assert_true(verify(ACCESS_TOKEN, KEY_SET(EC_JWK), &expected, &token, &err));
}

static void test_username(void **state)
{
    (void)state;
    static const struct {
        const char *claims, *username;
    } cases[] = {
        {"\"email\":\"e\",\"preferred_username\":\"p\",\"name\":\"n\"", "e"},
        {"\"email\":\"\",\"preferred_username\":\"p\",\"name\":\"n\"", "p"},
        {"\"email\":1,\"name\":\"n\"", "n"},
        {"\"name\":\"\"", "5f1c0b"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_id_token struct id_token token = {0};
        cleanup_string char *first = memory_format("{%s,", cases[i].claims);
        cleanup_string char *text = changed_claims("{", first);
        id_token_fill(json_loads(text, 0, NULL), &token);
        assert_string_equal(token.username, cases[i].username);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_no_signing_key),
        cmocka_unit_test(test_access_token),
        cmocka_unit_test(test_username),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
