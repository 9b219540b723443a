/* SPDX-License-Identifier: Apache-2.0 */
/* Whole tokens: signature and claims together, tokens of our own cache, and what a token gives. */
#include <dlfcn.h>

#include "base/encoding.h"
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

static void test_reread(void **state)
{
    (void)state;
    test_ids("REF-11");
    struct error err = {0};
    cleanup_id_token struct id_token token = {0};
    struct id_token_expectation expected = login;
    expected.now = TOKEN_TIME + 1000000;
    assert_true(id_token_reread(ID_TOKEN, &expected, &token, &err));
    assert_int_equal(token.expires_at, TOKEN_TIME + 300);
    assert_string_equal(token.username, "jane@example.com");
    struct id_token none = {0};
    assert_false(id_token_reread(ID_TOKEN "x.y", &expected, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_FORMAT);
    expected.issuer = "https://other.example/";
    assert_false(id_token_reread(ID_TOKEN, &expected, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_ISS);
    expected = login;
    expected.client_id = "other";
    assert_false(id_token_reread(ID_TOKEN, &expected, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_AUD);
    /* {"iss":ISSUER,"aud":"kubernetes"} */
    assert_false(id_token_reread(
        "e30.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS9hcHBsaWNhdGlvbi9vL2t1YmVybmV0ZXMvIiwiYXVkIjoia3ViZXJu"
        "ZXRlcyJ9.AAAA",
        &login, &none, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_EXP);
    assert_null(none.claims);
#ifdef LATE_BINDING
    assert_null(dlopen(LATE_CRYPTO, RTLD_NOW | RTLD_NOLOAD));
#endif
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
        struct error err = {0};
        cleanup_id_token struct id_token token = {0};
        char encoded[1024];
        cleanup_string char *first = memory_format("{%s,", cases[i].claims);
        cleanup_string char *text = changed_claims("{", first);
        assert_true(BASE64URL_SIZE(strlen(text)) <= sizeof(encoded));
        encoding_base64url((const uint8_t *)text, strlen(text), encoded);
        cleanup_string char *jwt = memory_format("e30.%s.AAAA", encoded);
        assert_true(id_token_reread(jwt, &login, &token, &err));
        assert_string_equal(token.username, cases[i].username);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reread), /* first: nothing has bound libcrypto yet */
        cmocka_unit_test(test_verify),       cmocka_unit_test(test_no_signing_key),
        cmocka_unit_test(test_access_token), cmocka_unit_test(test_username),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
