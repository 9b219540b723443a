/* SPDX-License-Identifier: Apache-2.0 */
/* Puts what makes two logins the same into one canonical tuple, and names it. */
#include "session/session_key.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "record.h"

enum { SKETCH_LIMIT = 256 * 1024 };

/* Arguments need not be UTF-8, JSON must be; an object cannot be mistaken for a text. */
static json_t *make_text(const char *text)
{
    if (text_is_empty(text))
        return json_null();
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    size_t length = strlen(text);
    cleanup_string char *hex = memory_allocate(2 * length + 1);
    encoding_hex((const uint8_t *)text, length, hex);
    return json_pack("{s:s}", "hex", hex);
}

static void copy_set(const struct text_list *list, struct text_list *out)
{
    for (size_t i = 0; list != NULL && i < list->count; i++)
        text_list_add_once(out, list->items[i]);
    text_list_sort(out);
}

static json_t *make_set(const struct text_list *list)
{
    cleanup_text_list struct text_list sorted = {0};
    copy_set(list, &sorted);

    json_auto_t *array = json_array();
    for (size_t i = 0; i < sorted.count; i++) {
        if (json_array_append_new(array, make_text(sorted.items[i])) != 0)
            return NULL;
    }
    return steal(array);
}

static void copy_sorted(const struct text_map *map, struct text_map *out)
{
    text_map_copy(map, out);
    text_map_sort(out);
}

static json_t *make_pairs(const struct text_map *map)
{
    cleanup_text_map struct text_map sorted = {0};
    copy_sorted(map, &sorted);

    json_auto_t *array = json_array();
    for (size_t i = 0; i < sorted.count; i++) {
        json_auto_t *pair = json_array();
        if (json_array_append_new(pair, make_text(sorted.items[i].name)) != 0 ||
            json_array_append_new(pair, make_text(sorted.items[i].value)) != 0 ||
            json_array_append(array, pair) != 0)
            return NULL;
    }
    return steal(array);
}

static void hash_text(struct sha256 *hash, const char *text)
{
    size_t length = strlen(text);
    uint8_t prefix[8];
    for (size_t i = 0; i < sizeof(prefix); i++)
        prefix[i] = (uint8_t)((uint64_t)length >> (56 - 8 * i));
    sha256_add(hash, prefix, sizeof(prefix));
    sha256_add(hash, text, length);
}

enum { DIGEST_SIZE = 2 * SHA256_SIZE + 1 };

/* Headers often hold secrets: only a digest of them is kept, each text with its length before it. False
 * without headers. */
static bool digest_headers(const struct text_map *map, char hex[static DIGEST_SIZE])
{
    if (map == NULL || map->count == 0)
        return false;
    cleanup_text_map struct text_map sorted = {0};
    copy_sorted(map, &sorted);

    struct sha256 hash;
    sha256_init(&hash);
    for (size_t i = 0; i < sorted.count; i++) {
        hash_text(&hash, sorted.items[i].name);
        hash_text(&hash, sorted.items[i].value);
    }
    uint8_t digest[SHA256_SIZE];
    sha256_end(&hash, digest);
    encoding_hex(digest, sizeof(digest), hex);
    return true;
}

static json_t *make_digest(const struct text_map *map)
{
    char hex[DIGEST_SIZE];
    return digest_headers(map, hex) ? json_string(hex) : json_null();
}

/* NULL only when memory is out; a key without a tuple finds nothing and saves nothing. */
static json_t *make_tuple(const struct session_key_parts *parts)
{
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"issuer", make_text(parts->issuer)},
        {"client_id", make_text(parts->client_id)},
        {"scopes", make_set(parts->scopes)},
        {"grant", json_string(parts->client_grant ? "client" : "person")},
        {"user", make_text(parts->user)},
        {"extra", make_pairs(parts->extra)},
        {"audience", json_null()}, /* of no use, but every stored session has it in its name */
        {"token_kind", json_string(parts->access_token ? "access_token" : "id_token")},
        {"headers", make_digest(parts->headers)},
        {"tls_verified", json_boolean(!parts->tls_unverified)},
    };
    json_auto_t *tuple = json_object();
    bool whole = true;
    for (size_t i = 0; i < array_length(members); i++)
        whole = json_object_set_new(tuple, members[i].name, members[i].value) == 0 && whole;
    return whole ? steal(tuple) : NULL;
}

void session_key_make(const struct session_key_parts *parts, struct session_key *out)
{
    json_seed();
    json_auto_t *tuple = make_tuple(parts);
    out->text = tuple != NULL ? json_to_text(tuple) : memory_copy_text("");
    out->name = record_name(parts->issuer, out->text, strlen(out->text));
    out->tuple = steal(tuple);
    out->access_token = parts->access_token;
}

/* A text as JSON has it; false for one that JSON escapes. */
static bool draw_text(const char *text, struct buffer *out)
{
    if (text_is_empty(text))
        return buffer_append_text(out, "null");
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
            return false;
    return buffer_append_text(out, "\"") && buffer_append_text(out, text) && buffer_append_text(out, "\"");
}

static bool draw_set(const struct text_list *list, struct buffer *out)
{
    cleanup_text_list struct text_list sorted = {0};
    copy_set(list, &sorted);
    for (size_t i = 0; i < sorted.count; i++)
        if (!buffer_append_text(out, i == 0 ? "[" : ",") || !draw_text(sorted.items[i], out))
            return false;
    return buffer_append_text(out, sorted.count == 0 ? "[]" : "]");
}

static bool draw_pairs(const struct text_map *map, struct buffer *out)
{
    cleanup_text_map struct text_map sorted = {0};
    copy_sorted(map, &sorted);
    for (size_t i = 0; i < sorted.count; i++)
        if (!buffer_append_text(out, i == 0 ? "[[" : ",[") || !draw_text(sorted.items[i].name, out) ||
            !buffer_append_text(out, ",") || !draw_text(sorted.items[i].value, out) ||
            !buffer_append_text(out, "]"))
            return false;
    return buffer_append_text(out, sorted.count == 0 ? "[]" : "]");
}

/* What json_to_text makes of make_tuple. */
static bool draw_tuple(const struct session_key_parts *parts, struct buffer *out)
{
    char hex[DIGEST_SIZE];
    bool has_headers = digest_headers(parts->headers, hex);
    return buffer_append_text(out, "{\"issuer\":") && draw_text(parts->issuer, out) &&
           buffer_append_text(out, ",\"client_id\":") && draw_text(parts->client_id, out) &&
           buffer_append_text(out, ",\"scopes\":") && draw_set(parts->scopes, out) &&
           buffer_append_text(out, ",\"grant\":") &&
           draw_text(parts->client_grant ? "client" : "person", out) &&
           buffer_append_text(out, ",\"user\":") && draw_text(parts->user, out) &&
           buffer_append_text(out, ",\"extra\":") && draw_pairs(parts->extra, out) &&
           buffer_append_text(out, ",\"audience\":null,\"token_kind\":") &&
           draw_text(parts->access_token ? "access_token" : "id_token", out) &&
           buffer_append_text(out, ",\"headers\":") && draw_text(has_headers ? hex : NULL, out) &&
           buffer_append_text(out, ",\"tls_verified\":") &&
           buffer_append_text(out, parts->tls_unverified ? "false}" : "true}");
}

void session_key_sketch(const struct session_key_parts *parts, struct session_key *out)
{
    cleanup_buffer struct buffer text = BUFFER(SKETCH_LIMIT);
    if (!draw_tuple(parts, &text)) {
        session_key_make(parts, out);
        return;
    }
    out->name = record_name(parts->issuer, buffer_text(&text), text.length);
    out->text = buffer_steal(&text);
    out->access_token = parts->access_token;
}

json_t *session_key_tuple(const struct session_key *key)
{
    json_t *tuple = NULL;
    struct json_source source = {.what = "the session's key", .code = ERROR_INTERNAL};
    struct error ignored = {0};
    if (key->tuple != NULL)
        return json_incref(key->tuple);
    return json_parse_object(source, key->text, strlen(key->text), &tuple, &ignored) ? tuple : NULL;
}

void session_key_from_tuple(json_t *tuple, struct session_key *out)
{
    out->tuple = json_incref(tuple);
    out->text = json_to_text(tuple);
    out->name = record_name(json_text(tuple, "issuer"), out->text, strlen(out->text));
    out->access_token = text_equal(json_text(tuple, "token_kind"), "access_token");
}

const char *session_key_text(const struct session_key *key, const char *name)
{
    return json_text(key->tuple, name);
}

void session_key_release(struct session_key *key)
{
    json_decref(key->tuple);
    free(key->text);
    free(key->name);
    *key = (struct session_key){0};
}
