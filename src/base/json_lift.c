/* SPDX-License-Identifier: Apache-2.0 */
/* Parses an object whose long values are plain text, without making jansson look at each of their characters. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"

enum { LIFTED_MAX = 4, WORTH_LIFTING = 64 };

/* A value that was cut out: where it stands in the text. */
struct lifted {
    const char *name, *value;
    size_t length;
};

/* The length of the string at AT (a quote) when it is plain printable ASCII without escapes; 0 otherwise. */
static size_t plain_length(const char *text, size_t length, size_t at)
{
    size_t end = at + 1;
    while (end < length && text[end] > ' ' && text[end] < 0x7f && text[end] != '"' && text[end] != '\\')
        end++;
    return end < length && text[end] == '"' ? end - at - 1 : 0;
}

/* Finds `"NAME":"` as our own writer puts it; NULL when it is not there. The value begins behind it. */
static const char *find_value(const char *text, size_t length, const char *name)
{
    char pattern[64];
    int wanted = snprintf(pattern, sizeof(pattern), "\"%s\":\"", name);
    if (wanted <= 0 || (size_t)wanted >= sizeof(pattern))
        return NULL;
    const char *found = memmem(text, length, pattern, (size_t)wanted);
    return found != NULL ? found + wanted : NULL;
}

/* Copies TEXT without the lifted values, which stand in the order of the text. */
static bool copy_rest(const char *text, size_t length, const struct lifted *lifted, size_t count, struct buffer *out)
{
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        if (!buffer_append(out, at, (size_t)(lifted[i].value - at)))
            return false;
        at = lifted[i].value + lifted[i].length;
    }
    return buffer_append(out, at, (size_t)(text + length - at));
}

static size_t find_lifted(const char *text, size_t length, const char *const *names, struct lifted *out)
{
    size_t count = 0;
    for (; *names != NULL && count < LIFTED_MAX; names++) {
        const char *from = count > 0 ? out[count - 1].value + out[count - 1].length : text;
        const char *value = find_value(from, length - (size_t)(from - text), *names);
        size_t plain = value != NULL ? plain_length(text, length, (size_t)(value - text) - 1) : 0;
        if (plain >= WORTH_LIFTING)
            out[count++] = (struct lifted){*names, value, plain};
    }
    return count;
}

/* A lifted name that is not an empty member of the object itself was somewhere else: the text is not what we wrote. */
static bool put_back(json_t *object, const struct lifted *lifted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *place = json_text(object, lifted[i].name);
        json_t *value = json_stringn_nocheck(lifted[i].value, lifted[i].length);
        if (place == NULL || *place != '\0' || json_object_set_new_nocheck(object, lifted[i].name, value) != 0)
            return false;
    }
    return true;
}

bool json_parse_lifted(struct json_source source, struct json_bytes text, const char *const *names, json_t **out,
                       struct error *err)
{
    struct lifted lifted[LIFTED_MAX];
    json_auto_t *object = NULL;
    size_t count = find_lifted(text.bytes, text.length, names, lifted);
    cleanup_buffer struct buffer rest = BUFFER_SECRET(text.length + 1);
    if (!copy_rest(text.bytes, text.length, lifted, count, &rest))
        return error_set(err, source.code, "%s is too long", source.what);
    if (!json_parse_object(source, buffer_text(&rest), rest.length, &object, err))
        return false;
    if (!put_back(object, lifted, count))
        return error_set(err, source.code, "%s has a member in a place that is not its own", source.what);
    *out = steal(object);
    return true;
}
