/* SPDX-License-Identifier: Apache-2.0 */
/* Client assertions by libjwt 1.10 to 2.x, and by OpenSSL where no libjwt signs right; all are verified. */
#include "crypto/client_assertion.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "algorithm.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/late.h"
#include "base/text.h"
#include "signature.h"

enum { LIFETIME_SECONDS = 300, MOST_SIGNATURE_BYTES = 2048, MOST_TEXT_BYTES = 256 * 1024 };

/* clang-format off */
#define JWT_FUNCTIONS(X)                                                            \
    X(jwt_add_grant) X(jwt_add_grant_int) X(jwt_add_header) X(jwt_encode_str)       \
    X(jwt_free) X(jwt_new) X(jwt_set_alg) X(jwt_str_alg)
/* clang-format on */
static struct {
    JWT_FUNCTIONS(LATE_MEMBER)
} libjwt;

#define JWT_SYMBOL(function) LATE_SYMBOL(libjwt, function)
static const struct late_symbol symbols[] = {JWT_FUNCTIONS(JWT_SYMBOL)};
static const struct late_library library = {LATE_JWT, LATE_JWT_PACKAGE, symbols, array_length(symbols)};

static void free_jwt(jwt_t **jwt)
{
    if (*jwt != NULL)
        libjwt.jwt_free(*jwt);
}
#define cleanup_jwt __attribute__((cleanup(free_jwt)))

static bool add_claims(jwt_t *jwt, const struct client_assertion *assertion)
{
    return libjwt.jwt_add_grant(jwt, "iss", assertion->client_id) == 0 &&
           libjwt.jwt_add_grant(jwt, "sub", assertion->client_id) == 0 &&
           libjwt.jwt_add_grant(jwt, "aud", assertion->audience) == 0 &&
           libjwt.jwt_add_grant(jwt, "jti", assertion->id) == 0 &&
           libjwt.jwt_add_grant_int(jwt, "iat", (long)assertion->now) == 0 &&
           libjwt.jwt_add_grant_int(jwt, "exp", (long)(assertion->now + LIFETIME_SECONDS)) == 0;
}

static bool refuse_algorithm(const char *alg, struct error *err)
{
    error_set(err, ERROR_UNSUPPORTED, "this version of libjwt (%s) cannot sign with '%s'", LATE_JWT, alg);
    return error_hint(err, "RS256 and ES256 work with every version");
}

static bool refuse_key(const char *alg, struct error *err)
{
    error_set(err, ERROR_CONFIG, "the client's key cannot sign with '%s'", alg);
    return error_hint(
        err, "RS* and PS* need an RSA key, ES256 one on P-256, ES384 on P-384, ES512 on P-521; a key for "
             "RSASSA-PSS alone signs with PS*");
}

/* libjwt 1.x takes a key on any curve for ES256. */
static bool check(const struct client_assertion *assertion, const char *jwt, struct error *err)
{
    const char *dot = strrchr(jwt, '.');
    cleanup_buffer struct buffer signature = BUFFER(MOST_SIGNATURE_BYTES);
    if (dot == NULL || !encoding_base64url_decode(dot + 1, strlen(dot + 1), &signature) ||
        signature.length == 0)
        return error_set(err, ERROR_LIBRARY, "libjwt built a malformed client assertion");
    struct signed_text signed_text = {jwt, (size_t)(dot - jwt), &signature};
    bool valid = false;
    if (!signature_judge_own(algorithm_find(assertion->alg), assertion->key, &signed_text, &valid, err))
        return false;
    return valid || refuse_key(assertion->alg, err);
}

static bool add_part(json_t *part, struct buffer *text)
{
    json_auto_t *owned = part;
    if (owned == NULL)
        return false;
    cleanup_string char *json = json_to_text(owned);
    cleanup_string char *encoded = memory_allocate(BASE64URL_SIZE(strlen(json)));
    encoding_base64url((const uint8_t *)json, strlen(json), encoded);
    return buffer_append_text(text, encoded);
}

/* libjwt 1.10 has no PS*; versions that know it sign nothing with it, or with a salt that RFC 7518 forbids.
 */
static bool sign_pss(const struct client_assertion *assertion, const struct algorithm *algorithm, char **out,
                     struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(MOST_TEXT_BYTES), signature = BUFFER(MOST_SIGNATURE_BYTES);
    char encoded[BASE64URL_SIZE(MOST_SIGNATURE_BYTES)];
    json_seed();
    if (!add_part(json_pack("{s:s, s:s, s:s*}", "alg", assertion->alg, "typ", "JWT", "kid", assertion->kid),
                  &text) ||
        !buffer_append_text(&text, ".") ||
        !add_part(json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", assertion->client_id, "sub",
                            assertion->client_id, "aud", assertion->audience, "jti", assertion->id, "iat",
                            (json_int_t)assertion->now, "exp",
                            (json_int_t)(assertion->now + LIFETIME_SECONDS)),
                  &text))
        return error_set(err, ERROR_CONFIG, "a client assertion cannot be made of these names");
    if (!signature_make_pss(algorithm, assertion->key, &text, &signature, err))
        return false;
    if (signature.length == 0)
        return refuse_key(assertion->alg, err);
    encoding_base64url((const uint8_t *)signature.data, signature.length, encoded);
    cleanup_string char *whole = memory_format("%s.%s", buffer_text(&text), encoded);
    if (!check(assertion, whole, err))
        return false;
    *out = steal(whole);
    return true;
}

static bool sign(const struct client_assertion *assertion, jwt_alg_t alg, char **out, struct error *err)
{
    cleanup_jwt jwt_t *jwt = NULL;
    const unsigned char *key = (const unsigned char *)assertion->key;
    if (libjwt.jwt_new(&jwt) != 0 || !add_claims(jwt, assertion) ||
        (assertion->kid != NULL && libjwt.jwt_add_header(jwt, "kid", assertion->kid) != 0) ||
        libjwt.jwt_set_alg(jwt, alg, key, (int)strlen(assertion->key)) != 0)
        return error_set(err, ERROR_LIBRARY, "libjwt cannot build a client assertion");
    cleanup_string char *text = libjwt.jwt_encode_str(jwt);
    if (text == NULL)
        return refuse_key(assertion->alg, err);
    if (!check(assertion, text, err))
        return false;
    *out = steal(text);
    return true;
}

bool client_assertion_build(const struct client_assertion *assertion, char **jwt, struct error *err)
{
    const struct algorithm *algorithm = algorithm_find(assertion->alg);
    if (algorithm == NULL)
        return error_set(err, ERROR_CONFIG, "a client assertion cannot be signed with '%s'",
                         safe(assertion->alg));
    if (algorithm->scheme == ALGORITHM_RSA_PSS)
        return sign_pss(assertion, algorithm, jwt, err);
    if (!late_bind(&library, err) || !signature_check_private_key(assertion->key, err))
        return false;
    jwt_alg_t alg = libjwt.jwt_str_alg(assertion->alg);
    if (alg == JWT_ALG_INVAL)
        return refuse_algorithm(assertion->alg, err);
    return sign(assertion, alg, jwt, err);
}

bool client_assertion_library(const char **version, struct error *err)
{
    if (!late_bind(&library, err))
        return false;
    *version = LATE_JWT;
    return true;
}
