/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and ranges by ourselves, the arithmetic by OpenSSL's EVP. */
#include "signature.h"

#include <string.h>

#include "openssl.h"

/* SEQUENCE of two INTEGERs, each with its own header and sign byte, all lengths in short or one-byte long
 * form. */
enum { DER_SIZE = 3 + 2 * (2 + 1 + JWK_FIELD_BYTES) };

struct der {
    uint8_t bytes[DER_SIZE];
    size_t length;
};

/* May run before the table is filled; there is nothing to free then. */
static void free_key(EVP_PKEY **key)
{
    if (*key != NULL)
        openssl.EVP_PKEY_free(*key);
}

static void free_key_context(EVP_PKEY_CTX **context)
{
    openssl.EVP_PKEY_CTX_free(*context);
}

static void free_digest_context(EVP_MD_CTX **context)
{
    openssl.EVP_MD_CTX_free(*context);
}

static void free_builder(OSSL_PARAM_BLD **builder)
{
    openssl.OSSL_PARAM_BLD_free(*builder);
}

static void free_parameters(OSSL_PARAM **parameters)
{
    openssl.OSSL_PARAM_free(*parameters);
}

static void free_number(BIGNUM **number)
{
    openssl.BN_free(*number);
}

#define cleanup_key __attribute__((cleanup(free_key)))
#define cleanup_key_context __attribute__((cleanup(free_key_context)))
#define cleanup_digest_context __attribute__((cleanup(free_digest_context)))
#define cleanup_builder __attribute__((cleanup(free_builder)))
#define cleanup_parameters __attribute__((cleanup(free_parameters)))
#define cleanup_source __attribute__((cleanup(free_source)))
#define cleanup_number __attribute__((cleanup(free_number)))

static void free_source(BIO **source)
{
    openssl.BIO_free(*source);
}

static const uint8_t *bytes_of(const struct buffer *buffer)
{
    return (const uint8_t *)buffer->data;
}

/* Keys */

static EVP_PKEY *key_from(OSSL_PARAM_BLD *builder, const char *type)
{
    cleanup_parameters OSSL_PARAM *parameters = openssl.OSSL_PARAM_BLD_to_param(builder);
    cleanup_key_context EVP_PKEY_CTX *context = openssl.EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    cleanup_key EVP_PKEY *key = NULL;
    if (parameters == NULL || context == NULL || openssl.EVP_PKEY_fromdata_init(context) != 1)
        return NULL;
    if (openssl.EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        return NULL;
    return steal(key);
}

static EVP_PKEY *make_rsa(const struct jwk *jwk)
{
    cleanup_builder OSSL_PARAM_BLD *builder = openssl.OSSL_PARAM_BLD_new();
    cleanup_number BIGNUM *n = openssl.BN_bin2bn(bytes_of(&jwk->first), (int)jwk->first.length, NULL);
    cleanup_number BIGNUM *e = openssl.BN_bin2bn(bytes_of(&jwk->second), (int)jwk->second.length, NULL);
    if (builder == NULL || n == NULL || e == NULL)
        return NULL;
    if (openssl.OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        openssl.OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        return NULL;
    return key_from(builder, "RSA");
}

/* The uncompressed point, built here, so that neither infinity nor a compressed point can get in. */
static EVP_PKEY *make_ec(const struct jwk *jwk)
{
    uint8_t point[1 + 2 * JWK_FIELD_BYTES] = {0x04};
    size_t size = jwk->curve->size;
    memcpy(point + 1, bytes_of(&jwk->first), size);
    memcpy(point + 1 + size, bytes_of(&jwk->second), size);
    cleanup_builder OSSL_PARAM_BLD *builder = openssl.OSSL_PARAM_BLD_new();
    if (builder == NULL)
        return NULL;
    if (openssl.OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, jwk->curve->name, 0) !=
            1 ||
        openssl.OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size) != 1)
        return NULL;
    return key_from(builder, "EC");
}

static bool is_valid_key(EVP_PKEY *key)
{
    cleanup_key_context EVP_PKEY_CTX *context = openssl.EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    return context != NULL && openssl.EVP_PKEY_public_check(context) == 1;
}

/* NULL when OpenSSL does not think that it is a key: it takes odd numbers for one until it is asked to check.
 */
static EVP_PKEY *make_key(const struct jwk *jwk)
{
    cleanup_key EVP_PKEY *key = NULL;
    if (jwk->type == JWK_RSA)
        key = make_rsa(jwk);
    else if (jwk->type == JWK_EC)
        key = make_ec(jwk);
    else
        key = openssl.EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, bytes_of(&jwk->first),
                                                     jwk->first.length);
    return key != NULL && is_valid_key(key) ? steal(key) : NULL;
}

/* Signatures */

static size_t expected_size(const struct jwk *key)
{
    /* r and s for ECDSA, R and S for Ed25519, the modulus for RSA */
    return key->type == JWK_RSA ? key->first.length : 2 * key->curve->size;
}

static bool is_in_range(const uint8_t *number, const struct jwk_curve *curve)
{
    static const uint8_t zero[JWK_FIELD_BYTES];
    return memcmp(number, zero, curve->size) != 0 && memcmp(number, curve->order, curve->size) < 0;
}

static size_t count_leading_zeros(const uint8_t *number, size_t size)
{
    size_t zeros = 0;
    while (zeros < size - 1 && number[zeros] == 0)
        zeros++;
    return zeros;
}

/* Appends an INTEGER in its shortest form. */
static void append_integer(struct der *der, const uint8_t *number, size_t size)
{
    size_t zeros = count_leading_zeros(number, size);
    bool needs_sign = (number[zeros] & 0x80) != 0;
    der->bytes[der->length++] = 0x02;
    der->bytes[der->length++] = (uint8_t)(size - zeros + (needs_sign ? 1 : 0));
    if (needs_sign)
        der->bytes[der->length++] = 0;
    memcpy(der->bytes + der->length, number + zeros, size - zeros);
    der->length += size - zeros;
}

/* ECDSA-Sig-Value (RFC 3279 section 2.2.3) from r and s side by side (RFC 7518 section 3.4). */
static void make_der(const uint8_t *signature, size_t size, struct der *out)
{
    struct der body = {0};
    append_integer(&body, signature, size);
    append_integer(&body, signature + size, size);
    *out = (struct der){.bytes = {0x30}, .length = 1};
    if (body.length >= 0x80)
        out->bytes[out->length++] = 0x81;
    out->bytes[out->length++] = (uint8_t)body.length;
    memcpy(out->bytes + out->length, body.bytes, body.length);
    out->length += body.length;
}

/* The salt is as long as the digest, and MGF1 uses the same digest (RFC 7518 section 3.5). */
static bool choose_padding(EVP_PKEY_CTX *context, const struct algorithm *algorithm)
{
    if (algorithm->scheme == ALGORITHM_RSA_PKCS1)
        return openssl.EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    if (algorithm->scheme != ALGORITHM_RSA_PSS)
        return true;
    return openssl.EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           openssl.EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, algorithm->digest, NULL) == 1 &&
           openssl.EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/* EVP_DigestVerify says 1 for a good signature; 0 and every negative number mean that it is not. */
static bool is_signed_by(EVP_PKEY *key, const struct algorithm *algorithm,
                         const struct signed_text *signed_text, bool *valid, struct error *err)
{
    const char *digest = algorithm->scheme == ALGORITHM_ED25519 ? NULL : algorithm->digest;
    cleanup_digest_context EVP_MD_CTX *context = openssl.EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL; /* belongs to CONTEXT */
    if (context == NULL ||
        openssl.EVP_DigestVerifyInit_ex(context, &options, digest, NULL, NULL, key, NULL) != 1 ||
        !choose_padding(options, algorithm))
        return error_set(err, ERROR_LIBRARY, "libcrypto cannot verify '%s' signatures", algorithm->name);
    const uint8_t *signature = bytes_of(signed_text->signature);
    size_t length = signed_text->signature->length;
    struct der der = {0};
    if (algorithm->scheme == ALGORITHM_ECDSA) {
        make_der(signature, length / 2, &der);
        signature = der.bytes;
        length = der.length;
    }
    *valid = openssl.EVP_DigestVerify(context, signature, length, (const uint8_t *)signed_text->input,
                                      signed_text->input_length) == 1;
    return true;
}

static bool judge_with_openssl(const struct algorithm *algorithm, const struct jwk *jwk,
                               const struct signed_text *signed_text, enum signature_verdict *verdict,
                               struct error *err)
{
    cleanup_key EVP_PKEY *key = make_key(jwk);
    if (key == NULL) {
        *verdict = SIGNATURE_KEY_INVALID;
        return true;
    }
    bool valid = false;
    if (!is_signed_by(key, algorithm, signed_text, &valid, err))
        return false;
    *verdict = valid ? SIGNATURE_VALID : SIGNATURE_WRONG;
    return true;
}

bool signature_judge(const struct algorithm *algorithm, const struct jwk *key,
                     const struct signed_text *signed_text, enum signature_verdict *verdict,
                     struct error *err)
{
    if (signed_text->signature->length != expected_size(key)) {
        *verdict = SIGNATURE_WRONG_SIZE;
        return true;
    }
    const uint8_t *bytes = bytes_of(signed_text->signature);
    if (key->type == JWK_EC &&
        (!is_in_range(bytes, key->curve) || !is_in_range(bytes + key->curve->size, key->curve))) {
        *verdict = SIGNATURE_OUT_OF_RANGE;
        return true;
    }
    if (!openssl_bind(err))
        return false;
    bool judged = judge_with_openssl(algorithm, key, signed_text, verdict, err);
    /* whatever was wrong is said by the verdict; a later user of the library must not find it in the queue */
    openssl.ERR_clear_error();
    return judged;
}

/* Our own keys */

/* Instead of OpenSSL's default, which asks at the terminal. */
static int refuse_passphrase(char *passphrase, int size, int writing, void *context)
{
    (void)passphrase;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

/* RFC 7518 sections 3.3 and 3.5 */
static bool check_size(EVP_PKEY *key, struct error *err)
{
    int bits = openssl.EVP_PKEY_get_bits(key);
    if (bits >= JWK_RSA_BITS ||
        (openssl.EVP_PKEY_is_a(key, "RSA") != 1 && openssl.EVP_PKEY_is_a(key, "RSA-PSS") != 1))
        return true;
    error_set(err, ERROR_CONFIG, "the client's RSA key has %d bits, and signatures need at least %d", bits,
              JWK_RSA_BITS);
    return error_hint(err, "make a new one, and register its public half at the provider: 'openssl genpkey "
                           "-algorithm EC -pkeyopt ec_paramgen_curve:P-256'");
}

static bool read_private_key(const char *pem, EVP_PKEY **out, struct error *err)
{
    if (!openssl_bind(err))
        return false;
    cleanup_source BIO *source = openssl.BIO_new_mem_buf(pem, -1);
    cleanup_key EVP_PKEY *key = NULL;
    if (source != NULL)
        key = openssl.PEM_read_bio_PrivateKey(source, NULL, refuse_passphrase, NULL);
    openssl.ERR_clear_error();
    if (key == NULL) {
        error_set(err, ERROR_CONFIG, "the client's key is not a private key in PEM form, or it is encrypted");
        return error_hint(err, "'openssl pkey -in FILE' shows the key in the form that is expected");
    }
    if (!check_size(key, err))
        return false;
    *out = steal(key);
    return true;
}

static bool sign_with_openssl(EVP_PKEY *key, const struct algorithm *algorithm, const struct buffer *input,
                              struct buffer *signature)
{
    uint8_t bytes[JWK_RSA_BYTES];
    size_t size = sizeof(bytes);
    cleanup_digest_context EVP_MD_CTX *context = openssl.EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL; /* belongs to CONTEXT */
    return context != NULL &&
           openssl.EVP_DigestSignInit_ex(context, &options, algorithm->digest, NULL, NULL, key, NULL) == 1 &&
           choose_padding(options, algorithm) &&
           openssl.EVP_DigestSign(context, bytes, &size, bytes_of(input), input->length) == 1 &&
           buffer_append(signature, (const char *)bytes, size);
}

bool signature_make_pss(const struct algorithm *algorithm, const char *pem, const struct buffer *input,
                        struct buffer *signature, struct error *err)
{
    cleanup_key EVP_PKEY *key = NULL;
    if (!read_private_key(pem, &key, err))
        return false;
    if (!sign_with_openssl(key, algorithm, input, signature))
        buffer_clear(signature);
    openssl.ERR_clear_error();
    return true;
}

bool signature_check_private_key(const char *pem, struct error *err)
{
    cleanup_key EVP_PKEY *key = NULL;
    return read_private_key(pem, &key, err);
}

bool signature_judge_own(const struct algorithm *algorithm, const char *pem,
                         const struct signed_text *signed_text, bool *valid, struct error *err)
{
    cleanup_key EVP_PKEY *key = NULL;
    if (!read_private_key(pem, &key, err))
        return false;
    *valid = false;
    const struct jwk_curve *curve = jwk_curve_find(algorithm->curve);
    if (curve != NULL && signed_text->signature->length != 2 * curve->size)
        return true;
    bool judged = is_signed_by(key, algorithm, signed_text, valid, err);
    openssl.ERR_clear_error();
    return judged;
}
