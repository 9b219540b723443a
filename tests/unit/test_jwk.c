/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys of a set are taken; what makes the whole set unusable. */
#include "ids.h"

#include <dlfcn.h>
#include <string.h>

#include "base/buffer.h"
#include "crypto/jwk.h"
#include "jose_fixture.h"

static struct jwk_set *parse(const char *text)
{
    struct error err = {0};
    struct jwk_set *set = NULL;
    if (!jwk_set_parse(text, strlen(text), &set, &err))
        fail_msg("%s: %s", text, err.message);
    return set;
}

/* The same JWK with FROM, which it has, replaced by TO. */
static char *replaced(const char *jwk, const char *from, const char *to)
{
    const char *at = strstr(jwk, from);
    assert_non_null(at);
    return memory_format("%.*s%s%s", (int)(at - jwk), jwk, to, at + strlen(from));
}

/* A JWK in which FROM is replaced by TO. */
struct key_case {
    const char *jwk, *from, *to;
    size_t usable;
};

static void expect_all(const struct key_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cleanup_string char *jwk = replaced(cases[i].jwk, cases[i].from, cases[i].to);
        cleanup_string char *text = memory_format("{\"keys\":[%s]}", jwk);
        cleanup_jwk_set struct jwk_set *set = parse(text);
        assert_int_equal(jwk_set_total(set), 1);
        if (jwk_set_usable(set) != cases[i].usable)
            fail_msg("case %zu: %s", i, jwk);
    }
}

static void test_purpose(void **state)
{
    (void)state;
    test_ids("IDT-07 K7-67");
    static const struct key_case cases[] = {
        {RSA_JWK, "{", "{", 1},
        {EC_JWK, "{", "{", 1},
        {ED_JWK, "{", "{", 1},
        {EC_JWK, "{", "{\"use\":\"sig\",", 1},
        {EC_JWK, "{", "{\"use\":null,\"alg\":null,\"key_ops\":null,", 1},
        {EC_JWK, "{", "{\"use\":\"enc\",", 0},
        {EC_JWK, "{", "{\"use\":\"\",", 0},
        {EC_JWK, "{", "{\"key_ops\":[\"verify\",\"sign\"],", 1},
        {EC_JWK, "{", "{\"key_ops\":[\"sign\"],", 0},
        {EC_JWK, "{", "{\"key_ops\":[],", 0},
        {EC_JWK, "{", "{\"key_ops\":[\"verify\",1],", 0},
        {EC_JWK, "{", "{\"alg\":\"ES256\",", 1},
        {EC_JWK, "{", "{\"alg\":\"ES384\",", 0},
        {EC_JWK, "{", "{\"alg\":\"RS256\",", 0},
        {EC_JWK, "{", "{\"alg\":\"ECDH-ES\",", 0},
        {EC_JWK, "{", "{\"alg\":1,", 0},
        {RSA_JWK, "{", "{\"alg\":\"PS512\",", 1},
        {RSA_JWK, "{", "{\"alg\":\"ES256\",", 0},
        {RSA_JWK, "{", "{\"alg\":\"HS256\",", 0},
        {RSA_JWK, "{", "{\"alg\":\"none\",", 0},
        {ED_JWK, "{", "{\"alg\":\"EdDSA\",", 1},
        {ED_JWK, "{", "{\"alg\":\"Ed25519\",", 1},
        {EC_JWK, "{", "{\"d\":\"AQAB\",", 0},
        {RSA_JWK, "{", "{\"d\":null,", 0},
        {RSA_JWK, "{", "{\"k\":\"AQAB\",", 0},
    };
    expect_all(cases, array_length(cases));
}

static void test_rsa_numbers(void **state)
{
    (void)state;
    test_ids("IDT-07 T-13");
    static const struct key_case cases[] = {
        {RSA_JWK, "AQAB", "Aw", 1},        {RSA_JWK, "AQAB", "AQ", 0},
        {RSA_JWK, "AQAB", "AA", 0},        {RSA_JWK, "AQAB", "Ag", 0},
        {RSA_JWK, "AQAB", "BA", 0},        {RSA_JWK, "AQAB", "AAEAAQ", 0},
        {RSA_JWK, "AQAB", "AAAAAAM", 0},   {RSA_JWK, "AQAB", "_____w", 1},
        {RSA_JWK, "AQAB", "AQAAAAE", 0},   {RSA_JWK, "AQAB", "AQABAAE", 0}, /* 2^32 + 65537 */
        {RSA_JWK, "ofgW", "f_gW", 0},      {RSA_JWK, "ofgW", "AKH4Fg", 0},
        {RSA_JWK, "XpoQ", "XpoR", 0},      {RSA_JWK, "\"RSA\"", "\"rsa\"", 0},
        {RSA_JWK, "\"RSA\"", "\"EC\"", 0}, {RSA_JWK, "\"n\"", "\"N\"", 0},
    };
    expect_all(cases, array_length(cases));
}

static void test_other_members(void **state)
{
    (void)state;
    test_ids("IDT-07 T-13");
    static const struct key_case cases[] = {
        {EC_JWK, "P-256", "P-384", 0},
        {EC_JWK, "P-256", "secp256k1", 0},
        {EC_JWK, "\"x\":\"", "\"x\":\"AAAA", 0},
        {EC_JWK, "\"y\":\"", "\"y\":\"AAAA", 0},
        {EC_JWK, "\"x\":\"f83O", "\"x\":\"", 0},
        {EC_JWK, "\"y\":\"x_FE", "\"y\":\"", 0},
        {EC_JWK, "\"y\"", "\"z\"", 0},
        {EC_JWK, "\"EC\"", "\"OKP\"", 0},
        {ED_JWK, "Ed25519", "X25519", 0},
        {ED_JWK, "Ed25519", "P-256", 0},
        {ED_JWK, "\"OKP\"", "\"EC\"", 0},
        {ED_JWK, "\"x\":\"11qY", "\"x\":\"11", 0},
        {EC_JWK, "\"kid\":\"ec\"", "\"kid\":1", 0},
        {EC_JWK, "\"kid\":\"ec\"", "\"kid\":null", 1},
        {"{}", "{}", "{}", 0},
        {"{}", "{}", "[]", 0},
        {"{}", "{}", "null", 0},
        {"{}", "{}", "{\"kty\":\"oct\",\"kid\":\"o\"}", 0},
        {"{}", "{}", "{\"kty\":\"RSA\",\"x5c\":[\"MIIB\"]}", 0},
    };
    expect_all(cases, array_length(cases));
}

/* 2047 and 2048 bits, 8192 and 8193; the products are odd and nothing else matters here. */
static void test_rsa_sizes(void **state)
{
    (void)state;
    test_ids("IDT-07");
    static const struct {
        size_t bytes;
        const char *first; /* three bytes */
        size_t usable;
    } cases[] = {
        {256, "gAAB", 1},  {256, "f___", 0},  {255, "____", 0},
        {1023, "____", 1}, {1024, "____", 1}, {1026, "AQAB", 0},
        {3, "gAAB", 0},    {1026, "____", 0}, {100 * 1024 - 1, "gAAB", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cleanup_buffer struct buffer text = BUFFER(200 * 1024);
        buffer_add(&text, "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
        buffer_add(&text, cases[i].first);
        for (size_t at = 3; at + 3 <= cases[i].bytes; at += 3)
            buffer_add(&text, "AAAB");
        buffer_add(&text, cases[i].bytes % 3 == 1 ? "AQ\"}]}" : "\"}]}");
        cleanup_jwk_set struct jwk_set *set = parse(buffer_text(&text));
        if (jwk_set_usable(set) != cases[i].usable)
            fail_msg("case %zu", i);
    }
}

/* Points of small order, with either sign, and numbers that are not reduced. */
static void test_small_groups(void **state)
{
    (void)state;
    test_ids("IDT-07");
    static const char *const points[] = {
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "7P_______________________________________38", "7P________________________________________8",
        "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU", "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o", "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_o",
        "7f_______________________________________38", "7f________________________________________8",
        "7v_______________________________________38", "7v________________________________________8",
        "8P_______________________________________38", "8P________________________________________8",
        "_________________________________________38", "__________________________________________8",
    };
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        cleanup_string char *text =
            memory_format("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}]}", points[i]);
        cleanup_jwk_set struct jwk_set *set = parse(text);
        assert_int_equal(strlen(points[i]), 43);
        if (jwk_set_usable(set) != 0)
            fail_msg("%s", points[i]);
    }
}

static void test_sets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t total, usable;
    } cases[] = {
        {"{}", 0, 0},
        {"{\"keys\":[]}", 0, 0},
        {"{\"other\":[" EC_JWK "]}", 0, 0},
        {KEY_SET(EC_JWK "," RSA_JWK "," ED_JWK), 3, 3},
        {KEY_SET(EC_JWK ",1,null,{\"kty\":\"oct\",\"k\":\"AAAA\"}," EC_JWK), 5, 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cleanup_jwk_set struct jwk_set *set = parse(cases[i].text);
        assert_int_equal(jwk_set_total(set), cases[i].total);
        assert_int_equal(jwk_set_usable(set), cases[i].usable);
    }
}

static void test_refused_sets(void **state)
{
    (void)state;
    test_ids("T-13 T-15");
    static const struct {
        const char *text;
        enum error_code code;
    } cases[] = {
        {"", ERROR_JWKS_JSON},
        {"[]", ERROR_JWKS_JSON},
        {"{\"keys\":null}", ERROR_JWKS_JSON},
        {"{\"keys\":{}}", ERROR_JWKS_JSON},
        {"{\"keys\":[]}x", ERROR_JWKS_JSON},
        {"{\"keys\":[],\"keys\":[]}", ERROR_JWKS_JSON},
        {"{\"keys\":[{\"kid\":\"a\\u0000b\"}]}", ERROR_JWKS_JSON},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct jwk_set *set = NULL;
        assert_false(jwk_set_parse(cases[i].text, strlen(cases[i].text), &set, &err));
        assert_int_equal(err.code, cases[i].code);
        assert_null(set);
    }
}

static bool parse_keys(size_t count, size_t *total, struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(64 * 1024);
    cleanup_jwk_set struct jwk_set *set = NULL;
    buffer_add(&text, "{\"keys\":[" EC_JWK);
    for (size_t i = 1; i < count; i++)
        buffer_add(&text, ",{}");
    buffer_add(&text, "]}");
    if (!jwk_set_parse(buffer_text(&text), text.length, &set, err))
        return false;
    *total = jwk_set_total(set);
    return jwk_set_usable(set) == 1;
}

static bool parse_padded(size_t length, struct error *err)
{
    cleanup_string char *text = memory_allocate(length + 1);
    cleanup_jwk_set struct jwk_set *set = NULL;
    memset(text, ' ', length);
    memcpy(text, KEY_SET(EC_JWK), strlen(KEY_SET(EC_JWK)));
    return jwk_set_parse(text, length, &set, err);
}

static void test_limits(void **state)
{
    (void)state;
    test_ids("T-12");
    struct error err = {0};
    size_t total = 0;
    assert_true(parse_keys(128, &total, &err));
    assert_int_equal(total, 128);
    assert_false(parse_keys(129, &total, &err));
    assert_int_equal(err.code, ERROR_JWKS_LIMIT);
    assert_true(parse_padded(1024 * 1024, &err));
    assert_false(parse_padded(1024 * 1024 + 1, &err));
    assert_int_equal(err.code, ERROR_JWKS_LIMIT);
}

static void test_no_library(void **state)
{
    (void)state;
#ifdef LATE_BINDING
    assert_null(dlopen(LATE_CRYPTO, RTLD_NOW | RTLD_NOLOAD));
#endif
}

static void test_free_of_nothing(void **state)
{
    (void)state;
    struct jwk_set *set = NULL;
    jwk_set_free(set);
    jwk_set_cleanup(&set);
    assert_null(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_purpose),
        cmocka_unit_test(test_rsa_numbers),
        cmocka_unit_test(test_other_members),
        cmocka_unit_test(test_rsa_sizes),
        cmocka_unit_test(test_small_groups),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_refused_sets),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_library),
        cmocka_unit_test(test_free_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
