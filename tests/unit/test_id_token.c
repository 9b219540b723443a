/* SPDX-License-Identifier: Apache-2.0 */
/* The claim rules one by one, and what a person is told. */
#include "ids.h"

#include <string.h>

#include "../../src/oidc/id_token_claims.h"
#include "base/buffer.h"
#include "base/json.h"
#include "id_token_fixture.h"

static struct id_token_expectation refresh_of(const char *subject)
{
    struct id_token_expectation expected = login;
    expected.nonce_optional = true;
    expected.fresh_login = false;
    expected.previous_subject = subject;
    expected.previous_issued_at = TOKEN_TIME - 1;
    expected.previous_auth_time = TOKEN_TIME - 5;
    return expected;
}

static bool check(const char *text, const struct id_token_expectation *expected, struct error *err)
{
    json_auto_t *claims = NULL;
    struct json_source source = {.what = "the claims", .code = ERROR_INTERNAL};
    *err = (struct error){0};
    assert_true(json_parse_object(source, text, strlen(text), &claims, err));
    return id_token_check_claims(claims, "RS256", expected, err);
}

/* CODE is ERROR_NONE for claims that are taken; WORDS must stand in the message or the hint. */
static void expect(const char *from, const char *to, const struct id_token_expectation *expected,
                   enum error_code code, const char *words)
{
    struct error err;
    cleanup_string char *text = changed_claims(from, to);
    bool taken = check(text, expected, &err);
    if (taken != (code == ERROR_NONE) || err.code != code ||
        (!taken && strstr(err.message, words) == NULL && strstr(err.hint, words) == NULL))
        fail_msg("%s -> %s: '%s' [%s] (%s)", from, to, err.message, error_code_name(err.code), err.hint);
}

struct claim_case {
    const char *from, *to;
    enum error_code code;
    const char *words;
};

static void expect_all(const struct claim_case *cases, size_t count,
                       const struct id_token_expectation *expected)
{
    for (size_t i = 0; i < count; i++)
        expect(cases[i].from, cases[i].to, expected, cases[i].code, cases[i].words);
}
#define EXPECT_ALL(cases, expected) expect_all(cases, array_length(cases), expected)

static void test_issuer(void **state)
{
    (void)state;
    test_ids("IDT-10 K7-66");
    static const struct claim_case cases[] = {
        {"{", "{", ERROR_NONE, ""},
        {"kubernetes/\"", "kubernetes\"", ERROR_IDTOKEN_ISS,
         "issuer is '"
         "https://auth.example/application/o/kubernetes'"},
        {"https://auth.ex", "http://auth.ex", ERROR_IDTOKEN_ISS, "X-Forwarded-Proto"},
        {"auth.example", "inner.example", ERROR_IDTOKEN_ISS, "inner.example"},
        {"\"iss\":\"", "\"was\":\"", ERROR_IDTOKEN_ISS, "'iss' is missing or is not text"},
    };
    EXPECT_ALL(cases, &login);
}

static void test_audience(void **state)
{
    (void)state;
    test_ids("IDT-11 K7-66");
    static const struct claim_case cases[] = {
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\"]", ERROR_NONE, ""},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\",\"kubernetes\"]", ERROR_NONE, ""},
        {"\"aud\":\"kubernetes\"", "\"aud\":\"grafana\"", ERROR_IDTOKEN_AUD,
         "is for 'grafana', not for the client"},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"a\",\"b\"]", ERROR_IDTOKEN_AUD, "is for 'a', 'b', not"},
        {"\"aud\":\"kubernetes\"", "\"aud\":[]", ERROR_IDTOKEN_AUD, "'aud' is missing"},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\",1]", ERROR_IDTOKEN_AUD, "'aud' is missing"},
        {"\"aud\":", "\"was\":", ERROR_IDTOKEN_AUD, "scope mapping"},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\",\"x\"]", ERROR_IDTOKEN_AUD,
         "--oidc-trusted-audience=x"},
    };
    EXPECT_ALL(cases, &login);
    struct id_token_expectation unchecked = login;
    unchecked.audience_unchecked = true;
    expect("\"aud\":\"kubernetes\"", "\"aud\":\"api\",\"azp\":\"x\"", &unchecked, ERROR_NONE, "");
}

static void test_several_audiences(void **state)
{
    (void)state;
    test_ids("IDT-11 IDT-12");
    char one[] = "one", two[] = "two";
    char *items[] = {one, two};
    const struct text_list trusted = {items, array_length(items)};
    struct id_token_expectation expected = login;
    expected.trusted_audiences = &trusted;
    static const struct claim_case cases[] = {
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"two\",\"kubernetes\",\"one\"]", ERROR_NONE, ""},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\",\"three\"]", ERROR_IDTOKEN_AUD,
         "also for 'three'"},
        {"\"aud\":\"kubernetes\"", "\"aud\":\"one\"", ERROR_IDTOKEN_AUD, "is for 'one'"},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\",\"three\"],\"azp\":\"kubernetes\"", ERROR_NONE,
         ""},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"kubernetes\",\"one\"],\"azp\":\"one\"", ERROR_IDTOKEN_AZP,
         "to 'one'"},
    };
    EXPECT_ALL(cases, &expected);
}

static void test_authorized_party(void **state)
{
    (void)state;
    test_ids("IDT-12");
    static const struct claim_case cases[] = {
        {"{", "{\"azp\":\"kubernetes\",", ERROR_NONE, ""},
        {"{", "{\"azp\":null,", ERROR_NONE, ""},
        {"{", "{\"azp\":\"other\",", ERROR_IDTOKEN_AZP, "issued to 'other'"},
        {"{", "{\"azp\":[\"kubernetes\"],", ERROR_IDTOKEN_AZP, "'azp'"},
    };
    EXPECT_ALL(cases, &login);
}

static void test_expiry(void **state)
{
    (void)state;
    test_ids("IDT-13 K7-66");
    static const struct claim_case cases[] = {
        {"\"exp\":1800000300,\"iat\":1800000000", "\"exp\":1799999941,\"iat\":1799999000", ERROR_NONE, ""},
        {"\"exp\":1800000300", "\"exp\":1799999940", ERROR_IDTOKEN_EXP, "expired at 2027-01-15T07:59:00Z"},
        {"\"exp\":1800000300", "\"exp\":1799999940", ERROR_IDTOKEN_EXP, "clock says 2027-01-15T08:00:00Z"},
        {"\"exp\":1800000300", "\"exp\":1799999940", ERROR_IDTOKEN_EXP, "set them by NTP"},
        {"\"exp\":1800000300", "\"exp\":1e300", ERROR_IDTOKEN_EXP, "a time in seconds"},
        {"\"exp\":1800000300", "\"exp\":\"1800000300\"", ERROR_IDTOKEN_EXP, "a time in seconds"},
        {"\"exp\":1800000300", "\"exp\":-1", ERROR_IDTOKEN_EXP, "a time in seconds"},
        {"\"exp\"", "\"was\"", ERROR_IDTOKEN_EXP, "removes or replaces 'exp'"},
    };
    EXPECT_ALL(cases, &login);
}

/* Within the clocks' leeway, all of them. */
static void test_a_lifetime(void **state)
{
    (void)state;
    test_ids("IDT-13");
    static const struct claim_case cases[] = {
        {"\"exp\":1800000300", "\"exp\":1800000001", ERROR_NONE, ""},
        {"\"exp\":1800000300", "\"exp\":1800000000", ERROR_IDTOKEN_EXP, "expires at 2027-01-15T08:00:00Z"},
        {"\"exp\":1800000300", "\"exp\":1800000000.9", ERROR_IDTOKEN_EXP,
         "was issued (2027-01-15T08:00:00Z)"},
        {"\"exp\":1800000300", "\"exp\":1799999970", ERROR_IDTOKEN_EXP, "a lifetime"},
        {"\"iat\":1800000000", "\"iat\":1800000299", ERROR_NONE, ""},
        {"\"exp\":1800000300,\"iat\":1800000000", "\"exp\":1800000020,\"iat\":1800000100", ERROR_IDTOKEN_EXP,
         "not later than it was issued"},
    };
    EXPECT_ALL(cases, &login);
    struct id_token_expectation access_token = login;
    access_token.audience_unchecked = true;
    EXPECT_ALL(cases, &access_token);
}

static void test_issued_at(void **state)
{
    (void)state;
    test_ids("IDT-14");
    static const struct claim_case cases[] = {
        {"\"exp\":1800000300,\"iat\":1800000000", "\"exp\":1800000301,\"iat\":1800000300", ERROR_NONE, ""},
        {"\"iat\":1800000000", "\"iat\":1799913600", ERROR_NONE, ""},
        {"\"iat\":1800000000", "\"iat\":1800000301", ERROR_IDTOKEN_IAT,
         "in the future, at 2027-01-15T08:05:01Z"},
        {"\"iat\":1800000000", "\"iat\":1799913599", ERROR_IDTOKEN_IAT, "not fresh"},
        {"\"iat\":1800000000", "\"iat\":true", ERROR_IDTOKEN_IAT, "'iat' is missing"},
        {"\"iat\"", "\"was\"", ERROR_IDTOKEN_IAT, "'iat' is missing"},
    };
    EXPECT_ALL(cases, &login);
    struct id_token_expectation later = login;
    later.fresh_login = false;
    expect("\"iat\":1800000000", "\"iat\":1", &later, ERROR_NONE, "");
}

static void test_not_before(void **state)
{
    (void)state;
    test_ids("IDT-14 K7-66");
    static const struct claim_case cases[] = {
        {"{", "{\"nbf\":1800000300,", ERROR_NONE, ""},
        {"{", "{\"nbf\":null,", ERROR_NONE, ""},
        {"{", "{\"nbf\":1800000301,", ERROR_IDTOKEN_NBF, "not valid before 2027-01-15T08:05:01Z"},
        {"{", "{\"nbf\":\"0\",", ERROR_IDTOKEN_NBF, "'nbf'"},
    };
    EXPECT_ALL(cases, &login);
}

static void test_subject(void **state)
{
    (void)state;
    test_ids("IDT-15");
    static const struct claim_case cases[] = {
        {"5f1c0b", "J\\u00fcrgen \\u00a0", ERROR_NONE, ""},
        {"\"5f1c0b\"", "\"\"", ERROR_IDTOKEN_SUB, "'sub' is missing"},
        {"\"5f1c0b\"", "1", ERROR_IDTOKEN_SUB, "'sub' is missing"},
        {"\"sub\"", "\"was\"", ERROR_IDTOKEN_SUB, "'sub' is missing"},
        {"5f1c0b", "a\\nb", ERROR_IDTOKEN_SUB, "control characters"},
        {"5f1c0b", "a\\u007f", ERROR_IDTOKEN_SUB, "control characters"},
        {"5f1c0b", "a\\u009f", ERROR_IDTOKEN_SUB, "control characters"},
    };
    EXPECT_ALL(cases, &login);
    char longest[257];
    memset(longest, 's', 255);
    longest[255] = '\0';
    expect("5f1c0b", longest, &login, ERROR_NONE, "");
    memcpy(longest + 255, "s", 2);
    expect("5f1c0b", longest, &login, ERROR_IDTOKEN_SUB, "longer than 255 bytes");
}

static void test_nonce(void **state)
{
    (void)state;
    test_ids("IDT-16 K7-68");
    static const struct claim_case cases[] = {
        {"nonce-of-this-login", "nonce-of-another-login", ERROR_IDTOKEN_NONCE, "not the one of this login"},
        {"nonce-of-this-login", "nonce-of-this-logi", ERROR_IDTOKEN_NONCE, "not the one of this login"},
        {"\"nonce\"", "\"was\"", ERROR_IDTOKEN_NONCE, "'nonce' is missing"},
        {"\"nonce-of-this-login\"", "1", ERROR_IDTOKEN_NONCE, "not the one of this login"},
    };
    EXPECT_ALL(cases, &login);
    struct id_token_expectation expected = login;
    expected.nonce_optional = true;
    expect("\"nonce\"", "\"was\"", &expected, ERROR_NONE, "");
    expect("nonce-of-this-login", "x", &expected, ERROR_IDTOKEN_NONCE, "not the one");
    expected.nonce = NULL;
    expect("nonce-of-this-login", "x", &expected, ERROR_NONE, "");
}

/* Neither the nonce that came nor the one that was sent is shown. */
static void test_nonce_is_not_shown(void **state)
{
    (void)state;
    struct error err;
    cleanup_string char *text = changed_claims("nonce-of-this-login", "nonce-of-mallory");
    assert_false(check(text, &login, &err));
    assert_null(strstr(err.message, "nonce-of"));
    assert_null(strstr(err.hint, "nonce-of"));
}

static void test_hashes(void **state)
{
    (void)state;
    test_ids("IDT-17");
    static const struct claim_case cases[] = {
        {"{", "{\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\",\"c_hash\":\"LDktKdoQak3Pk0cnXxCltA\",", ERROR_NONE,
         ""},
        {"{", "{\"at_hash\":null,", ERROR_NONE, ""},
        {"{", "{\"at_hash\":\"LDktKdoQak3Pk0cnXxCltA\",", ERROR_IDTOKEN_AT_HASH, "'at_hash'"},
        {"{", "{\"at_hash\":1,", ERROR_IDTOKEN_AT_HASH, "'at_hash'"},
        {"{", "{\"c_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\",", ERROR_IDTOKEN_AT_HASH, "'c_hash'"},
    };
    EXPECT_ALL(cases, &login);
    struct id_token_expectation expected = login;
    expected.access_token = expected.code = NULL;
    expect("{", "{\"at_hash\":\"x\",\"c_hash\":\"x\",", &expected, ERROR_NONE, "");
}

static void test_refresh(void **state)
{
    (void)state;
    test_ids("REF-03");
    static const struct claim_case cases[] = {
        {"{", "{", ERROR_NONE, ""},
        {"\"nonce\"", "\"was\"", ERROR_NONE, ""},
        {"{", "{\"auth_time\":1799999995,", ERROR_NONE, ""},
        {"{", "{\"auth_time\":1799999996,", ERROR_IDTOKEN_AUTH_TIME, "auth_time"},
        {"{", "{\"auth_time\":\"1799999995\",", ERROR_IDTOKEN_AUTH_TIME, "auth_time"},
        {"\"iat\":1800000000", "\"iat\":1799999999", ERROR_NONE, ""},
        {"\"iat\":1800000000", "\"iat\":1799999998", ERROR_IDTOKEN_IAT, "older than the one it replaces"},
        {"auth.example", "evil.example", ERROR_REFRESH_ISS, "issuer is"},
        {"\"iss\"", "\"was\"", ERROR_REFRESH_ISS, "'iss'"},
        {"5f1c0b", "5f1c0c", ERROR_REFRESH_SUB, "for '5f1c0c', the login was for '5f1c0b'"},
        {"\"sub\"", "\"was\"", ERROR_REFRESH_SUB, "'sub'"},
        {"\"aud\":\"kubernetes\"", "\"aud\":\"x\"", ERROR_REFRESH_AUD, "is for 'x'"},
        {"\"aud\":\"kubernetes\"", "\"aud\":[\"x\",\"kubernetes\"]", ERROR_REFRESH_AUD, "also for 'x'"},
    };
    struct id_token_expectation expected = refresh_of("5f1c0b");
    EXPECT_ALL(cases, &expected);
}

static void test_max_age(void **state)
{
    (void)state;
    test_ids("IDT-18");
    static const struct claim_case cases[] = {
        {"{", "{\"auth_time\":1799990000,", ERROR_NONE, ""},
        {"{", "{\"auth_time\":1799989940,", ERROR_NONE, ""},
        {"{", "{\"auth_time\":1799989939,", ERROR_IDTOKEN_AUTH_TIME, "older than max_age"},
        {"{", "{\"auth_time\":null,", ERROR_IDTOKEN_AUTH_TIME, "'auth_time'"},
        {"{", "{", ERROR_IDTOKEN_AUTH_TIME, "'auth_time'"},
    };
    struct id_token_expectation expected = login;
    expected.login_after = 1799990000;
    EXPECT_ALL(cases, &expected);
}

/* Every rule is broken; mending them one by one shows the order. */
static void test_order(void **state)
{
    (void)state;
    test_ids("IDT-19");
    static const struct {
        const char *claim;
        enum error_code code;
    } broken[] = {
        {"\"iss\":\"x\"", ERROR_IDTOKEN_ISS},
        {"\"aud\":\"x\"", ERROR_IDTOKEN_AUD},
        {"\"azp\":\"x\"", ERROR_IDTOKEN_AZP},
        {"\"exp\":1", ERROR_IDTOKEN_EXP},
        {"\"iat\":1", ERROR_IDTOKEN_IAT},
        {"\"nbf\":1900000000", ERROR_IDTOKEN_NBF},
        {"\"sub\":\"\"", ERROR_IDTOKEN_SUB},
        {"\"nonce\":\"x\"", ERROR_IDTOKEN_NONCE},
        {"\"at_hash\":\"x\"", ERROR_IDTOKEN_AT_HASH},
    };
    static const char *const good[] = {
        "\"iss\":\"" TOKEN_ISSUER "\"",
        "\"aud\":\"kubernetes\"",
        "\"azp\":\"kubernetes\"",
        "\"exp\":1800000300",
        "\"iat\":1800000000",
        "\"nbf\":1",
        "\"sub\":\"5f1c0b\"",
        "\"nonce\":\"nonce-of-this-login\"",
        "\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"",
    };
    for (size_t mended = 0; mended <= array_length(broken); mended++) {
        cleanup_buffer struct buffer text = BUFFER(4096);
        for (size_t i = 0; i < array_length(broken); i++)
            buffer_add_format(&text, "%s%s", i == 0 ? "{" : ",", i < mended ? good[i] : broken[i].claim);
        buffer_add(&text, "}");
        struct error err;
        bool taken = check(buffer_text(&text), &login, &err);
        assert_int_equal(err.code, mended < array_length(broken) ? broken[mended].code : ERROR_NONE);
        assert_int_equal(taken, mended == array_length(broken));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issuer),
        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_several_audiences),
        cmocka_unit_test(test_authorized_party),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_a_lifetime),
        cmocka_unit_test(test_issued_at),
        cmocka_unit_test(test_not_before),
        cmocka_unit_test(test_subject),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_nonce_is_not_shown),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_max_age),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
