/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses which option somebody meant who misspelt one. */
#include "option_nearest.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

/* Smaller is nearer; a few wrong letters are nearer than the same words. */
enum { BY_WORDS = UINT8_MAX, NOT_NEAR = UINT8_MAX + 1, WORD_ENOUGH = 4, NAME_ENOUGH = 4 };

/* Behind the first word of TEXT that is the LENGTH bytes of WORD, or begins with them, or is their beginning;
 * NULL for none. */
static const char *find_word(const char *text, const char *word, size_t length)
{
    while (*text != '\0') {
        size_t own = strcspn(text, "-"), shorter = own < length ? own : length;
        bool is_equal = strncmp(text, word, shorter) == 0;
        text += own + (text[own] == '-');
        if (is_equal && (own == length || shorter >= WORD_ENOUGH))
            return text;
    }
    return NULL;
}

/* True when the words of FEW stand in MANY, in the same order. */
static bool has_words(const char *many, const char *few)
{
    if (strlen(few) < NAME_ENOUGH)
        return false;
    while (many != NULL && *few != '\0') {
        size_t length = strcspn(few, "-");
        many = find_word(many, few, length);
        few += length + (few[length] == '-');
    }
    return many != NULL;
}

static unsigned rank(const char *name, const char *candidate)
{
    unsigned distance = text_distance(name, candidate);
    if (distance < text_distance_limit(name))
        return distance;
    return has_words(candidate, name) || has_words(name, candidate) ? BY_WORDS : NOT_NEAR;
}

/* In the spelling of flags: "oidc-issuer-url" for "OIDC_Issuer_URL". Owned by the caller. */
static char *as_flag(const char *name)
{
    char *flag = memory_copy_text(name);
    for (char *c = flag; *c != '\0'; c++)
        *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
    return flag;
}

const struct option *option_nearest(const char *name, unsigned command)
{
    cleanup_string char *flag = as_flag(name);
    const struct option *nearest = NULL;
    unsigned best = NOT_NEAR;
    for (size_t i = 0; i < 2 * option_count; i++) { /* those that --help does not show come second */
        const struct option *option = &option_table[i % option_count];
        bool second = i >= option_count;
        bool wanted = second ? (option->flags & OPTION_DEPRECATED) != 0 && nearest == NULL
                             : (option->flags & OPTION_HIDDEN) == 0;
        if (!wanted || !(option->commands & command) || rank(flag, option->name) >= best)
            continue;
        best = rank(flag, option->name);
        nearest = option;
    }
    return nearest;
}

char *option_nearest_variable(const char *variable)
{
    cleanup_string char *flag = as_flag(variable + strlen(VARIABLE_PREFIX));
    char *nearest = NULL;
    unsigned best = NOT_NEAR;
    for (size_t i = 0; i < 2 * option_count; i++) {
        const struct option *option = &option_table[i / 2];
        bool file = i % 2 == 1;
        if ((option->flags & (OPTION_HIDDEN | OPTION_ACTION)) || (file && !(option->flags & OPTION_SECRET)))
            continue;
        cleanup_string char *candidate = memory_format("%s%s", option->name, file ? "-file" : "");
        unsigned own = rank(flag, candidate);
        if (own >= best)
            continue;
        best = own;
        cleanup_string char *name = option_variable(option);
        cleanup_string char *whole = memory_format("%s%s", name, file ? "_FILE" : "");
        memory_replace_text(&nearest, whole);
    }
    return nearest;
}
