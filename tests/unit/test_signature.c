/* SPDX-License-Identifier: Apache-2.0 */
/* What a libcrypto that fails, or runs out of memory, means for a token: always a refusal. */
#include "ids.h"

#include <dlfcn.h>
#include <string.h>

#include "../../src/crypto/openssl.h"
#include "crypto/jws.h"
#include "jose_fixture.h"

static struct openssl_table real;

static int set_up(void **state)
{
    (void)state;
    struct error err = {0};
    if (!openssl_bind(&err))
        return -1;
    real = openssl;
    return 0;
}

static int mend(void **state)
{
    (void)state;
    openssl = real;
    return 0;
}

static bool verify(const char *token, const char *keys, struct error *err)
{
    cleanup_jwk_set struct jwk_set *set = NULL;
    json_auto_t *claims = NULL;
    *err = (struct error){0};
    assert_true(jwk_set_parse(keys, strlen(keys), &set, err));
    bool good = jws_verify(token, NULL, set, &claims, err);
    assert_int_equal(good, claims != NULL);
    return good;
}

static void expect_refusal(const char *token, const char *keys, enum error_code code)
{
    struct error err;
    assert_false(verify(token, keys, &err));
    if (err.code != code)
        fail_msg("'%s' [%s] instead of [%s]", err.message, error_code_name(err.code), error_code_name(code));
}

static int negative_verdict(EVP_MD_CTX *context, const unsigned char *signature, size_t length,
                            const unsigned char *text, size_t text_length)
{
    (void)context, (void)signature, (void)length, (void)text, (void)text_length;
    return -1;
}

/* OpenSSL says -1 or -2 for an error of its own; only 1 is a good signature. */
static void test_negative_verdict(void **state)
{
    (void)state;
    test_ids("IDT-01");
    struct error err;
    assert_true(verify(EC_TOKEN, KEY_SET(EC_JWK), &err));
    openssl.EVP_DigestVerify = negative_verdict;
    expect_refusal(EC_TOKEN, KEY_SET(EC_JWK), ERROR_IDTOKEN_SIGNATURE);
    expect_refusal(RSA_TOKEN, KEY_SET(RSA_JWK), ERROR_IDTOKEN_SIGNATURE);
}

static int negative_check(EVP_PKEY_CTX *context)
{
    (void)context;
    return -1;
}

static void test_key_check(void **state)
{
    (void)state;
    test_ids("IDT-07");
    openssl.EVP_PKEY_public_check = negative_check;
    expect_refusal(EC_TOKEN, KEY_SET(EC_JWK), ERROR_IDTOKEN_KEY);
    expect_refusal(RSA_TOKEN, KEY_SET(RSA_JWK), ERROR_IDTOKEN_KEY);
}

static EVP_MD_CTX *no_digest_context(void)
{
    return NULL;
}

static OSSL_PARAM_BLD *no_builder(void)
{
    return NULL;
}

static BIGNUM *no_number(const unsigned char *bytes, int length, BIGNUM *out)
{
    (void)bytes, (void)length, (void)out;
    return NULL;
}

static OSSL_PARAM *no_parameters(OSSL_PARAM_BLD *builder)
{
    (void)builder;
    return NULL;
}

static EVP_PKEY_CTX *no_key_context(OSSL_LIB_CTX *library, const char *name, const char *query)
{
    (void)library, (void)name, (void)query;
    return NULL;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    openssl.EVP_MD_CTX_new = no_digest_context;
    expect_refusal(EC_TOKEN, KEY_SET(EC_JWK), ERROR_LIBRARY);
    mend(NULL);
    openssl.OSSL_PARAM_BLD_new = no_builder;
    expect_refusal(EC_TOKEN, KEY_SET(EC_JWK), ERROR_IDTOKEN_KEY);
    expect_refusal(RSA_TOKEN, KEY_SET(RSA_JWK), ERROR_IDTOKEN_KEY);
    mend(NULL);
    openssl.BN_bin2bn = no_number;
    expect_refusal(RSA_TOKEN, KEY_SET(RSA_JWK), ERROR_IDTOKEN_KEY);
    mend(NULL);
    openssl.OSSL_PARAM_BLD_to_param = no_parameters;
    expect_refusal(EC_TOKEN, KEY_SET(EC_JWK), ERROR_IDTOKEN_KEY);
    mend(NULL);
    openssl.EVP_PKEY_CTX_new_from_name = no_key_context;
    expect_refusal(RSA_TOKEN, KEY_SET(RSA_JWK), ERROR_IDTOKEN_KEY);
}

static int refuse_padding(EVP_PKEY_CTX *context, int padding)
{
    (void)context, (void)padding;
    return -2;
}

static void test_padding(void **state)
{
    (void)state;
    openssl.EVP_PKEY_CTX_set_rsa_padding = refuse_padding;
    expect_refusal(RSA_TOKEN, KEY_SET(RSA_JWK), ERROR_LIBRARY);
    expect_refusal(PSS_TOKEN, KEY_SET(PSS_JWK), ERROR_LIBRARY);
}

/* A reason that stays in OpenSSL's queue would be found by libcurl and taken for its own. */
static void test_nothing_is_left_behind(void **state)
{
    (void)state;
    void *library = dlopen(LATE_CRYPTO, RTLD_NOW);
    assert_non_null(library);
    unsigned long (*peek)(void) = NULL;
    *(void **)&peek = dlsym(library, "ERR_peek_error");
    assert_non_null(peek);
    static const char off_curve[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                                    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                                    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4\"}]}";
    expect_refusal(EC_TOKEN, off_curve, ERROR_IDTOKEN_KEY);
    assert_int_equal(peek(), 0);
    char wrong[] = RSA_TOKEN;
    wrong[strlen(wrong) - 10] = wrong[strlen(wrong) - 10] == 'A' ? 'B' : 'A';
    expect_refusal(wrong, KEY_SET(RSA_JWK), ERROR_IDTOKEN_SIGNATURE);
    assert_int_equal(peek(), 0);
    dlclose(library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_negative_verdict, mend),
        cmocka_unit_test_teardown(test_key_check, mend),
        cmocka_unit_test_teardown(test_out_of_memory, mend),
        cmocka_unit_test_teardown(test_padding, mend),
        cmocka_unit_test(test_nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
