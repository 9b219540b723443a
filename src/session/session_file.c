/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a session as JSON and believes as little as possible of one that it reads. */
#include "session/session_file.h"

#include <string.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/memory.h"
#include "record.h"

enum { FILE_DEPTH = 8, TOKEN_LIMIT = 512 * 1024, YEAR_2001 = 1000000000, TIME_DIGITS = 16 };
#define FILE_BEGIN "{\"version\":1,\"key\":"
#define FILE_END "}\n"
#define IN_KEYRING "keyring"
#define MARK "\"refresh_token_in\":\"" IN_KEYRING "\""
enum { FILE_END_LENGTH = sizeof(FILE_END) - 1 };
static const char *const optional_texts[] = {"refresh_token", "refresh_token_in", "subject",
                                             "username",      "stands_for",       "nonce"};

static bool set_refresh_token(json_t *object, const struct session *session)
{
    return session->in_keyring ? record_set_text(object, "refresh_token_in", IN_KEYRING)
                               : record_set_text(object, "refresh_token", session->refresh_token);
}

bool session_file_format(const struct session_key *key, const struct session *session, char **text,
                         struct error *err)
{
    json_auto_t *object = json_object();
    bool whole = record_set_number(object, "version", SESSION_FILE_VERSION) &&
                 json_object_set(object, "key", key->tuple) == 0 &&
                 json_object_set(object, "token_kind", json_object_get(key->tuple, "token_kind")) == 0 &&
                 session->token != NULL && record_set_text(object, "id_token", session->token) &&
                 set_refresh_token(object, session) && record_set_text(object, "subject", session->subject) &&
                 record_set_text(object, "username", session->username) &&
                 record_set_text(object, "stands_for", session->stands_for) &&
                 record_set_text(object, "nonce", session->nonce) &&
                 record_set_number(object, "issued_at", session->issued_at) &&
                 record_set_number(object, "expires_at", session->expires_at) &&
                 record_set_number(object, "obtained_at", session->obtained_at) &&
                 record_set_number(object, "lifetime", session->lifetime) &&
                 json_object_set_new(object, "refreshed", json_boolean(session->refreshed)) == 0;
    if (!whole)
        return error_set(err, ERROR_INTERNAL, "cannot make the text of session '%s'", safe(key->name));
    cleanup_secret char *compact = json_to_text(object);
    *text = memory_format("%s\n", compact); /* FILE_END */
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

static bool parse_expiry(const struct buffer *claims_text, int64_t *expires_at)
{
    json_auto_t *claims = NULL;
    struct json_source source = {.what = "the token", .code = ERROR_CACHE_IO};
    struct error ignored = {0};
    double exp = 0;
    if (!json_parse_object(source, buffer_text(claims_text), claims_text->length, &claims, &ignored) ||
        !json_number(claims, "exp", &exp) || exp <= 0)
        return false;
    *expires_at = (int64_t)exp;
    return true;
}

/* The exp claim, without a look at the signature: the integrity of the file is the user's own (REF-11). The
 * token was parsed strictly before it was stored; only a number that is none of these years is worth doing
 * that again. */
static bool read_expiry(const char *token, int64_t *expires_at)
{
    size_t length = 0;
    int64_t exp = 0;
    const char *payload = find_payload(token, &length);
    if (payload == NULL)
        return false;
    cleanup_buffer struct buffer claims = BUFFER_SECRET(TOKEN_LIMIT);
    if (!encoding_base64url_decode(payload, length, &claims))
        return false;
    bool whole = claims.length > 1 && claims.data[0] == '{' && claims.data[claims.length - 1] == '}';
    if (!whole || !json_peek_number(claims.data, claims.length, "exp", &exp) || exp < YEAR_2001)
        return parse_expiry(&claims, expires_at);
    *expires_at = exp;
    return true;
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

/* NULL without one, and for one that no request could carry. */
static const char *read_refresh_token(const json_t *object)
{
    const char *token = json_text(object, "refresh_token");
    return token != NULL && strlen(token) <= SESSION_REFRESH_TOKEN_LIMIT ? token : NULL;
}

static const char *check_refresh_token(const json_t *object, struct session *out)
{
    const char *place = json_text(object, "refresh_token_in");
    if (place != NULL && (strcmp(place, IN_KEYRING) != 0 || json_text(object, "refresh_token") != NULL))
        return "has its refresh token in an unknown place";
    out->in_keyring = place != NULL;
    out->can_refresh = place != NULL || read_refresh_token(object) != NULL;
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
    out->refresh_token = memory_copy_text(read_refresh_token(object));
    out->subject = memory_copy_text(json_text(object, "subject"));
    out->username = memory_copy_text(json_text(object, "username"));
    out->stands_for = memory_copy_text(json_text(object, "stands_for"));
    out->nonce = memory_copy_text(json_text(object, "nonce"));
}

/* The token's kind in the file is for people; it is the key's. */
static bool kind_fits(const json_t *object, const json_t *tuple)
{
    return json_equal(json_object_get(object, "token_kind"), json_object_get(tuple, "token_kind")) != 0;
}

/* The place behind PATTERN in the text from AT on; NULL when it is not there. */
static const char *behind(const char *at, const char *end, const char *pattern)
{
    const char *found = memmem(at, (size_t)(end - at), pattern, strlen(pattern));
    return found != NULL ? found + strlen(pattern) : NULL;
}

static bool peek_time(const char *at, const char *end, const char *pattern, int64_t *seconds)
{
    const char *digits = behind(at, end, pattern);
    const char *stop = digits;
    int64_t value = 0;
    for (; stop != NULL && stop < end && *stop >= '0' && *stop <= '9' && stop - digits < TIME_DIGITS; stop++)
        value = value * 10 + (*stop - '0');
    if (stop == digits || stop == end || (*stop != ',' && *stop != '}') || value > RECORD_NUMBER_MAX)
        return false;
    *seconds = value;
    return true;
}

/* What session_file_format puts before the token; the rest of a file that begins with it is ours as well. */
static char *expected_begin(const struct session_key *key)
{
    return memory_format(FILE_BEGIN "%s,\"token_kind\":\"%s\",\"id_token\":\"", key->text,
                         key->access_token ? "access_token" : "id_token");
}

bool session_file_peek(const char *text, size_t length, const struct session_key *key, struct session *out)
{
    cleanup_string char *begin = expected_begin(key);
    const char *token = text + strlen(begin);
    const char *end = text + length;
    struct session session = {0};
    int64_t own_expiry = 0;
    size_t begin_length = strlen(begin);
    if (length < begin_length + FILE_END_LENGTH || memcmp(text, begin, begin_length) != 0 ||
        memcmp(end - FILE_END_LENGTH, FILE_END, FILE_END_LENGTH) != 0)
        return false;
    const char *quote = memchr(token, '"', (size_t)(end - token));
    if (quote == NULL || !peek_time(quote, end, "\"issued_at\":", &session.issued_at) ||
        !peek_time(quote, end, "\"expires_at\":", &session.expires_at) ||
        !peek_time(quote, end, "\"obtained_at\":", &session.obtained_at) ||
        !peek_time(quote, end, "\"lifetime\":", &session.lifetime))
        return false;
    cleanup_secret char *copy = memory_copy_bytes(token, (size_t)(quote - token));
    bool opaque = !read_expiry(copy, &own_expiry);
    if (opaque && (!is_bearer_token(copy) || !key->access_token))
        return false;
    own_expiry = opaque ? session.expires_at : own_expiry;
    session.token = steal(copy);
    session.expires_at = own_expiry < session.expires_at ? own_expiry : session.expires_at;
    session.in_keyring = behind(quote, end, MARK) != NULL;
    session.can_refresh = session.in_keyring || behind(quote, end, "\"refresh_token\":\"") != NULL;
    *out = session;
    return true;
}

enum session_file_verdict session_file_parse(const char *text, size_t length, const struct session_key *key,
                                             struct session *out, const char **why)
{
    json_auto_t *object = NULL;
    struct json_source source = {.what = "the session file", .code = ERROR_CACHE_IO, .depth = FILE_DEPTH};
    struct error ignored = {0};
    int64_t version = 0;
    struct session session = {0};
    *why = "is not a session";
    if (!json_parse_object(source, text, length, &object, &ignored) ||
        !record_number(object, "version", &version))
        return SESSION_FILE_DAMAGED;
    if (version > SESSION_FILE_VERSION) {
        *why = "is of a newer version";
        return SESSION_FILE_NEWER;
    }
    if (version != SESSION_FILE_VERSION)
        return SESSION_FILE_DAMAGED;
    *why = "is the session of another login";
    json_auto_t *tuple = session_key_tuple(key);
    if (json_equal(json_object_get(object, "key"), tuple) == 0 || !kind_fits(object, tuple))
        return SESSION_FILE_DAMAGED;
    if ((*why = check_times(object, &session)) != NULL || (*why = check_texts(object)) != NULL ||
        (*why = check_refresh_token(object, &session)) != NULL ||
        (*why = check_token(object, &session)) != NULL)
        return SESSION_FILE_DAMAGED;
    copy_texts(object, &session);
    *out = session;
    return SESSION_FILE_GOOD;
}

enum session_file_verdict session_file_parse_any(const struct session_file_text *file,
                                                 struct session_key *key, struct session *out,
                                                 const char **why)
{
    json_auto_t *object = NULL;
    cleanup_session_key struct session_key own = {0};
    struct json_source source = {.what = "the session file", .code = ERROR_CACHE_IO, .depth = FILE_DEPTH};
    struct error ignored = {0};
    *why = "is not a session";
    if (!json_parse_object(source, file->text, file->length, &object, &ignored) ||
        !json_is_object(json_object_get(object, "key")))
        return SESSION_FILE_DAMAGED;
    session_key_from_tuple(json_object_get(object, "key"), &own);
    enum session_file_verdict verdict = session_file_parse(file->text, file->length, &own, out, why);
    if (verdict != SESSION_FILE_GOOD)
        return verdict;
    if (strcmp(own.name, file->name) != 0) {
        session_release(out);
        *why = "has the name of another session";
        return SESSION_FILE_DAMAGED;
    }
    *key = own;
    own = (struct session_key){0};
    return SESSION_FILE_GOOD;
}

bool session_file_is_in_keyring(const char *text, size_t length)
{
    return behind(text, text + length, MARK) != NULL;
}

/* What a full disk, a power cut or somebody's editor leaves of a session, were it nothing at all. */
static bool is_torn(const char *text, size_t length)
{
    size_t compared = length < strlen(FILE_BEGIN) ? length : strlen(FILE_BEGIN);
    return memcmp(text, FILE_BEGIN, compared) == 0;
}

bool session_file_belongs(const char *text, size_t length, const char *name)
{
    json_auto_t *object = NULL;
    struct json_source source = {.what = "the session file", .code = ERROR_CACHE_IO, .depth = FILE_DEPTH};
    struct error ignored = {0};
    int64_t version = 0;
    if (!json_parse_object(source, text, length, &object, &ignored))
        return is_torn(text, length);
    if (!record_number(object, "version", &version))
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
