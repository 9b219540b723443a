/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a session as JSON and believes as little as possible of one that it reads. */
#include "session/session_file.h"

#include <string.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/memory.h"
#include "record.h"

enum { FILE_DEPTH = 8, TOKEN_LIMIT = 512 * 1024 };
static const char *const optional_texts[] = {"refresh_token", "subject", "username", "nonce"};

bool session_file_format(const struct session_key *key, const struct session *session, char **text,
                         struct error *err)
{
    json_auto_t *object = json_object();
    bool whole = record_set_number(object, "version", SESSION_FILE_VERSION) &&
                 json_object_set(object, "key", key->tuple) == 0 &&
                 json_object_set(object, "token_kind", json_object_get(key->tuple, "token_kind")) == 0 &&
                 session->token != NULL && record_set_text(object, "id_token", session->token) &&
                 record_set_text(object, "refresh_token", session->refresh_token) &&
                 record_set_text(object, "subject", session->subject) &&
                 record_set_text(object, "username", session->username) &&
                 record_set_text(object, "nonce", session->nonce) &&
                 record_set_number(object, "issued_at", session->issued_at) &&
                 record_set_number(object, "expires_at", session->expires_at) &&
                 record_set_number(object, "obtained_at", session->obtained_at) &&
                 record_set_number(object, "lifetime", session->lifetime) &&
                 json_object_set_new(object, "refreshed", json_boolean(session->refreshed)) == 0;
    if (!whole)
        return error_set(err, ERROR_INTERNAL, "cannot make the text of session '%s'", safe(key->name));
    cleanup_secret char *compact = json_to_text(object);
    *text = memory_format("%s\n", compact);
    return true;
}

static bool is_base64url(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* b64token (RFC 6750 section 2.1). */
static bool is_bearer_token(const char *token)
{
    const char *c = token;
    while (is_base64url(*c) || (*c != '\0' && strchr(".~+/", *c) != NULL))
        c++;
    return c > token && c[strspn(c, "=")] == '\0';
}

/* The payload of three dot-separated parts of base64url (RFC 7515 section 7.1), NULL for anything else. */
static const char *find_payload(const char *token, size_t *length)
{
    const char *parts[3] = {token, NULL, NULL};
    size_t count = 1;
    for (const char *c = token; *c != '\0'; c++) {
        if (*c != '.' && !is_base64url(*c))
            return NULL;
        if (*c != '.')
            continue;
        if (count == array_length(parts) || c == parts[count - 1])
            return NULL;
        parts[count++] = c + 1;
    }
    if (count != array_length(parts) || *parts[2] == '\0')
        return NULL;
    *length = (size_t)(parts[2] - parts[1] - 1);
    return parts[1];
}

/* The exp claim, without a look at the signature: the integrity of the file is the user's own (REF-11). */
static bool read_expiry(const char *token, int64_t *expires_at)
{
    size_t length = 0;
    const char *payload = find_payload(token, &length);
    if (payload == NULL)
        return false;
    cleanup_buffer struct buffer decoded = BUFFER_SECRET(TOKEN_LIMIT);
    if (!encoding_base64url_decode(payload, length, &decoded))
        return false;
    return json_peek_number(buffer_text(&decoded), decoded.length, "exp", expires_at) && *expires_at > 0;
}

static const char *check_token(const json_t *object, struct session *out)
{
    const char *token = json_text(object, "id_token");
    const char *kind = json_text(object, "token_kind");
    if (token == NULL || kind == NULL)
        return "has no token";
    int64_t own_expiry = 0;
    bool known = read_expiry(token, &own_expiry);
    bool access_token = strcmp(kind, "access_token") == 0;
    if (!known && !access_token)
        return "holds something that is no ID token";
    if (!known && !is_bearer_token(token))
        return "holds something that is no bearer token";
    if (known && own_expiry < out->expires_at)
        out->expires_at = own_expiry;
    return NULL;
}

static const char *check_texts(const json_t *object)
{
    for (size_t i = 0; i < array_length(optional_texts); i++) {
        const json_t *value = json_object_get(object, optional_texts[i]);
        if (value != NULL && json_text(object, optional_texts[i]) == NULL)
            return "has a member of the wrong type";
    }
    return NULL;
}

static const char *check_times(const json_t *object, struct session *out)
{
    const json_t *refreshed = json_object_get(object, "refreshed");
    if (!record_number(object, "issued_at", &out->issued_at) ||
        !record_number(object, "expires_at", &out->expires_at) ||
        !record_number(object, "obtained_at", &out->obtained_at) ||
        !record_number(object, "lifetime", &out->lifetime) || !json_is_boolean(refreshed))
        return "has a time that is missing or wrong";
    out->refreshed = json_is_true(refreshed);
    return NULL;
}

static void copy_texts(const json_t *object, struct session *out)
{
    out->token = memory_copy_text(json_text(object, "id_token"));
    out->refresh_token = memory_copy_text(json_text(object, "refresh_token"));
    out->subject = memory_copy_text(json_text(object, "subject"));
    out->username = memory_copy_text(json_text(object, "username"));
    out->nonce = memory_copy_text(json_text(object, "nonce"));
}

/* The token's kind in the file is for people; it is the key's. */
static bool kind_fits(const json_t *object, const struct session_key *key)
{
    return json_equal(json_object_get(object, "token_kind"), json_object_get(key->tuple, "token_kind")) != 0;
}

enum session_file_verdict session_file_parse(const char *text, size_t length, const struct session_key *key,
                                             struct session *out, const char **why)
{
    static const char *const tokens[] = {"id_token", "refresh_token", NULL};
    json_auto_t *object = NULL;
    struct json_source source = {.what = "the session file", .code = ERROR_CACHE_IO, .depth = FILE_DEPTH};
    struct json_bytes whole = {text, length};
    struct error ignored = {0};
    int64_t version = 0;
    struct session session = {0};
    *why = "is not a session";
    if (!json_parse_lifted(source, whole, tokens, &object, &ignored) ||
        !record_number(object, "version", &version))
        return SESSION_FILE_DAMAGED;
    if (version > SESSION_FILE_VERSION) {
        *why = "is of a newer version";
        return SESSION_FILE_NEWER;
    }
    if (version != SESSION_FILE_VERSION)
        return SESSION_FILE_DAMAGED;
    *why = "is the session of another login";
    if (json_equal(json_object_get(object, "key"), key->tuple) == 0 || !kind_fits(object, key))
        return SESSION_FILE_DAMAGED;
    if ((*why = check_times(object, &session)) != NULL || (*why = check_texts(object)) != NULL ||
        (*why = check_token(object, &session)) != NULL)
        return SESSION_FILE_DAMAGED;
    copy_texts(object, &session);
    *out = session;
    return SESSION_FILE_GOOD;
}

bool session_file_belongs(const char *text, size_t length, const char *name)
{
    json_auto_t *object = NULL;
    struct json_source source = {.what = "the session file", .code = ERROR_CACHE_IO, .depth = FILE_DEPTH};
    struct error ignored = {0};
    int64_t version = 0;
    if (!json_parse_object(source, text, length, &object, &ignored) ||
        !record_number(object, "version", &version))
        return false;
    const json_t *key = json_object_get(object, "key");
    if (!json_is_object(key) || json_text(object, "id_token") == NULL)
        return false;
    if (version != SESSION_FILE_VERSION) /* another version may name its files in another way */
        return version > SESSION_FILE_VERSION;
    cleanup_string char *tuple = json_to_text(key);
    cleanup_string char *own_name = record_name(json_text(key, "issuer"), tuple, strlen(tuple));
    return strcmp(own_name, name) == 0;
}
