/* SPDX-License-Identifier: Apache-2.0 */
/* How the text of a flag becomes a value, with the grammar that users of kubelogin rely on. */
#include <string.h>

#include "base/buffer.h"
#include "command/option.h"

static void *option_member(struct options *options, const struct option *option)
{
    return (char *)options + option->offset;
}

static void option_mark(struct options *options, const struct option *option)
{
    size_t place = (size_t)(option - option_table);
    options->given[place / 64] |= UINT64_C(1) << (place % 64);
}

static bool option_is_marked(const struct options *options, const struct option *option)
{
    size_t place = (size_t)(option - option_table);
    return (options->given[place / 64] >> (place % 64)) & 1;
}

/* Few are marked: to look at the names of all would cost more than the rest of the parsing. By name, because
 * two commands may have a flag of the same name. */
static bool name_is_marked(const uint64_t marks[2], const char *name)
{
    for (size_t word = 0; word < 2; word++)
        for (uint64_t left = marks[word]; left != 0; left &= left - 1)
            if (text_equal(option_table[word * 64 + (size_t)__builtin_ctzll(left)].name, name))
                return true;
    return false;
}

bool option_given(const struct options *options, const char *name)
{
    return name_is_marked(options->given, name);
}

bool option_from_variable(const struct options *options, const char *name)
{
    return name_is_marked(options->from_variable, name);
}

/* "--NAME", or "COMMAND: NAME must ...", as the peer begins when it refuses a choice. */
static bool is_named(const char *message, const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
    cleanup_string char *flag = memory_format("--%s", name);
    cleanup_string char *choice = memory_format(": %s must ", name);
    for (const char *at = strstr(message, flag); at != NULL; at = strstr(at + 1, flag))
        if (strspn(at, letters) == strlen(flag))
            return true;
    return strstr(message, choice) != NULL;
}

bool option_hint_variables(const struct options *options, struct error *err)
{
    for (size_t i = 0; err->code == ERROR_CONFIG && i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (!((options->from_variable[i / 64] >> (i % 64)) & 1) || !is_named(err->message, option->name))
            continue;
        cleanup_string char *name = option_variable(option);
        if (option_from_file(options, option))
            error_hint(err, "the value comes from the file that the environment variable %s_FILE names",
                       name);
        else
            error_hint(err, "the value comes from the environment variable %s", name);
    }
    return false;
}

static bool invalid(const struct option *option, const char *text, const char *why, struct error *err)
{
    if (option->flags & OPTION_SECRET)
        text = "...";
    return error_set(err, ERROR_CONFIG, "invalid argument \"%s\" for \"--%s\" flag: %s", safe(text),
                     option->name, why);
}

static bool parse_switch(const struct option *option, const char *text, bool *value, struct error *err)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
    for (size_t i = 0; i < array_length(yes); i++) {
        if (text_equal(text, yes[i])) {
            *value = true;
            return true;
        }
        if (text_equal(text, no[i])) {
            *value = false;
            return true;
        }
    }
    return invalid(option, text, "neither true nor false", err);
}

/* Reads one field of a CSV record at *AT: plain up to the comma, or quoted with "" for a quote. */
static bool csv_field(const char **at, struct buffer *field)
{
    const char *c = *at;
    bool quoted = *c == '"';
    if (quoted)
        c++;
    while (*c != '\0') {
        if (quoted && *c == '"' && c[1] != '"')
            break;
        if (!quoted && *c == ',')
            break;
        if (quoted && *c == '"')
            c++;
        if (!buffer_append(field, c, 1))
            return false;
        c++;
    }
    if (quoted && *c++ != '"')
        return false;
    *at = c;
    return *c == '\0' || *c == ',';
}

static bool parse_csv(const struct option *option, const char *text, struct text_list *items,
                      struct error *err)
{
    const char *at = text;
    for (;;) {
        cleanup_buffer struct buffer field = BUFFER(1 << 16);
        if (!csv_field(&at, &field))
            return invalid(option, text, "bad quotes in a comma-separated list", err);
        text_list_add(items, buffer_text(&field));
        if (*at == '\0')
            return true;
        at++;
    }
}

/* Of a secret no more than the name in "Authorization: Bearer ...". Owned by the caller. */
static char *shown_pair(const struct option *option, const char *pair)
{
    enum { NAME_LIMIT = 24 };
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (!(option->flags & OPTION_SECRET))
        return memory_copy_text(safe(pair));
    size_t length = strspn(pair, name);
    bool is_name = pair[length] == ':' && length <= NAME_LIMIT;
    return memory_format("%.*s...", is_name ? (int)length : 0, pair);
}

static bool add_pair(const struct option *option, const char *pair, struct text_map *map, struct error *err)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL) {
        cleanup_string char *shown = shown_pair(option, pair);
        error_set(err, ERROR_CONFIG,
                  "invalid argument \"%s\" for \"--%s\" flag: %s must be formatted as key=value", shown,
                  option->name, shown);
        return error_hint(err, "write it as --%s=%s", option->name, option->value);
    }
    cleanup_string char *name = memory_copy_bytes(pair, (size_t)(equals - pair));
    text_map_set(map, name, equals + 1);
    return true;
}

/* With one '=' the text is one pair and commas belong to the value; with more it is a CSV record of pairs. */
static bool parse_map(const struct option *option, const char *text, struct text_map *map, struct error *err)
{
    const char *first = strchr(text, '=');
    if (first == NULL || strchr(first + 1, '=') == NULL) {
        size_t length = strlen(text);
        bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
        cleanup_string char *pair = quoted ? memory_copy_bytes(text + 1, length - 2) : memory_copy_text(text);
        return add_pair(option, pair, map, err);
    }
    cleanup_text_list struct text_list pairs = {0};
    if (!parse_csv(option, text, &pairs, err))
        return false;
    for (size_t i = 0; i < pairs.count; i++)
        if (!add_pair(option, pairs.items[i], map, err))
            return false;
    return true;
}

static bool parse_list(struct options *options, const struct option *option, const char *text,
                       struct error *err)
{
    struct text_list *list = option_member(options, option);
    if (!option_is_marked(options, option))
        text_list_release(list);
    if (text[0] == '\0') {
        if (option->initial != NULL)
            text_list_add(list, "");
        return true;
    }
    return parse_csv(option, text, list, err);
}

static bool parse_number(const struct option *option, const char *text, int64_t *number, struct error *err)
{
    if (text_to_number(text, INT32_MIN, INT32_MAX, number))
        return true;
    const char *digits = text + (text[0] == '-');
    bool is_number = digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits);
    return invalid(option, text, is_number ? "value out of range" : "not a whole number", err);
}

bool option_set(struct options *options, const struct option *option, const char *text, struct error *err)
{
    void *member = option_member(options, option);
    bool good = true;
    switch (option->type) {
    case OPTION_TEXT:
        if (option->flags & OPTION_SECRET) {
            memory_free_secret(*(char **)member);
            *(char **)member = NULL;
        }
        memory_replace_text(member, text);
        break;
    case OPTION_SWITCH:
        good = parse_switch(option, text, member, err);
        break;
    case OPTION_NUMBER:
        good = parse_number(option, text, member, err);
        break;
    case OPTION_LIST:
        good = parse_list(options, option, text, err);
        break;
    case OPTION_ARRAY:
        text_list_add(member, text);
        break;
    case OPTION_MAP:
        good = parse_map(option, text, member, err);
        break;
    }
    if (good)
        option_mark(options, option);
    return good;
}
