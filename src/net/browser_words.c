/* SPDX-License-Identifier: Apache-2.0 */
/* From a command and a URL to an argv, without a shell. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "browser_program.h"
#include "net/browser.h"

enum { COMMAND_LIMIT = 32 * 1024, URL_LIMIT = 8192, ARGUMENT_LIMIT = COMMAND_LIMIT + 64 * URL_LIMIT };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Appends the word at *TEXT to OUT; *TEXT is behind it then. False when a quote is not closed. */
static bool read_word(const char **text, struct buffer *out)
{
    char quote = '\0';
    for (; **text != '\0' && (quote != '\0' || !is_space(**text)); (*text)++) {
        char c = **text;
        if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        else if (c == quote)
            quote = '\0';
        else if (!buffer_append(out, &c, 1))
            return false;
    }
    return quote == '\0';
}

static bool split(const char *command, struct text_list *words, struct error *err)
{
    const char *text = command;
    for (;;) {
        while (is_space(*text))
            text++;
        if (*text == '\0')
            break;
        cleanup_buffer struct buffer word = BUFFER(COMMAND_LIMIT);
        if (!read_word(&text, &word)) {
            error_set(err, ERROR_CONFIG, "a quote is not closed");
            return error_hint(err, "quotes group words, and a backslash means itself");
        }
        text_list_add(words, buffer_text(&word));
    }
    if (words->count == 0 || words->items[0][0] == '\0')
        return error_set(err, ERROR_CONFIG, "it is empty");
    return true;
}

bool browser_words(const char *command, const char *path, struct text_list *words, struct error *err)
{
    if (strlen(command) > COMMAND_LIMIT)
        return error_set(err, ERROR_CONFIG, "it is too long");
    cleanup_string char *program = browser_find_program(command, path);
    cleanup_text_list struct text_list result = {0};
    if (program != NULL)
        text_list_add(&result, command);
    else if (!split(command, &result, err))
        return false;
    text_list_release(words);
    *words = result;
    result = (struct text_list){0};
    return true;
}

/* The word with URL in place of every %s. */
static char *fill(const char *word, const char *url)
{
    cleanup_buffer struct buffer result = BUFFER(ARGUMENT_LIMIT);
    for (const char *found; (found = strstr(word, "%s")) != NULL; word = found + 2) {
        if (!buffer_append(&result, word, (size_t)(found - word)) || !buffer_append_text(&result, url))
            return NULL;
    }
    return buffer_append_text(&result, word) ? buffer_steal(&result) : NULL;
}

void browser_add_url(struct text_list *words, const char *url)
{
    bool is_placed = false;
    for (size_t i = 1; i < words->count; i++) {
        if (strstr(words->items[i], "%s") == NULL)
            continue;
        char *filled = fill(words->items[i], url);
        if (filled == NULL) /* absurdly many of them */
            continue;
        free(words->items[i]);
        words->items[i] = filled;
        is_placed = true;
    }
    if (!is_placed)
        text_list_add(words, url);
}

static bool is_hexadecimal(char c)
{
    return c != '\0' && strchr("0123456789ABCDEFabcdef", c) != NULL;
}

/* RFC 3986 sections 2.1 to 2.3 */
static bool has_url_characters_only(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%";
    for (; *text != '\0'; text++)
        if (strchr(allowed, *text) == NULL ||
            (*text == '%' && !(is_hexadecimal(text[1]) && is_hexadecimal(text[2]))))
            return false;
    return true;
}

bool browser_url_is_safe(const char *url)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < array_length(schemes); i++) {
        size_t length = strlen(schemes[i]);
        if (strncmp(url, schemes[i], length) == 0)
            return strlen(url) <= URL_LIMIT && strcspn(url + length, "/?#") > 0 &&
                   has_url_characters_only(url);
    }
    return false;
}
