/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps what a provider said about itself; every failure is a miss, because it can be asked again. */
#include "session/provider_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/memory.h"
#include "record.h"

/* A document is a string in the file and may double there; base/json takes strings of 512 KiB. */
enum { MAXIMUM_AGE = 24 * 60 * 60, FILE_DEPTH = 4, DOCUMENT_LIMIT = 192 * 1024 };

void provider_record_release(struct provider_record *record)
{
    free(record->metadata);
    free(record->jwks);
    text_list_release(&record->accepted_redirects);
    *record = (struct provider_record){0};
}

static const char *extension(bool tls_unverified)
{
    return tls_unverified ? PROVIDER_UNVERIFIED_EXTENSION : PROVIDER_EXTENSION;
}

static json_t *parse_file(const char *text, size_t length, int64_t *version)
{
    json_auto_t *object = NULL;
    struct json_source source = {.what = "the provider record", .code = ERROR_CACHE_IO, .depth = FILE_DEPTH};
    struct error ignored = {0};
    if (!json_parse_object(source, text, length, &object, &ignored) ||
        !record_number(object, "version", version))
        return NULL;
    return steal(object);
}

/* A clock that was set back makes everything stale: nobody knows then how old it is. */
static void read_document(const json_t *object, const char *name, int64_t now, char **document,
                          int64_t *fetched_at)
{
    cleanup_string char *time_name = memory_format("%s_at", name);
    int64_t at = 0;
    if (!record_number(object, time_name, &at) || at > now || now - at > MAXIMUM_AGE)
        return;
    const char *text = json_text(object, name);
    if (text == NULL)
        return;
    *document = memory_copy_text(text);
    *fetched_at = at;
}

bool provider_file_parse(const char *text, size_t length, const char *issuer, int64_t now,
                         struct provider_record *out)
{
    int64_t version = 0;
    json_auto_t *object = parse_file(text, length, &version);
    if (object == NULL || version != PROVIDER_FILE_VERSION ||
        !text_equal(json_text(object, "issuer"), issuer))
        return false;

    cleanup_provider_record struct provider_record record = {0};
    read_document(object, "metadata", now, &record.metadata, &record.metadata_at);
    read_document(object, "jwks", now, &record.jwks, &record.jwks_at);
    if (!record_number(object, "jwks_retried_at", &record.jwks_retried_at) || record.jwks_retried_at > now)
        record.jwks_retried_at = 0;
    if (!json_text_list(object, "accepted_redirects", &record.accepted_redirects) ||
        record.accepted_redirects.count > PROVIDER_REDIRECTS_LIMIT)
        text_list_release(&record.accepted_redirects);
    *out = record;
    record = (struct provider_record){0};
    return true;
}

bool provider_file_belongs(const char *text, size_t length, const char *name)
{
    int64_t version = 0;
    json_auto_t *object = parse_file(text, length, &version);
    const char *issuer = json_text(object, "issuer");
    if (issuer == NULL)
        return false;
    if (version != PROVIDER_FILE_VERSION) /* another version may name its files in another way */
        return version > PROVIDER_FILE_VERSION;
    cleanup_string char *own_name = record_name(issuer, issuer, strlen(issuer));
    return strcmp(own_name, name) == 0;
}

void provider_cache_load(const struct session_cache *cache, const char *issuer, bool tls_unverified,
                         int64_t now, struct provider_record *out)
{
    cleanup_string char *stem = record_name(issuer, issuer, strlen(issuer));
    cleanup_string char *name = memory_format("%s%s", stem, extension(tls_unverified));
    cleanup_buffer struct buffer text = BUFFER(PROVIDER_FILE_LIMIT);
    struct error ignored = {0};
    struct file_state state = {0};
    *out = (struct provider_record){0};
    if (cache->directory < 0 || !file_read_private(cache->directory, name, &text, &state, &ignored) ||
        !state.found)
        return;
    (void)!provider_file_parse(buffer_text(&text), text.length, issuer, now, out);
}

static const char *storable(const char *document)
{
    return document != NULL && strlen(document) <= DOCUMENT_LIMIT ? document : NULL;
}

static json_t *make_redirects(const struct text_list *list)
{
    json_auto_t *array = json_array();
    size_t first = list->count > PROVIDER_REDIRECTS_LIMIT ? list->count - PROVIDER_REDIRECTS_LIMIT : 0;
    for (size_t i = first; i < list->count; i++) {
        if (json_array_append_new(array, json_string(list->items[i])) != 0)
            return NULL;
    }
    return steal(array);
}

bool provider_cache_save(const struct session_cache *cache, const char *issuer, bool tls_unverified,
                         const struct provider_record *record, struct error *err)
{
    cleanup_string char *name = record_name(issuer, issuer, strlen(issuer));
    json_auto_t *object = json_object();
    bool whole =
        record_set_number(object, "version", PROVIDER_FILE_VERSION) &&
        record_set_text(object, "issuer", issuer) &&
        record_set_text(object, "metadata", storable(record->metadata)) &&
        record_set_number(object, "metadata_at", record->metadata_at) &&
        record_set_text(object, "jwks", storable(record->jwks)) &&
        record_set_number(object, "jwks_at", record->jwks_at) &&
        record_set_number(object, "jwks_retried_at", record->jwks_retried_at) &&
        json_object_set_new(object, "accepted_redirects", make_redirects(&record->accepted_redirects)) == 0;
    return record_save((struct record_place){cache->directory, name, extension(tls_unverified)},
                       whole ? object : NULL, err);
}
