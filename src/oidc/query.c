/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a query string at '&' and '=' and decodes each part. */
#include "oidc/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/encoding.h"

static bool decode_part(const char *text, size_t length, char **out)
{
    cleanup_buffer struct buffer decoded = BUFFER_SECRET(length + 1);
    if (!encoding_form_decode(text, length, &decoded))
        return false;
    *out = buffer_steal(&decoded);
    return true;
}

static bool add_parameter(const char *text, size_t length, struct query *query)
{
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
    cleanup_secret char *name = NULL, *value = NULL;
    if (query->count >= QUERY_PARAMETERS_LIMIT)
        return false;
    if (!decode_part(text, name_length, &name))
        return false;
    if (equals == NULL)
        value = memory_copy_text("");
    else if (!decode_part(equals + 1, length - name_length - 1, &value))
        return false;
    query->items = memory_resize(query->items, (query->count + 1) * sizeof(query->items[0]));
    query->items[query->count++] = (struct query_parameter){.name = steal(name), .value = steal(value)};
    return true;
}

bool query_parse(const char *text, size_t length, struct query *out)
{
    cleanup_query struct query query = {0};
    const char *end = text + length;
    while (text < end) {
        const char *ampersand = memchr(text, '&', (size_t)(end - text));
        size_t part = (size_t)((ampersand != NULL ? ampersand : end) - text);
        if (part > 0 && !add_parameter(text, part, &query))
            return false;
        text += part + (ampersand != NULL ? 1 : 0);
    }
    *out = query;
    query = (struct query){0};
    return true;
}

const char *query_get(const struct query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->items[i].name, name) == 0)
            return query->items[i].value;
    }
    return NULL;
}

size_t query_count(const struct query *query, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < query->count; i++)
        count += strcmp(query->items[i].name, name) == 0 ? 1 : 0;
    return count;
}

void query_release(struct query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        free(query->items[i].name);
        memory_free_secret(query->items[i].value);
    }
    free(query->items);
    *query = (struct query){0};
}
