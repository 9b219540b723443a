/* SPDX-License-Identifier: Apache-2.0 */
/* The gate for tokens, the signatures of the RFCs, and which keys are tried. */
#include "ids.h"

#include <dlfcn.h>
#include <string.h>

#include "../../src/crypto/jws_bytes.h"
#include "base/encoding.h"
#include "crypto/jws.h"
#include "jose_fixture.h"

#define ALL_KEYS KEY_SET(RSA_JWK "," EC_JWK "," ED_JWK "," PSS_JWK "," OTHER_JWK)

static bool verify(const char *token, const char *keys, struct error *err)
{
    cleanup_jwk_set struct jwk_set *set = NULL;
    cleanup_buffer struct buffer payload = {0};
    *err = (struct error){0};
    assert_true(jwk_set_parse(keys, strlen(keys), &set, err));
    return jws_verify_bytes(token, NULL, set, &payload, err);
}

static void expect_refusal(const char *token, const char *keys, enum error_code code, const char *words)
{
    struct error err;
    assert_false(verify(token, keys, &err));
    if (err.code != code || (strstr(err.message, words) == NULL && strstr(err.hint, words) == NULL))
        fail_msg("'%s' [%s] (%s) instead of '%s' [%s]", err.message, error_code_name(err.code), err.hint,
                 words, error_code_name(code));
}

/* A token of HEADER as it stands, with claims and a signature that nobody checks. */
static char *token_with(const char *header)
{
    char encoded[1024];
    assert_true(BASE64URL_SIZE(strlen(header)) <= sizeof(encoded));
    encoding_base64url((const uint8_t *)header, strlen(header), encoded);
    return memory_format("%s.e30.AAAA", encoded);
}

static void test_read_claims(void **state)
{
    (void)state;
    test_ids("REF-11");
    struct error err = {0};
    json_auto_t *claims = NULL;
    assert_true(jws_read_claims(ID_TOKEN, &claims, &err));
    assert_string_equal(json_string_value(json_object_get(claims, "sub")), "5f1c0b");
    static const char *const broken[] = {"",
                                         "x",
                                         "a.b",
                                         "e30.e30",
                                         "..",
                                         "e30..AAAA",
                                         "e30.e30.",
                                         "e30.e3A.AAAA",
                                         "e30.W10.AAAA",
                                         "e30.e30=.AAAA",
                                         "e30.e30.AA.AA"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        json_t *none = NULL;
        assert_false(jws_read_claims(broken[i], &none, &err));
        assert_int_equal(err.code, ERROR_IDTOKEN_FORMAT);
        assert_null(none);
    }
#ifdef LATE_BINDING
    assert_null(dlopen(LATE_CRYPTO, RTLD_NOW | RTLD_NOLOAD));
#endif
}

static void test_examples_of_the_rfcs(void **state)
{
    (void)state;
    test_ids("IDT-01");
    static const char *const tokens[] = {RSA_TOKEN, EC_TOKEN, ED_TOKEN, PSS_TOKEN, ID_TOKEN, ACCESS_TOKEN};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct error err;
        if (!verify(tokens[i], ALL_KEYS, &err))
            fail_msg("%s: %s", tokens[i], err.message);
    }
}

static void test_payload_is_what_was_signed(void **state)
{
    (void)state;
    test_ids("IDT-20");
    struct error err = {0};
    cleanup_jwk_set struct jwk_set *set = NULL;
    cleanup_buffer struct buffer payload = {0};
    assert_true(jwk_set_parse(KEY_SET(ED_JWK), strlen(KEY_SET(ED_JWK)), &set, &err));
    assert_true(jws_verify_bytes(ED_TOKEN, NULL, set, &payload, &err));
    assert_string_equal(buffer_text(&payload), "Example of Ed25519 signing");
    json_t *claims = NULL;
    assert_false(jws_verify(ED_TOKEN, NULL, set, &claims, &err));
    assert_int_equal(err.code, ERROR_IDTOKEN_FORMAT);
    assert_null(claims);
}

/* Changes one character at a time; each of them carries at least one bit that counts. */
static void test_every_character_counts(void **state)
{
    (void)state;
    test_ids("IDT-01 IDT-03");
    char token[] = EC_TOKEN;
    struct error err;
    for (size_t i = 0; i < strlen(token); i += 3) {
        char original = token[i];
        token[i] = original == 'A' ? 'B' : 'A';
        if (verify(token, KEY_SET(EC_JWK), &err))
            fail_msg("character %zu", i);
        token[i] = original;
    }
    assert_true(verify(token, KEY_SET(EC_JWK), &err));
}

static void test_structure(void **state)
{
    (void)state;
    test_ids("IDT-02");
    expect_refusal("", ALL_KEYS, ERROR_IDTOKEN_FORMAT, "1 parts instead of 3");
    expect_refusal(EC_TOKEN ".x", ALL_KEYS, ERROR_IDTOKEN_FORMAT, "4 parts instead of 3");
    expect_refusal(EC_TOKEN ".x.y.z", ALL_KEYS, ERROR_IDTOKEN_FORMAT, "6 parts instead of 3");
    expect_refusal(".e30.AAAA", ALL_KEYS, ERROR_IDTOKEN_FORMAT, "header is empty");
    expect_refusal("eyJhbGciOiJSUzI1NiJ9.e30.", ALL_KEYS, ERROR_IDTOKEN_FORMAT, "signature is empty");
    expect_refusal("eyJhbGciOiJub25lIn0.e30.", ALL_KEYS, ERROR_IDTOKEN_ALG, "not signed");
    expect_refusal("a.b.c.d.e", ALL_KEYS, ERROR_IDTOKEN_ENCRYPTED, "Encryption Key");
    struct error err = {0};
    struct jws_header header = {0};
    assert_false(jws_inspect("eyJhbGciOiJSUzI1NiJ9..AAAA", NULL, &header, &err));
    assert_non_null(strstr(err.message, "payload is empty"));
}

static void test_length(void **state)
{
    (void)state;
    test_ids("T-12");
    cleanup_string char *token = memory_allocate(JWS_TOKEN_LIMIT + 2);
    memset(token, 'A', JWS_TOKEN_LIMIT);
    expect_refusal(token, ALL_KEYS, ERROR_IDTOKEN_FORMAT, "1 parts");
    token[JWS_TOKEN_LIMIT] = 'A';
    expect_refusal(token, ALL_KEYS, ERROR_IDTOKEN_FORMAT, "longer than 131072 bytes");
}

static void test_refused_headers(void **state)
{
    (void)state;
    test_ids("IDT-05 IDT-06 K7-66");
    static const struct {
        const char *header;
        enum error_code code;
        const char *words;
    } cases[] = {
        {"{}", ERROR_IDTOKEN_ALG, "names no algorithm"},
        {"{\"alg\":256}", ERROR_IDTOKEN_ALG, "names no algorithm"},
        {"{\"alg\":\"none\"}", ERROR_IDTOKEN_ALG, "not signed"},
        {"{\"alg\":\"NoNe\"}", ERROR_IDTOKEN_ALG, "not signed"},
        {"{\"alg\":\"HS256\"}", ERROR_IDTOKEN_ALG, "> Signing Key"},
        {"{\"alg\":\"HS512\"}", ERROR_IDTOKEN_ALG, "shared secret"},
        {"{\"alg\":\"rs256\"}", ERROR_IDTOKEN_ALG, "'rs256', which is not accepted"},
        {"{\"alg\":\"ES256K\"}", ERROR_IDTOKEN_ALG, "'ES256K', which is not accepted"},
        {"{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", ERROR_IDTOKEN_FORMAT, "'crit'"},
        {"{\"alg\":\"RS256\",\"crit\":null}", ERROR_IDTOKEN_FORMAT, "'crit'"},
        {"{\"alg\":\"RS256\",\"b64\":true}", ERROR_IDTOKEN_FORMAT, "'b64'"},
        {"{\"alg\":\"RS256\",\"zip\":\"DEF\"}", ERROR_IDTOKEN_FORMAT, "'zip'"},
        {"{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}", ERROR_IDTOKEN_FORMAT, "type is 'logout+jwt'"},
        {"{\"alg\":\"RS256\",\"typ\":\"\\u001b[31m\"}", ERROR_IDTOKEN_FORMAT, "type is '\\u{1B}[31m'"},
        {"{\"alg\":\"RS256\",\"typ\":1}", ERROR_IDTOKEN_FORMAT, "'typ' is not text"},
        {"{\"alg\":\"RS256\",\"kid\":1}", ERROR_IDTOKEN_FORMAT, "'kid' is not text"},
        {"{\"alg\":\"RS256\",\"kid\":\"\\u001b\"}", ERROR_IDTOKEN_KEY, "no key '\\u{1B}' for 'RS256'"},
        {"[\"RS256\"]", ERROR_IDTOKEN_FORMAT, "header is not a JSON object"},
        {"{\"alg\":\"RS256\",\"alg\":\"none\"}", ERROR_IDTOKEN_FORMAT, "header has a member twice"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cleanup_string char *token = token_with(cases[i].header);
        expect_refusal(token, ALL_KEYS, cases[i].code, cases[i].words);
    }
}

static void test_inspected_headers(void **state)
{
    (void)state;
    test_ids("IDT-06");
    static const struct {
        const char *header, *alg, *kid;
        bool is_access_token;
    } cases[] = {
        {"{\"alg\":\"RS256\"}", "RS256", NULL, false},
        {"{\"alg\":\"Ed25519\",\"kid\":\"\",\"typ\":\"jwt\"}", "Ed25519", "", false},
        {"{\"alg\":\"ES512\",\"kid\":\"k\",\"typ\":\"application/JWT\",\"jku\":\"https://x\"}", "ES512", "k",
         false},
        {"{\"alg\":\"PS384\",\"typ\":\"at+jwt\"}", "PS384", NULL, true},
        {"{\"alg\":\"EdDSA\",\"typ\":\"application/AT+JWT\"}", "EdDSA", NULL, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        cleanup_jws_header struct jws_header header = {0};
        cleanup_string char *token = token_with(cases[i].header);
        assert_true(jws_inspect(token, NULL, &header, &err));
        assert_string_equal(header.alg, cases[i].alg);
        assert_true(cases[i].kid == NULL ? header.kid == NULL : strcmp(header.kid, cases[i].kid) == 0);
        assert_int_equal(header.is_access_token, cases[i].is_access_token);
    }
}

static void test_listed_algorithms(void **state)
{
    (void)state;
    test_ids("IDT-05 K7-66");
    static const struct {
        const char *alg;
        const char *listed[3];
        bool accepted;
    } cases[] = {
        {"RS256", {NULL}, true},
        {"ES384", {NULL}, true},
        {"RS256", {"ES256", "RS256"}, true},
        {"RS256", {"ES256", "PS256"}, false},
        {"RS256", {"HS256", "none"}, true},
        {"ES256", {"HS256", "none"}, false},
        {"ES256", {"es256"}, false},
        {"Ed25519", {"EdDSA"}, true},
        {"EdDSA", {"Ed25519"}, true},
        {"EdDSA", {"ES256"}, false},
        {"HS256", {"HS256"}, false},
        {"none", {"none"}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        cleanup_text_list struct text_list listed = {0};
        for (size_t at = 0; at < 3 && cases[i].listed[at] != NULL; at++)
            text_list_add(&listed, cases[i].listed[at]);
        cleanup_jws_header struct jws_header header = {0};
        cleanup_string char *text = memory_format("{\"alg\":\"%s\"}", cases[i].alg);
        cleanup_string char *token = token_with(text);
        if (jws_inspect(token, &listed, &header, &err) != cases[i].accepted)
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(err.code, cases[i].accepted ? ERROR_NONE : ERROR_IDTOKEN_ALG);
    }
}

static void test_missing_keys(void **state)
{
    (void)state;
    test_ids("IDT-07 IDT-08 K7-67");
    expect_refusal(EC_TOKEN, "{}", ERROR_IDTOKEN_KEY, "> Signing Key");
    expect_refusal(EC_TOKEN, "{\"keys\":[]}", ERROR_IDTOKEN_KEY, "publishes no key to verify");
    expect_refusal(EC_TOKEN, KEY_SET(RSA_JWK "," ED_JWK ",{}"), ERROR_IDTOKEN_KEY, "no key for 'ES256'");
    expect_refusal(EC_TOKEN, KEY_SET(RSA_JWK "," ED_JWK ",{}"), ERROR_IDTOKEN_KEY,
                   "2 of the 3 published keys");
    expect_refusal(ID_TOKEN, KEY_SET(OTHER_JWK), ERROR_IDTOKEN_KEY, "no key 'ec' for 'ES256'");
    struct error err = {0};
    error_set(&err, ERROR_IDTOKEN_KEY, "x");
    assert_true(jws_key_is_missing(&err));
    error_set(&err, ERROR_IDTOKEN_SIGNATURE, "x");
    assert_true(jws_key_is_missing(&err));
    error_set(&err, ERROR_IDTOKEN_ALG, "x");
    assert_false(jws_key_is_missing(&err));
}

/* Every one of them fits the token but for its kid. */
static void test_kid_is_compared_by_its_bytes(void **state)
{
    static const char *const kids[] = {"EC", "e", "ec ", ""};
    (void)state;
    test_ids("IDT-08");
    for (size_t i = 0; i < array_length(kids); i++) {
        cleanup_string char *set = memory_format("{\"keys\":[{\"kty\":\"EC\",\"kid\":\"%s\"%s]}", kids[i],
                                                 strstr(EC_JWK, ",\"crv\""));
        expect_refusal(ID_TOKEN, set, ERROR_IDTOKEN_KEY, "no key 'ec' for 'ES256'");
    }
}

#define FOUR(keys) keys "," keys "," keys "," keys

static void test_eight_candidates(void **state)
{
    (void)state;
    test_ids("IDT-08 T-12");
    struct error err;
    static const char eight[] = KEY_SET(FOUR(OTHER_JWK) "," OTHER_JWK "," OTHER_JWK "," OTHER_JWK "," EC_JWK);
    assert_true(verify(EC_TOKEN, eight, &err));
    expect_refusal(EC_TOKEN, KEY_SET(FOUR(OTHER_JWK) "," FOUR(OTHER_JWK) "," EC_JWK), ERROR_IDTOKEN_SIGNATURE,
                   "signature is wrong");
    /* keys that do not fit are not candidates */
    assert_true(verify(EC_TOKEN, KEY_SET(FOUR(RSA_JWK) "," FOUR(RSA_JWK) "," FOUR(ED_JWK) "," EC_JWK), &err));
}

static void test_signature_sizes(void **state)
{
    (void)state;
    test_ids("IDT-09");
    static const char rsa_header[] = "eyJhbGciOiJSUzI1NiJ9.e30.";
    expect_refusal("eyJhbGciOiJFUzI1NiJ9.e30.AAAA", ALL_KEYS, ERROR_IDTOKEN_SIGNATURE,
                   "wrong length for 'ES256'");
    expect_refusal("eyJhbGciOiJFZERTQSJ9.e30.AAAA", ALL_KEYS, ERROR_IDTOKEN_SIGNATURE,
                   "wrong length for 'EdDSA'");
    cleanup_string char *token = memory_format("%s%0344d", rsa_header, 0);
    expect_refusal(token, ALL_KEYS, ERROR_IDTOKEN_SIGNATURE, "wrong length for 'RS256'");
    char zero[] = EC_TOKEN;
    memset(strrchr(zero, '.') + 1, 'A', 86);
    expect_refusal(zero, ALL_KEYS, ERROR_IDTOKEN_SIGNATURE, "out of range");
    char most[] = EC_TOKEN;
    memset(strrchr(most, '.') + 1, '_', 43);
    expect_refusal(most, ALL_KEYS, ERROR_IDTOKEN_SIGNATURE, "out of range");
}

static void test_invalid_key(void **state)
{
    (void)state;
    test_ids("IDT-07");
    static const char off_curve[] =
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}]}";
    expect_refusal(EC_TOKEN, off_curve, ERROR_IDTOKEN_KEY, "not a valid key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_claims), /* first: nothing has bound libcrypto yet */
        cmocka_unit_test(test_examples_of_the_rfcs),
        cmocka_unit_test(test_payload_is_what_was_signed),
        cmocka_unit_test(test_every_character_counts),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_inspected_headers),
        cmocka_unit_test(test_listed_algorithms),
        cmocka_unit_test(test_missing_keys),
        cmocka_unit_test(test_kid_is_compared_by_its_bytes),
        cmocka_unit_test(test_eight_candidates),
        cmocka_unit_test(test_signature_sizes),
        cmocka_unit_test(test_invalid_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
