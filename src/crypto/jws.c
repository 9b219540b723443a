/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses everything about a token that is not exactly as it must be, then looks for its key. */
#include "crypto/jws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/encoding.h"
#include "base/json.h"
#include "jws_bytes.h"
#include "public_key.h"
#include "signature.h"

enum { PARTS = 3, PARTS_ENCRYPTED = 5, MOST_CANDIDATES = 8, MOST_DEPTH = 16 };
enum part { PART_HEADER, PART_PAYLOAD, PART_SIGNATURE };
static const char *const part_names[PARTS] = {"header", "payload", "signature"};

#define HINT_SIGNING_KEY                                                                                     \
    "with Authentik, the provider has no signing key: choose one under Applications > Providers > "          \
    "(provider) > "                                                                                          \
    "Signing Key"

/* A compact JWS, taken apart: borrowed from the token. */
struct parts {
    const char *text[PARTS];
    size_t length[PARTS];
    size_t signed_length; /* of "header.payload", from the start of the token */
};

void jws_header_release(struct jws_header *header)
{
    free(header->kid);
    *header = (struct jws_header){0};
}

/* Structure */

static bool refuse_parts(size_t count, struct error *err)
{
    if (count != PARTS_ENCRYPTED)
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token has %zu parts instead of 3", count);
    error_set(err, ERROR_IDTOKEN_ENCRYPTED, "the ID token is encrypted, Kubernetes could not read it");
    return error_hint(err, "with Authentik, remove the key under Applications > Providers > (provider) > "
                           "Encryption Key");
}

bool jws_has_header(const char *token)
{
    cleanup_buffer struct buffer header = BUFFER_SECRET(JWS_TOKEN_LIMIT);
    size_t length = strcspn(token, ".");
    return token[length] != '\0' && encoding_base64url_decode(token, length, &header) && header.length > 0 &&
           header.data[0] == '{';
}

static size_t count_parts(const char *token)
{
    size_t count = 1;
    for (; *token != '\0'; token++) {
        if (*token == '.')
            count++;
    }
    return count;
}

static bool split(const char *token, struct parts *out, struct error *err)
{
    if (strnlen(token, JWS_TOKEN_LIMIT + 1) > JWS_TOKEN_LIMIT)
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token is longer than %d bytes",
                         (int)JWS_TOKEN_LIMIT);
    size_t count = count_parts(token);
    if (count != PARTS)
        return refuse_parts(count, err);
    const char *part = token;
    for (size_t i = 0; i < PARTS; i++) {
        out->text[i] = part;
        out->length[i] = strcspn(part, ".");
        if (out->length[i] == 0 && i == PART_HEADER)
            return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's %s is empty", part_names[i]);
        part += out->length[i] + 1;
    }
    out->signed_length = (size_t)(out->text[PARTS - 1] - token) - 1;
    return true;
}

/* A JWS may sign nothing, an ID token may not. */
static bool split_claims(const char *token, struct parts *out, struct error *err)
{
    if (!split(token, out, err))
        return false;
    return out->length[PART_PAYLOAD] > 0 ||
           error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's payload is empty");
}

static bool check_signed(const struct parts *parts, struct error *err)
{
    return parts->length[PART_SIGNATURE] > 0 ||
           error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's signature is empty");
}

static bool decode(const struct parts *parts, enum part part, struct buffer *out, struct error *err)
{
    if (!encoding_base64url_decode(parts->text[part], parts->length[part], out))
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's %s is not base64url", part_names[part]);
    return true;
}

static bool parse(const char *what, const struct buffer *text, json_t **out, struct error *err)
{
    struct json_source source = {.what = what, .code = ERROR_IDTOKEN_FORMAT, .depth = MOST_DEPTH};
    return json_parse_object(source, buffer_text(text), text->length, out, err);
}

static bool decode_object(const struct parts *parts, enum part part, json_t **out, struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(JWS_TOKEN_LIMIT);
    const char *what = part == PART_HEADER ? "the ID token's header" : "the ID token's payload";
    return decode(parts, part, &text, err) && parse(what, &text, out, err);
}

/* Header */

/* We understand no extension, so none may be there, critical or not (RFC 7515 section 4.1.11, RFC 7797). */
static bool check_extensions(const json_t *header, struct error *err)
{
    static const char *const names[] = {"crit", "b64", "zip"};
    for (size_t i = 0; i < array_length(names); i++) {
        if (json_object_get(header, names[i]) != NULL)
            return error_set(err, ERROR_IDTOKEN_FORMAT,
                             "the ID token's header has '%s', which is not supported", names[i]);
    }
    return true;
}

/* A token made for another purpose must not pass for an ID token (RFC 8725 section 3.11). */
static bool check_type(const json_t *header, bool *is_access_token, struct error *err)
{
    static const char prefix[] = "application/";
    *is_access_token = false;
    if (json_object_get(header, "typ") == NULL)
        return true;
    const char *type = json_text(header, "typ");
    if (type == NULL)
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's 'typ' is not text");
    const char *name = strncasecmp(type, prefix, strlen(prefix)) == 0 ? type + strlen(prefix) : type;
    *is_access_token = strcasecmp(name, "at+jwt") == 0;
    if (!*is_access_token && strcasecmp(name, "jwt") != 0)
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's type is '%s' instead of 'JWT'",
                         safe(type));
    return true;
}

static bool refuse_algorithm(const char *name, struct error *err)
{
    if (name == NULL)
        return error_set(err, ERROR_IDTOKEN_ALG, "the ID token's header names no algorithm");
    if (strcasecmp(name, "none") == 0)
        return error_set(err, ERROR_IDTOKEN_ALG, "the ID token is not signed");
    if (strncasecmp(name, "HS", 2) != 0)
        return error_set(err, ERROR_IDTOKEN_ALG, "the ID token is signed with '%s', which is not accepted",
                         safe(name));
    error_set(err, ERROR_IDTOKEN_ALG,
              "the ID token is signed with '%s', so with a shared secret: nobody else can verify it",
              safe(name));
    return error_hint(err, HINT_SIGNING_KEY);
}

/* A list without a single algorithm of ours says nothing that helps; RS256 is what every provider has. */
static bool is_listed(const struct algorithm *algorithm, const struct text_list *allowed)
{
    bool knows_one = false;
    for (size_t i = 0; allowed != NULL && i < allowed->count; i++) {
        if (algorithm_has_name(algorithm, allowed->items[i]))
            return true;
        knows_one = knows_one || algorithm_find(allowed->items[i]) != NULL;
    }
    if (allowed == NULL || allowed->count == 0)
        return true;
    return !knows_one && text_equal(algorithm->name, "RS256");
}

static bool read_header(const struct parts *parts, const struct text_list *allowed, struct jws_header *out,
                        struct error *err)
{
    json_auto_t *header = NULL;
    bool is_access_token = false;
    if (!decode_object(parts, PART_HEADER, &header, err) || !check_extensions(header, err) ||
        !check_type(header, &is_access_token, err))
        return false;
    const char *name = json_text(header, "alg");
    const struct algorithm *algorithm = algorithm_find(name);
    if (algorithm == NULL)
        return refuse_algorithm(name, err);
    if (!is_listed(algorithm, allowed))
        return error_set(err, ERROR_IDTOKEN_ALG,
                         "the ID token is signed with '%s', which the provider's metadata does not list",
                         algorithm->name);
    if (!check_signed(parts, err)) /* told after the algorithm: "none" is why it usually is not */
        return false;
    const char *kid = json_text(header, "kid");
    if (kid == NULL && json_object_get(header, "kid") != NULL)
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the ID token's 'kid' is not text");
    *out = (struct jws_header){.kid = memory_copy_text(kid), .is_access_token = is_access_token};
    memcpy(out->alg, algorithm->name, strlen(algorithm->name));
    return true;
}

bool jws_inspect(const char *token, const struct text_list *allowed, struct jws_header *out,
                 struct error *err)
{
    struct parts parts = {0};
    cleanup_buffer struct buffer bytes = BUFFER(JWS_TOKEN_LIMIT);
    return split_claims(token, &parts, err) && decode(&parts, PART_PAYLOAD, &bytes, err) &&
           decode(&parts, PART_SIGNATURE, &bytes, err) && read_header(&parts, allowed, out, err);
}

/* Keys */

static bool is_candidate(const struct jwk *key, const struct algorithm *algorithm, const char *kid)
{
    return (kid == NULL || text_equal(key->kid, kid)) && jwk_fits(key, algorithm);
}

static bool refuse_no_key(const struct jwk_set *set, const struct jws_header *header, struct error *err)
{
    if (set->total == 0) {
        error_set(err, ERROR_IDTOKEN_KEY, "the provider publishes no key to verify the ID token with");
        return error_hint(err, HINT_SIGNING_KEY);
    }
    if (header->kid != NULL)
        error_set(err, ERROR_IDTOKEN_KEY, "the provider publishes no key '%s' for '%s'", safe(header->kid),
                  header->alg);
    else
        error_set(err, ERROR_IDTOKEN_KEY, "the provider publishes no key for '%s'", header->alg);
    return error_hint(err,
                      "%zu of the %zu published keys can verify signatures: RSA of 2048 to 8192 bits, P-256, "
                      "P-384, P-521 and Ed25519 do; the provider may have replaced its key",
                      set->usable, set->total);
}

static bool refuse_signature(enum signature_verdict verdict, const struct jws_header *header,
                             struct error *err)
{
    if (verdict == SIGNATURE_KEY_INVALID)
        return error_set(err, ERROR_IDTOKEN_KEY, "the provider's key for '%s' is not a valid key",
                         header->alg);
    if (verdict == SIGNATURE_WRONG_SIZE)
        return error_set(err, ERROR_IDTOKEN_SIGNATURE,
                         "the ID token's signature has the wrong length for '%s'", header->alg);
    if (verdict == SIGNATURE_OUT_OF_RANGE)
        return error_set(err, ERROR_IDTOKEN_SIGNATURE, "the ID token's signature has a number out of range");
    error_set(err, ERROR_IDTOKEN_SIGNATURE, "the ID token's signature is wrong");
    return error_hint(
        err, "the token was changed on its way, or signed by another key than the provider publishes");
}

static bool try_keys(const struct jwk_set *set, const struct jws_header *header,
                     const struct signed_text *signed_text, struct error *err)
{
    const struct algorithm *algorithm = algorithm_find(header->alg);
    enum signature_verdict best = SIGNATURE_KEY_INVALID;
    size_t tried = 0;
    for (size_t i = 0; i < set->usable && tried < MOST_CANDIDATES; i++) {
        enum signature_verdict verdict = SIGNATURE_KEY_INVALID;
        if (!is_candidate(&set->keys[i], algorithm, header->kid))
            continue;
        tried++;
        if (!signature_judge(algorithm, &set->keys[i], signed_text, &verdict, err))
            return false;
        if (verdict == SIGNATURE_VALID)
            return true;
        best = verdict < best ? verdict : best;
    }
    return tried == 0 ? refuse_no_key(set, header, err) : refuse_signature(best, header, err);
}

bool jws_verify_bytes(const char *token, const struct text_list *allowed, const struct jwk_set *set,
                      struct buffer *payload, struct error *err)
{
    struct parts parts = {0};
    cleanup_jws_header struct jws_header header = {0};
    cleanup_buffer struct buffer signature = BUFFER(JWS_TOKEN_LIMIT);
    cleanup_buffer struct buffer bytes = BUFFER(JWS_TOKEN_LIMIT);
    if (!split(token, &parts, err) || !decode(&parts, PART_PAYLOAD, &bytes, err) ||
        !decode(&parts, PART_SIGNATURE, &signature, err) || !read_header(&parts, allowed, &header, err))
        return false;
    struct signed_text signed_text = {token, parts.signed_length, &signature};
    if (!try_keys(set, &header, &signed_text, err))
        return false;
    buffer_release(payload);
    *payload = bytes;
    bytes = (struct buffer){0};
    return true;
}

bool jws_verify(const char *token, const struct text_list *allowed, const struct jwk_set *set,
                json_t **payload, struct error *err)
{
    cleanup_buffer struct buffer bytes = {0};
    return jws_verify_bytes(token, allowed, set, &bytes, err) &&
           parse("the ID token's payload", &bytes, payload, err);
}

bool jws_key_is_missing(const struct error *err)
{
    return err->code == ERROR_IDTOKEN_KEY || err->code == ERROR_IDTOKEN_SIGNATURE;
}

bool jws_read_claims(const char *token, json_t **payload, struct error *err)
{
    struct parts parts = {0};
    return split_claims(token, &parts, err) && check_signed(&parts, err) &&
           decode_object(&parts, PART_PAYLOAD, payload, err);
}
