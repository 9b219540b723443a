/* SPDX-License-Identifier: Apache-2.0 */
/* Turns words, variables and defaults into options. */
#include <ctype.h>
#include <string.h>

#include "base/file.h"
#include "command/option.h"
#include "option_nearest.h"

const struct option *option_find(const char *name, unsigned command)
{
    for (size_t i = 0; i < option_count; i++)
        if ((option_table[i].commands & command) && strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

static const struct option *find_shorthand(char letter, unsigned command)
{
    for (size_t i = 0; i < option_count; i++)
        if ((option_table[i].commands & command) && option_table[i].shorthand == letter)
            return &option_table[i];
    return NULL;
}

char *option_variable(const struct option *option)
{
    char *name = memory_format(VARIABLE_PREFIX "%s", option->name);
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    return name;
}

/* The command that knows OPTION, for a flag that was given to another one or before the command. */
static const char *find_owner(const struct option *option)
{
    static const struct {
        unsigned command;
        const char *name;
    } owners[] = {{COMMAND_GET_TOKEN, "get-token"},
                  {COMMAND_WHOAMI, "whoami"},
                  {COMMAND_LOGOUT, "logout"},
                  {COMMAND_VERSION, "version"}};
    for (size_t i = 0; i < array_length(owners); i++)
        if (option->commands & owners[i].command)
            return owners[i].name;
    return NULL;
}

/* kubelogin without a command kept its tokens in a kubeconfig. */
static bool is_standalone(const char *name)
{
    return text_equal(name, "kubeconfig") || text_equal(name, "context");
}

static void hint_flag(const char *name, const struct option_source *source, struct error *err)
{
    const struct option *elsewhere = option_find(name, COMMAND_ALL);
    const char *owner = elsewhere != NULL ? find_owner(elsewhere) : NULL;
    const struct option *nearest = option_nearest(name, source->command);
    if (is_standalone(name))
        error_hint(err, "no kubeconfig is read or written here, as kubelogin did without a command: the "
                        "command 'setup' prints the user entry by which kubectl runs 'get-token'");
    else if (elsewhere != NULL && elsewhere->commands == COMMAND_ROOT)
        error_hint(err, "--%s stands alone, without a command", name);
    else if (owner != NULL)
        error_hint(err, "--%s belongs to the command '%s'; '%s --help' lists the flags of this one", name,
                   owner, source->command_name);
    else if (nearest != NULL)
        error_hint(err, "did you mean --%s? '%s --help' lists all flags", nearest->name,
                   source->command_name);
    else
        error_hint(err, "'%s --help' lists all flags", source->command_name);
}

static bool unknown_flag(const char *name, const struct option_source *source, struct error *err)
{
    error_set(err, ERROR_CONFIG, "unknown flag: --%s", safe(name));
    hint_flag(name, source, err);
    return false;
}

/* More than a letter is most often a long flag with one dash. */
static bool unknown_shorthand(const char *letter, const char *text, const struct option_source *source,
                              struct error *err)
{
    cleanup_string char *name = memory_copy_bytes(text, strcspn(text, "="));
    error_set(err, ERROR_CONFIG, "unknown shorthand flag: '%s' in -%s", text_make_safe_bytes(letter, 1).text,
              safe(name)); /* without its value, which may be a secret */
    const struct option *meant = option_find(name, source->command);
    if (meant == NULL && strlen(name) > 2)
        meant = option_nearest(name, source->command);
    if (meant != NULL)
        return error_hint(err, "did you mean --%s? Long flags have two dashes", meant->name);
    return error_hint(err, "'%s --help' lists all flags", source->command_name);
}

static bool unknown_word(const char *word, const struct option_source *source, struct error *err)
{
    static const char *const values[] = {"true", "false", "1", "0"};
    /* a flag with a secret, behind "--" or with a dash that is none */
    cleanup_string char *shown = memory_copy_bytes(word, strcspn(word, "="));
    error_set(err, ERROR_CONFIG, "unknown command \"%s\" for \"%s\"", safe(shown), source->command_name);
    for (size_t i = 0; i < array_length(values); i++)
        if (text_equal(word, values[i]))
            return error_hint(err, "a switch takes its value behind an equals sign: --flag=%s", word);
    return error_hint(err, "only flags are taken here: '%s --help' lists them", source->command_name);
}

struct parser {
    const struct option_source *source;
    struct options *options;
    char **word;                 /* the current one */
    const struct option *before; /* the last flag; NULL */
};

/* Takes the value of OPTION: after '=', or the next word; a switch needs none. */
static bool take_value(struct parser *parser, const struct option *option, const char *given,
                       struct error *err)
{
    if (given == NULL && option->type == OPTION_SWITCH)
        given = "true";
    if (given == NULL && *(parser->word + 1) != NULL)
        given = *++parser->word;
    if (given == NULL) {
        error_set(err, ERROR_CONFIG, "flag needs an argument: --%s", option->name);
        return error_hint(err, "write it as --%s=%s", option->name, option->value);
    }
    parser->before = option;
    if (option->flags & OPTION_SECRET)
        option_mark_word(parser->options, option);
    return option_set(parser->options, option, given, err);
}

static bool parse_long(struct parser *parser, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    cleanup_string char *name =
        equals != NULL ? memory_copy_bytes(text, (size_t)(equals - text)) : memory_copy_text(text);
    const struct option *option = option_find(name, parser->source->command);
    if (option == NULL)
        return unknown_flag(name, parser->source, err);
    return take_value(parser, option, equals != NULL ? equals + 1 : NULL, err);
}

/* "-oidc-issuer-url=x" is no value of -o. */
static bool is_long_name(const char *text, unsigned command)
{
    cleanup_string char *name = memory_copy_bytes(text, strcspn(text, "="));
    return text[1] != '\0' && text[1] != '=' &&
           (text_starts_with(name, "oidc-") || option_find(name, command) != NULL);
}

/* "-v1", "-v=1", "-v 1", "-h". */
static bool parse_short(struct parser *parser, const char *text, struct error *err)
{
    const struct option *option = find_shorthand(text[0], parser->source->command);
    if (option == NULL || is_long_name(text, parser->source->command))
        return unknown_shorthand(text, text, parser->source, err);
    const char *given = text[1] == '=' ? text + 2 : text[1] != '\0' ? text + 1 : NULL;
    if (option->type == OPTION_SWITCH && given != NULL && text[1] != '=')
        return unknown_shorthand(text + 1, text, parser->source, err);
    return take_value(parser, option, given, err);
}

/* Behind a secret it is most often the rest of it. */
static bool stray_word(const struct parser *parser, const char *word, struct error *err)
{
    if (parser->before == NULL || !(parser->before->flags & OPTION_SECRET))
        return unknown_word(word, parser->source, err);
    error_set(err, ERROR_CONFIG, "a word that belongs to no flag stands behind the value of --%s",
              parser->before->name);
    return error_hint(err, "put a value with spaces into quotes, and leave no space behind the equals sign");
}

static bool parse_words(struct parser *parser, struct error *err)
{
    bool flags_end = false;
    for (; *parser->word != NULL; parser->word++) {
        const char *word = *parser->word;
        bool good;
        if (!flags_end && strcmp(word, "--") == 0) {
            flags_end = true;
            continue;
        }
        if (!flags_end && strncmp(word, "--", 2) == 0)
            good = parse_long(parser, word + 2, err);
        else if (!flags_end && word[0] == '-' && word[1] != '\0')
            good = parse_short(parser, word + 1, err);
        else
            return stray_word(parser, word, err);
        if (!good)
            return false;
    }
    return true;
}

int option_choice(const char *choices, const char *text)
{
    int place = 0;
    if (choices == NULL || text == NULL)
        return -1;
    for (size_t length; *choices != '\0'; choices += length + (choices[length] == '|'), place++) {
        length = strcspn(choices, "|");
        if (strlen(text) == length && strncmp(choices, text, length) == 0)
            return place;
    }
    return -1;
}

/* LATCHKEY_OUTPUT=token is a good setting of get-token and must not stop whoami. */
static bool is_for_another_command(const struct option *option, const char *value)
{
    if (option_choice(option->value, value) >= 0)
        return false;
    for (size_t i = 0; i < option_count; i++)
        if (&option_table[i] != option && text_equal(option_table[i].name, option->name) &&
            option_choice(option_table[i].value, value) >= 0)
            return true;
    return false;
}

/* What was meant must not go unnoticed; an image, though, may well set LATCHKEY_VERSION. */
static bool skip_action(struct options *options, const struct option *option, const char *variable)
{
    if (option->commands == COMMAND_ROOT || option_given(options, option->name))
        return true;
    cleanup_string char *notice = memory_format(
        "the environment variable %s is ignored: only the flag --%s does that", variable, option->name);
    text_list_add(&options->notices, notice);
    return true;
}

static bool apply_variable(const struct option_source *source, struct options *options,
                           const struct option *option, struct error *err)
{
    cleanup_string char *name = option_variable(option);
    cleanup_string char *file_name = memory_format("%s_FILE", name);
    const char *value = text_variable(source->environment, name);
    const char *file = (option->flags & OPTION_SECRET) ? text_variable(source->environment, file_name) : NULL;
    bool has_value = value != NULL, has_file = file != NULL;
    if (has_value && (option->flags & OPTION_ACTION))
        return skip_action(options, option, name);
    if (option_given(options, option->name) || (!has_value && !has_file) ||
        (has_value && is_for_another_command(option, value)))
        return true;
    if (has_value && has_file)
        return error_set(err, ERROR_CONFIG, "%s and %s are both set: unset one of them", name, file_name);
    options->from_variable[(option - option_table) / 64] |= UINT64_C(1) << ((option - option_table) % 64);
    if (has_file)
        return option_set_from_file(options, option, file, err);
    return option_set(options, option, value, err) || option_hint_variables(options, err);
}

/* The option that a variable's name (with or without _FILE) belongs to, in any command. */
static bool variable_is_known(const char *variable, size_t length)
{
    for (size_t i = 0; i < option_count; i++) {
        cleanup_string char *name = option_variable(&option_table[i]);
        size_t own = strlen(name);
        if (own == length && strncmp(name, variable, length) == 0)
            return true;
        if ((option_table[i].flags & OPTION_SECRET) && own + 5 == length &&
            strncmp(name, variable, own) == 0 && strncmp(variable + own, "_FILE", 5) == 0)
            return true;
    }
    return false;
}

static void warn_unknown_variable(struct options *options, const char *variable, size_t length)
{
    cleanup_string char *name = memory_copy_bytes(variable, length);
    cleanup_string char *right = option_nearest_variable(name);
    cleanup_string char *notice = memory_format(
        "the environment variable %s is not one of ours and is ignored%s%s%s", safe(name),
        right != NULL ? ": did you mean " : "", right != NULL ? right : "", right != NULL ? "?" : "");
    text_list_add(&options->notices, notice);
}

static bool apply_environment(const struct option_source *source, struct options *options, struct error *err)
{
    bool any = false;
    for (char *const *entry = source->environment; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || strncmp(*entry, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) != 0)
            continue;
        any = true;
        if (!variable_is_known(*entry, (size_t)(equals - *entry)))
            warn_unknown_variable(options, *entry, (size_t)(equals - *entry));
    }
    for (size_t i = 0; any && i < option_count; i++)
        if ((option_table[i].commands & source->command) &&
            !apply_variable(source, options, &option_table[i], err))
            return false;
    return true;
}

static bool apply_defaults(struct options *options, struct error *err)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        uint64_t given[2] = {options->given[0], options->given[1]};
        if (option->initial == NULL || option_given(options, option->name))
            continue;
        if (!option_set(options, option, option->initial, err))
            return false;
        options->given[0] = given[0];
        options->given[1] = given[1];
    }
    return true;
}

static void expand_paths(struct options *options, const char *home)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        void *member = (char *)options + option->offset;
        struct text_list *list = option->type == OPTION_ARRAY ? member : NULL;
        char **text = option->type == OPTION_TEXT ? member : NULL;
        if (!(option->flags & OPTION_PATH))
            continue;
        for (size_t k = 0; k < (list != NULL ? list->count : 1); k++) {
            char **path = list != NULL ? &list->items[k] : text;
            char *expanded = *path != NULL && (*path)[0] == '~' ? file_expand_home(*path, home) : NULL;
            if (expanded != NULL)
                memory_replace_text(path, expanded);
            memory_cleanup_string(&expanded);
        }
    }
}

static void note_deprecations(struct options *options)
{
    for (size_t i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (!(option->flags & OPTION_DEPRECATED) || !option_given(options, option->name))
            continue;
        cleanup_string char *notice = memory_format("--%s is deprecated: %s", option->name, option->text);
        text_list_add(&options->notices, notice);
    }
}

bool options_parse(const struct option_source *source, struct options *out, struct error *err)
{
    cleanup_options struct options options = {0};
    struct parser parser = {.source = source, .options = &options, .word = source->words};
    if (!parse_words(&parser, err) || !apply_environment(source, &options, err) ||
        !apply_defaults(&options, err))
        return false;
    expand_paths(&options, source->home);
    note_deprecations(&options);
    *out = options;
    options = (struct options){0};
    return true;
}

int options_find_command(char **words)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], "--") == 0)
            return -1;
        if (words[i][0] != '-' || words[i][1] == '\0')
            return i;
        const char *name = words[i] + (words[i][1] == '-' ? 2 : 1);
        bool is_short = words[i][1] != '-';
        const struct option *option =
            is_short ? find_shorthand(name[0], COMMAND_ALL) : option_find(name, COMMAND_ALL);
        if (!is_short && is_standalone(name))
            return -1; /* its value is no command */
        bool has_value = is_short ? name[1] != '\0' : strchr(name, '=') != NULL;
        if (option != NULL && option->type != OPTION_SWITCH && !has_value && words[i + 1] != NULL)
            i++;
    }
    return -1;
}
