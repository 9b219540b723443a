/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a JWK set; each key is taken whole or skipped, by rules that need no big-number arithmetic. */
#include "crypto/jwk.h"

#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/text.h"
#include "public_key.h"

static void jwk_release(struct jwk *key)
{
    free(key->kid);
    buffer_release(&key->first);
    buffer_release(&key->second);
    *key = (struct jwk){0};
}

/* Absent and null are both "does not say". */
static bool read_optional_text(const json_t *object, const char *name, const char **text)
{
    *text = json_text(object, name);
    return *text != NULL || !json_has(object, name);
}

static bool read_number(const json_t *object, const char *name, struct buffer *out)
{
    const char *text = json_text(object, name);
    return text != NULL && encoding_base64url_decode(text, strlen(text), out) && out->length > 0;
}

/* A key whose secret is published, or that is shared by nature, proves nothing. */
static bool has_secret_member(const json_t *object)
{
    static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    for (size_t i = 0; i < array_length(names); i++) {
        if (json_object_get(object, names[i]) != NULL)
            return true;
    }
    return false;
}

static bool is_for_signatures(const json_t *object)
{
    const char *use = NULL;
    if (!read_optional_text(object, "use", &use) || (use != NULL && !text_equal(use, "sig")))
        return false;
    cleanup_text_list struct text_list operations = {0};
    if (!json_has(object, "key_ops"))
        return true;
    return json_text_list(object, "key_ops", &operations) && text_list_contains(&operations, "verify");
}

static uint32_t exponent_value(const struct buffer *bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < bytes->length; i++)
        value = value << 8 | (uint8_t)bytes->data[i];
    return value;
}

static size_t count_bits(const struct buffer *number)
{
    size_t bits = number->length * 8;
    for (unsigned mask = 0x80; mask != 0 && ((uint8_t)number->data[0] & mask) == 0; mask >>= 1)
        bits--;
    return bits;
}

/* 2048 to 8192 bits, an odd exponent from 3 to 2^32 - 1, both in the shortest form (RFC 7518 section 6.3.1).
 */
static bool read_rsa(const json_t *object, struct jwk *key)
{
    key->type = JWK_RSA;
    key->first = BUFFER(JWK_RSA_BYTES);
    key->second = BUFFER(sizeof(uint32_t));
    if (!read_number(object, "n", &key->first) || !read_number(object, "e", &key->second))
        return false;
    if (key->first.data[0] == '\0' || key->second.data[0] == '\0' || count_bits(&key->first) < JWK_RSA_BITS)
        return false;
    uint32_t exponent = exponent_value(&key->second);
    return exponent >= 3 && exponent % 2 == 1 &&
           !jwk_rsa_is_roca((const uint8_t *)key->first.data, key->first.length);
}

/* Coordinates have exactly the length of the field (RFC 7518 section 6.2.1.2). */
static bool read_curve(const json_t *object, enum jwk_type type, struct jwk *key)
{
    key->type = type;
    key->curve = jwk_curve_find(json_text(object, "crv"));
    if (key->curve == NULL || key->curve->type != type)
        return false;
    key->first = BUFFER(key->curve->size);
    if (!read_number(object, "x", &key->first) || key->first.length != key->curve->size)
        return false;
    if (type == JWK_ED25519)
        return jwk_ed25519_is_sound((const uint8_t *)key->first.data);
    key->second = BUFFER(key->curve->size);
    return read_number(object, "y", &key->second) && key->second.length == key->curve->size;
}

static bool read_material(const json_t *object, struct jwk *key)
{
    const char *type = json_text(object, "kty");
    if (text_equal(type, "RSA"))
        return read_rsa(object, key);
    if (text_equal(type, "EC"))
        return read_curve(object, JWK_EC, key);
    return text_equal(type, "OKP") && read_curve(object, JWK_ED25519, key);
}

bool jwk_fits(const struct jwk *key, const struct algorithm *algorithm)
{
    bool is_rsa = algorithm->scheme == ALGORITHM_RSA_PKCS1 || algorithm->scheme == ALGORITHM_RSA_PSS;
    if (is_rsa != (key->type == JWK_RSA))
        return false;
    if (!is_rsa && !text_equal(key->curve->name, algorithm->curve))
        return false;
    return key->algorithm == NULL || algorithm_has_name(algorithm, key->algorithm->name);
}

/* A key that names an algorithm must name one that it can serve. */
static bool read_algorithm(const json_t *object, struct jwk *key)
{
    const char *name = NULL;
    if (!read_optional_text(object, "alg", &name))
        return false;
    if (name == NULL)
        return true;
    const struct algorithm *algorithm = algorithm_find(name);
    if (algorithm == NULL || !jwk_fits(key, algorithm))
        return false;
    key->algorithm = algorithm;
    return true;
}

static bool read_key(const json_t *object, struct jwk *key)
{
    const char *kid = NULL;
    if (!json_is_object(object) || has_secret_member(object) || !is_for_signatures(object))
        return false;
    if (!read_optional_text(object, "kid", &kid) || !read_material(object, key) ||
        !read_algorithm(object, key))
        return false;
    key->kid = memory_copy_text(kid);
    return true;
}

static void read_keys(const json_t *keys, struct jwk_set *set)
{
    set->total = json_array_size(keys);
    for (size_t i = 0; i < set->total; i++) {
        struct jwk *key = &set->keys[set->usable];
        if (read_key(json_array_get(keys, i), key))
            set->usable++;
        else
            jwk_release(key);
    }
}

bool jwk_set_parse(const char *text, size_t length, struct jwk_set **out, struct error *err)
{
    if (length > JWK_SET_BYTES)
        return error_set(err, ERROR_JWKS_LIMIT, "the key set is larger than %d bytes", (int)JWK_SET_BYTES);
    struct json_source source = {.what = "the key set", .code = ERROR_JWKS_JSON};
    json_auto_t *document = NULL;
    if (!json_parse_object(source, text, length, &document, err))
        return false;
    const json_t *keys = json_object_get(document, "keys");
    if (keys != NULL && !json_is_array(keys))
        return error_set(err, ERROR_JWKS_JSON, "the key set's 'keys' is not an array");
    if (json_array_size(keys) > JWK_SET_KEYS)
        return error_set(err, ERROR_JWKS_LIMIT, "the key set has %zu keys, more than %d",
                         json_array_size(keys), (int)JWK_SET_KEYS);
    struct jwk_set *set = memory_allocate(sizeof(*set));
    read_keys(keys, set);
    *out = set;
    return true;
}

void jwk_set_free(struct jwk_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->usable; i++)
        jwk_release(&set->keys[i]);
    free(set);
}

void jwk_set_cleanup(struct jwk_set **set)
{
    jwk_set_free(*set);
    *set = NULL;
}

size_t jwk_set_total(const struct jwk_set *set)
{
    return set->total;
}

size_t jwk_set_usable(const struct jwk_set *set)
{
    return set->usable;
}
