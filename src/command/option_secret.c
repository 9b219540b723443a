/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: taken off the command line, read from files, and where they had better be. */
#include <string.h>

#include "base/file.h"
#include "command/option.h"

/* The option that WORD ("--name", "--name=value", the same with one dash) gives a secret, or NULL. */
static const struct option *find_carrier(const char *word)
{
    const char *name = word + (word[0] == '-') + (word[0] == '-' && word[1] == '-');
    size_t length = (size_t)(strchrnul(name, '=') - name);
    for (size_t i = 0; name != word && i < option_count; i++)
        if ((option_table[i].flags & (OPTION_SECRET | OPTION_DISCREET)) &&
            strlen(option_table[i].name) == length && memcmp(option_table[i].name, name, length) == 0)
            return &option_table[i];
    return NULL;
}

void option_hide_secrets(char **words, struct text_list *kept)
{
    for (; *words != NULL; words++) {
        if (find_carrier(*words) == NULL)
            continue;
        char *equals = strchr(*words, '=');
        if (equals == NULL && *++words == NULL)
            return;
        char *secret = equals != NULL ? equals + 1 : *words;
        text_list_add(kept, *words);
        *words = kept->items[kept->count - 1];
        memory_wipe(secret, strlen(secret));
    }
}

void option_release_secrets(struct text_list *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        memory_wipe(kept->items[i], strlen(kept->items[i]));
    text_list_release(kept);
}

static size_t place_of(const struct option *option)
{
    return (size_t)(option - option_table);
}

void option_mark_word(struct options *options, const struct option *option)
{
    options->from_words[place_of(option) / 64] |= UINT64_C(1) << (place_of(option) % 64);
}

/* A header is never asked for. */
static void add_advice(const struct option *option, struct text_list *lines)
{
    cleanup_string char *variable = option_variable(option);
    cleanup_string char *line =
        memory_format("better than --%s: the environment variable %s, or %s_FILE with the name of a file "
                      "that only you can read%s",
                      option->name, variable, variable,
                      option->type == OPTION_TEXT ? ", or with /dev/tty to be asked for it" : "");
    text_list_add(lines, line);
}

void option_advise_secrets(const struct options *options, struct text_list *lines)
{
    cleanup_text_list struct text_list names = {0}, advice = {0};
    for (size_t i = 0; i < option_count; i++) {
        if (!((options->from_words[i / 64] >> (i % 64)) & 1))
            continue;
        cleanup_string char *name = memory_format("--%s", option_table[i].name);
        text_list_add(&names, name);
        add_advice(&option_table[i], &advice);
    }
    if (names.count == 0)
        return;
    cleanup_string char *all = text_list_join(&names, " and ");
    cleanup_string char *warning = memory_format(
        "%s on the command line: every user of this machine can read it there until the program has started, "
        "and shells keep it in their history",
        all);
    text_list_add(lines, warning);
    for (size_t i = 0; i < advice.count; i++)
        text_list_add(lines, advice.items[i]);
}

/* What is not given is asked for, when a login or a refresh needs it. */
static bool ask_later(struct options *options, const struct option *option, struct error *err)
{
    bool *ask = text_equal(option->name, "password")             ? &options->ask_password
                : text_equal(option->name, "oidc-client-secret") ? &options->ask_client_secret
                                                                 : NULL;
    if (ask != NULL)
        *ask = true;
    return ask != NULL ||
           error_set(err, ERROR_CONFIG, "--%s cannot be asked for on /dev/tty: name a file", option->name);
}

static void mark_from_file(struct options *options, const struct option *option)
{
    options->from_file[place_of(option) / 64] |= UINT64_C(1) << (place_of(option) % 64);
}

bool option_set_from_file(struct options *options, const struct option *option, const char *path,
                          struct error *err)
{
    cleanup_buffer struct buffer secret = BUFFER_SECRET(1 << 16);
    if (text_equal(path, "/dev/tty")) {
        mark_from_file(options, option);
        return ask_later(options, option, err);
    }
    if (!file_read(path, &secret, err)) {
        cleanup_string char *variable = option_variable(option);
        error_prefix(err, "cannot read the value of --%s", option->name);
        return error_hint(err, "the path comes from the environment variable %s_FILE", variable);
    }
    size_t length = secret.length;
    if (length > 0 && secret.data[length - 1] == '\n')
        length--;
    if (length > 0 && secret.data[length - 1] == '\r')
        length--;
    if (secret.data != NULL)
        secret.data[length] = '\0';
    if (!option_set(options, option, buffer_text(&secret), err))
        return false;
    mark_from_file(options, option);
    return true;
}

bool option_from_file(const struct options *options, const struct option *option)
{
    return (options->from_file[place_of(option) / 64] >> (place_of(option) % 64)) & 1;
}
