/* SPDX-License-Identifier: Apache-2.0 */
/* Names, reading and writing that sessions, provider records and cool-downs share. */
#include "record.h"

#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/sha256.h"

/* The host of an issuer: between "://" and the next of "/?#", without user information and port. */
static const char *find_host(const char *issuer, size_t *length)
{
    const char *scheme_end = strstr(issuer, "://");
    const char *host = scheme_end != NULL ? scheme_end + 3 : issuer;
    size_t end = strcspn(host, "/?#");
    for (const char *at = memchr(host, '@', end); at != NULL; at = memchr(host, '@', end)) {
        end -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    if (end > 0 && host[0] == '[') {
        host++;
        end--;
        *length = strcspn(host, "]") < end ? strcspn(host, "]") : end;
        return host;
    }
    *length = strcspn(host, ":") < end ? strcspn(host, ":") : end;
    return host;
}

static char safe_character(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')
        return c;
    return '_';
}

char *record_name(const char *issuer, const void *bytes, size_t length)
{
    char host[RECORD_HOST_LENGTH + 1] = "issuer";
    size_t host_length = 0;
    const char *found = find_host(issuer != NULL ? issuer : "", &host_length);
    if (host_length > RECORD_HOST_LENGTH)
        host_length = RECORD_HOST_LENGTH;
    for (size_t i = 0; i < host_length; i++)
        host[i] = safe_character(found[i]);
    if (host_length > 0)
        host[host_length] = '\0';
    if (host[0] == '.' || host[0] == '-') /* neither hidden nor an option of somebody's rm */
        host[0] = '_';

    uint8_t digest[SHA256_SIZE];
    char hash[RECORD_HASH_LENGTH + 1];
    sha256(bytes, length, digest);
    encoding_hex(digest, RECORD_HASH_BYTES, hash);
    return memory_format("%s-%s", host, hash);
}

json_t *record_load(struct record_place place, size_t limit, int version)
{
    cleanup_string char *name = memory_format("%s%s", place.name, place.extension);
    cleanup_buffer struct buffer text = BUFFER(limit);
    struct error ignored = {0};
    struct file_state state = {0};
    if (place.directory < 0 || !file_read_private(place.directory, name, &text, &state, &ignored) ||
        !state.found)
        return NULL;

    json_auto_t *object = NULL;
    struct json_source source = {.what = "the file", .code = ERROR_CACHE_IO};
    int64_t stored = 0;
    if (!json_parse_object(source, buffer_text(&text), text.length, &object, &ignored))
        return NULL;
    if (!record_number(object, "version", &stored) || stored != version)
        return NULL;
    return steal(object);
}

bool record_save(struct record_place place, const json_t *object, struct error *err)
{
    if (place.directory < 0)
        return error_set(err, ERROR_CACHE_IO, "there is no cache directory");
    if (object == NULL)
        return error_set(err, ERROR_INTERNAL, "cannot make the text of '%s%s'", place.name, place.extension);
    cleanup_string char *name = memory_format("%s%s", place.name, place.extension);
    cleanup_secret char *text = json_to_text(object);
    return file_replace_at_once(place.directory, name, text, strlen(text), err);
}

void record_remove(struct record_place place)
{
    cleanup_string char *name = memory_format("%s%s", place.name, place.extension);
    (void)unlinkat(place.directory, name, 0);
}

bool record_set_text(json_t *object, const char *name, const char *text)
{
    return text == NULL || json_object_set_new(object, name, json_string(text)) == 0;
}

bool record_set_number(json_t *object, const char *name, int64_t number)
{
    return json_object_set_new(object, name, json_integer(number)) == 0;
}

bool record_number(const json_t *object, const char *name, int64_t *out)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value))
        return false;
    json_int_t number = json_integer_value(value);
    if (number < 0 || number > RECORD_NUMBER_MAX)
        return false;
    *out = (int64_t)number;
    return true;
}

bool record_is_printable(const char *text, const char *allowed)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool control = (unsigned char)*c < 0x20 || *c == 0x7f;
        if (control && strchr(allowed, *c) == NULL)
            return false;
    }
    return true;
}
