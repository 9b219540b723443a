/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded JSON: the text is held against the limits before jansson, which recurses and allocates, sees it. */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buffer.h"

enum { DEFAULT_DEPTH = 32, MOST_MEMBERS = 20000, LONGEST_STRING = 512 * 1024 };
#define LARGEST_NUMBER 9007199254740992.0 /* 2^53: every integer up to it is a double of its own */

struct scan {
    unsigned depth;
    size_t members; /* an empty object or array counts as one */
};

/* Gives the position of the quote that ends the string which begins at AT, or LENGTH. */
static size_t skip_string(const char *text, size_t length, size_t at)
{
    for (at++; at < length && text[at] != '"'; at++) {
        if (text[at] == '\\')
            at++;
    }
    return at < length ? at : length;
}

static void count_character(struct scan *scan, char character)
{
    if (character == '{' || character == '[') {
        scan->depth++;
        scan->members++;
    } else if (character == ',') {
        scan->members++;
    } else if ((character == '}' || character == ']') && scan->depth > 0) {
        scan->depth--;
    }
}

/* Says what is beyond a limit, or NULL. Text that is not JSON may pass; it is refused later. */
static const char *find_excess(const char *text, size_t length, unsigned depth)
{
    struct scan scan = {0};
    for (size_t at = 0; at < length; at++) {
        if (text[at] == '"') {
            size_t end = skip_string(text, length, at);
            if (end - at - 1 > LONGEST_STRING)
                return "has a string that is too long";
            at = end;
            continue;
        }
        count_character(&scan, text[at]);
        if (scan.depth > depth)
            return "is nested too deeply";
        if (scan.members > MOST_MEMBERS)
            return "has too many members";
    }
    return NULL;
}

/* No strspn: a strict sanitizer would look for the end of the whole text in each call. */
static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* The length of the number that TEXT begins with (RFC 8259 section 6), 0 without one. */
static size_t number_length(const char *text)
{
    const char *at = text + (*text == '-');
    size_t whole = count_digits(at);
    if (whole == 0 || (*at == '0' && whole > 1))
        return 0;
    at += whole;
    if (*at == '.' && count_digits(at + 1) > 0)
        at += 1 + count_digits(at + 1);
    const char *exponent = at + 1;
    if (*at == 'e' || *at == 'E') {
        exponent += *exponent == '+' || *exponent == '-';
        at = count_digits(exponent) > 0 ? exponent + count_digits(exponent) : at;
    }
    return (size_t)(at - text);
}

/* True when jansson could not hold the number, and would refuse the whole text for it. */
static bool is_huge(const char *text, size_t length)
{
    cleanup_string char *number = memory_copy_bytes(text, length);
    errno = 0;
    if (strpbrk(number, ".eE") != NULL)
        return !isfinite(strtod(number, NULL));
    (void)strtoll(number, NULL, 10);
    return errno == ERANGE;
}

/* A huge number is never shorter than "null", which takes its place. */
static void blank_huge_numbers(char *text, size_t length)
{
    for (size_t at = 0; at < length; at++) {
        if (text[at] == '"') {
            at = skip_string(text, length, at);
            continue;
        }
        size_t number = number_length(text + at);
        if (number == 0)
            continue;
        if (is_huge(text + at, number)) {
            memset(text + at, ' ', number);
            memcpy(text + at, "null", strlen("null"));
        }
        at += number - 1;
    }
}

static json_t *load(struct json_source source, const char *text, size_t length, json_error_t *where)
{
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, where);
    if (value != NULL || !source.huge_is_null || json_error_code(where) != json_error_numeric_overflow)
        return value;
    char *copy = memory_copy_bytes(text, length);
    blank_huge_numbers(copy, length);
    value = json_loadb(copy, length, JSON_REJECT_DUPLICATES, where);
    memory_wipe(copy, length); /* it may hold zeros before its end */
    free(copy);
    return value;
}

void json_seed(void)
{
    static bool seeded;
    size_t seed = 0;
    if (seeded)
        return;
    seeded = true;
    /* a value that is missing for want of memory would look like one that is not wanted */
    json_set_alloc_funcs(memory_allocate, free);
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
        json_object_seed(seed);
}

bool json_parse_object(struct json_source source, const char *text, size_t length, json_t **out,
                       struct error *err)
{
    const char *excess = find_excess(text, length, source.depth > 0 ? source.depth : DEFAULT_DEPTH);
    if (excess != NULL)
        return error_set(err, source.code, "%s %s", source.what, excess);
    json_error_t where;
    json_seed();
    json_t *value = load(source, text, length, &where);
    if (value == NULL && json_error_code(&where) == json_error_duplicate_key)
        return error_set(err, source.code, "%s has a member twice (line %d)", source.what, where.line);
    if (value == NULL)
        return error_set(err, source.code, "%s is not valid JSON (line %d, column %d)", source.what,
                         where.line, where.column);
    if (!json_is_object(value)) {
        json_decref(value);
        return error_set(err, source.code, "%s is not a JSON object", source.what);
    }
    *out = value;
    return true;
}

static const char *text_of(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

const char *json_text(const json_t *object, const char *name)
{
    return text_of(json_object_get(object, name));
}

bool json_has(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value != NULL && !json_is_null(value);
}

bool json_number(const json_t *object, const char *name, double *number)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_number(value))
        return false;
    double exact = json_number_value(value);
    /* written so that a NaN fails; an integer by itself, for a double may have rounded it into the range */
    if (!(exact >= -LARGEST_NUMBER && exact <= LARGEST_NUMBER))
        return false;
    if (json_is_integer(value) && llabs(json_integer_value(value)) > (long long)LARGEST_NUMBER)
        return false;
    long long whole = (long long)exact;
    *number = (double)(exact < (double)whole ? whole - 1 : whole);
    return true;
}

bool json_boolean_is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

bool json_text_list(const json_t *object, const char *name, struct text_list *list)
{
    const json_t *array = json_object_get(object, name);
    if (array == NULL || json_is_null(array))
        return true;
    if (!json_is_array(array))
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (text_of(json_array_get(array, i)) == NULL)
            return false;
    }
    for (size_t i = 0; i < json_array_size(array); i++)
        text_list_add(list, text_of(json_array_get(array, i)));
    return true;
}

static char *dump(const json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags | JSON_ENCODE_ANY);
    if (text != NULL)
        return text;
    /* values that we built ourselves can only fail for want of memory */
    static const char line[] = "error: out of memory [memory]\n";
    if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
        _exit(1);
    _exit(1);
}

char *json_to_text(const json_t *value)
{
    return dump(value, JSON_COMPACT | JSON_ENSURE_ASCII);
}

/* jansson takes DEL for a letter, a terminal does not. */
static char *escape_delete(const char *text)
{
    cleanup_buffer struct buffer out = BUFFER(6 * strlen(text));
    while (*text != '\0') {
        size_t length = strcspn(text, "\x7f");
        buffer_add_format(&out, "%.*s", (int)length, text);
        text += length;
        if (*text == '\x7f') {
            buffer_add(&out, "\\u007f");
            text++;
        }
    }
    return buffer_steal(&out);
}

char *json_to_lines(const json_t *value)
{
    cleanup_string char *line = dump(value, JSON_COMPACT);
    if (text_is_plain(line))
        return dump(value, JSON_INDENT(2));
    cleanup_string char *ascii = dump(value, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    return escape_delete(ascii);
}
