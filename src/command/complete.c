/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand next on a command line: commands, flags and values, from the tables alone. */
#include <string.h>

#include "command/command.h"
#include "command/complete_account.h"
#include "command/pipeline_options.h"

/* The last line tells the shell what else to do (the bits of cobra, which kubectl reads as well). */
enum { FILES = 0, NO_SPACE = 2, NO_FILES = 4, DIRECTORIES = 16 };

static const char *const shells = "bash|zsh|fish";

/* Values that --help does not show as "a|b|c". */
static const struct {
    const char *name, *values;
} more_values[] = {
    {"client-assertion-source", "auto|github|forgejo|gitlab|circleci|bitbucket|kubernetes|env:|file:|exec:"},
    {"client-assertion-algorithm", PIPELINE_ALGORITHMS},
};

struct completion {
    const struct command *commands;
    size_t count;
    const char *start; /* of the word that is being written */
    const struct command_input *input;
    char *const *words; /* those before it */
    struct buffer *out;
    bool unfinished; /* what follows a colon belongs to the same word */
};

static void offer(struct completion *completion, const char *word, size_t length, const char *text)
{
    if (strncmp(word, completion->start, strlen(completion->start)) != 0 ||
        strlen(completion->start) > length)
        return;
    completion->unfinished = completion->unfinished || (length > 0 && word[length - 1] == ':');
    buffer_add_format(completion->out, "%.*s", (int)length, word);
    if (text != NULL) /* its beginning is enough */
        buffer_add_format(completion->out, "\t%.*s", (int)strcspn(text, ";:("), text);
    buffer_add(completion->out, "\n");
}

/* VALUES are separated by '|'. */
static void offer_values(struct completion *completion, const char *values)
{
    while (*values != '\0') {
        size_t length = strcspn(values, "|");
        offer(completion, values, length, NULL);
        values += length + (values[length] == '|');
    }
}

static int offer_commands(struct completion *completion)
{
    for (size_t i = 0; i < completion->count; i++) {
        const struct command *command = &completion->commands[i];
        if (command->bit != 0)
            offer(completion, command->name, strlen(command->name), command->summary);
    }
    return NO_FILES;
}

static int offer_flags(struct completion *completion, unsigned command)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (!(option->commands & command) || (option->flags & OPTION_HIDDEN))
            continue;
        cleanup_string char *flag = memory_format("--%s", option->name);
        offer(completion, flag, strlen(flag), option->text);
    }
    return NO_FILES;
}

static void offer_accounts(struct completion *completion)
{
    cleanup_text_list struct text_list accounts = {0};
    complete_account(completion->input, completion->words, &accounts);
    for (size_t i = 0; i < accounts.count; i++)
        offer(completion, accounts.items[i], strlen(accounts.items[i]), NULL);
}

static int offer_option(struct completion *completion, const struct option *option)
{
    for (size_t i = 0; i < array_length(more_values); i++)
        if (text_equal(option->name, more_values[i].name))
            offer_values(completion, more_values[i].values);
    if (text_equal(option->name, "account"))
        offer_accounts(completion);
    if (option->type == OPTION_SWITCH)
        offer_values(completion, "true|false");
    if (option->value != NULL && strchr(option->value, '|') != NULL)
        offer_values(completion, option->value);
    if (!(option->flags & OPTION_PATH))
        return NO_FILES;
    return text_equal(option->value, "DIR") ? DIRECTORIES : FILES;
}

/* The option that WORD ("--x", "-x", "--x=...") names, or NULL. */
static const struct option *named_option(const char *word, unsigned command)
{
    if (text_starts_with(word, "--")) {
        cleanup_string char *name = memory_copy_bytes(word + 2, strcspn(word + 2, "="));
        return option_find(name, command);
    }
    for (size_t i = 0; word[0] == '-' && word[1] != '\0' && word[2] == '\0' && i < option_count; i++)
        if ((option_table[i].commands & command) && option_table[i].shorthand == word[1])
            return &option_table[i];
    return NULL;
}

static const struct command *named_command(const struct completion *completion, const char *name)
{
    for (size_t i = 0; name != NULL && i < completion->count; i++)
        if (text_equal(completion->commands[i].name, name))
            return &completion->commands[i];
    return NULL;
}

/* LAST is the word before the one that is being written, NULL for none. */
static int offer_next(struct completion *completion, const char *name, const char *last)
{
    const struct command *command = named_command(completion, name);
    unsigned bit = command != NULL ? command->bit : COMMAND_ROOT;
    const struct option *before = last != NULL ? named_option(last, bit) : NULL;
    const char *equals = text_starts_with(completion->start, "--") ? strchr(completion->start, '=') : NULL;
    const struct option *here = equals != NULL ? named_option(completion->start, bit) : NULL;
    if (equals != NULL) {
        completion->start = equals + 1;
        return here != NULL ? offer_option(completion, here) : NO_FILES;
    }
    if (before != NULL && before->type != OPTION_SWITCH && strchr(last, '=') == NULL)
        return offer_option(completion, before);
    if (completion->start[0] == '-')
        return offer_flags(completion, bit);
    if (name == NULL || text_equal(name, "help"))
        return offer_commands(completion);
    if (text_equal(name, "completion"))
        offer_values(completion, shells);
    return NO_FILES;
}

void command_complete(const struct command_input *input, char **words, const struct command *commands,
                      size_t count, struct buffer *out)
{
    size_t length = 0;
    while (words[length] != NULL)
        length++;
    char *written = length > 0 ? words[length - 1] : NULL;
    struct completion completion = {.commands = commands,
                                    .count = count,
                                    .start = written != NULL ? written : "",
                                    .input = input,
                                    .words = words,
                                    .out = out};
    if (length > 0)
        words[length - 1] = NULL;
    int place = options_find_command(words);
    int directive =
        offer_next(&completion, place >= 0 ? words[place] : NULL, length > 1 ? words[length - 2] : NULL);
    if (length > 0)
        words[length - 1] = written;
    buffer_add_format(out, ":%d\n", directive | (completion.unfinished ? NO_SPACE : 0));
}
