/* SPDX-License-Identifier: Apache-2.0 */
/* One number out of JSON text that was parsed before, without parsing it again. */
#include <string.h>

#include "base/json.h"

enum { DIGITS_MAX = 16 }; /* within 2^53 */

/* The place behind the string that begins at AT. */
static size_t skip_string(const char *text, size_t length, size_t at)
{
    for (at++; at < length && text[at] != '"'; at++)
        if (text[at] == '\\')
            at++;
    return at < length ? at + 1 : length;
}

static size_t skip_space(const char *text, size_t length, size_t at)
{
    while (at < length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
        at++;
    return at;
}

/* Reads digits at AT; a fraction behind them is cut off, anything longer is no number of ours. */
static bool read_digits(const char *text, size_t length, size_t at, int64_t *number)
{
    int64_t value = 0;
    size_t digits = 0;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++, digits++)
        value = digits < DIGITS_MAX ? value * 10 + (text[at] - '0') : value;
    if (at < length && text[at] == '.')
        for (at++; at < length && text[at] >= '0' && text[at] <= '9';)
            at++;
    if (digits == 0 || digits > DIGITS_MAX || (at < length && (text[at] == 'e' || text[at] == 'E')))
        return false;
    *number = value;
    return true;
}

static bool is_name(const char *text, size_t begin, size_t end, const char *name)
{
    size_t wanted = strlen(name);
    return end - begin == wanted + 2 && memcmp(text + begin + 1, name, wanted) == 0;
}

bool json_peek_number(const char *text, size_t length, const char *name, int64_t *number)
{
    unsigned depth = 0;
    size_t at = 0;
    while (at < length) {
        if (text[at] != '"') {
            depth += text[at] == '{' || text[at] == '[';
            depth -= (text[at] == '}' || text[at] == ']') && depth > 0;
            at++;
            continue;
        }
        size_t begin = at;
        at = skip_string(text, length, at);
        size_t colon = skip_space(text, length, at);
        if (depth != 1 || colon >= length || text[colon] != ':' || !is_name(text, begin, at, name))
            continue;
        return read_digits(text, length, skip_space(text, length, colon + 1), number);
    }
    return false;
}
