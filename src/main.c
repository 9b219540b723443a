/* SPDX-License-Identifier: Apache-2.0 */
/* Composition: the process made safe, the table of commands, the exit status, the only printer of errors. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "command/command.h"

extern char **environ;

enum { ANSWER_LIMIT = 1024 * 1024 };

static const struct command commands[] = {
    {"get-token", COMMAND_GET_TOKEN, command_get_token,
     "Print a token for kubectl (the exec credential plugin)",
     "Prints an ExecCredential for kubectl: from the cache, by a silent refresh, or by a login in your "
     "browser."},
    {"login", COMMAND_LOGIN, command_login, "Log in now, whatever the cache says",
     "Logs in now, whatever the cache says, and prints who is logged in instead of a token.\n"
     "Give it the flags that your kubeconfig gives get-token."},
    {"setup", COMMAND_SETUP, command_setup, "Log in once and show what to put into your kubeconfig",
     "Logs in once, keeps nothing, and prints the token's claims, the user entry for your kubeconfig and the "
     "same as a\n"
     "'kubectl config set-credentials' command. Without an issuer or a client ID it says what to do first."},
    {"doctor", 0, NULL, NULL, NULL},
    {"whoami", COMMAND_WHOAMI, command_whoami, "Show who is logged in",
     "Shows whose session is in the cache, without the network.\n"
     "Give it the flags that your kubeconfig gives get-token."},
    {"list", COMMAND_LIST, command_list, "List the sessions in the token cache",
     "Lists every session in the token cache, without the network and without any flag of a login."},
    {"logout", COMMAND_LOGOUT, command_logout, "Revoke a session and delete it",
     "Revokes the refresh token at the provider and deletes the session.\n"
     "Give it the flags that your kubeconfig gives get-token, or --all."},
    {"clean", COMMAND_CLEAN, command_clean, "Delete the token cache",
     "Deletes the token cache, in the directory and in the keyring. The provider is not told: its refresh "
     "tokens stay valid until they expire."},
    {"version", COMMAND_VERSION, command_version, "Print the version", "Prints the version."},
    {"completion", COMMAND_COMPLETION, command_completion, "Print a script that completes commands and flags",
     "Prints a script for bash, zsh or fish, named after the command, that completes commands, flags and "
     "values."},
    {"help", COMMAND_HELP, NULL, "Explain the commands and their flags", NULL},
};

/* A descriptor below 3 that is closed would be taken by the next file that we open. Nothing can be written to
 * the new stdout: an answer that nobody gets is no success. */
static bool open_standard_descriptors(void)
{
    struct pollfd standard[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    if (poll(standard, array_length(standard), 0) < 0)
        return false;
    for (int fd = 0; fd < 3; fd++)
        if ((standard[fd].revents & POLLNVAL) &&
            open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

static bool make_process_safe(struct error *err)
{
    if (!open_standard_descriptors())
        return error_set(err, ERROR_INTERNAL,
                         "cannot open /dev/null in place of a closed standard descriptor");
    if (getauxval(AT_SECURE) != 0)
        return error_set(err, ERROR_CONFIG,
                         "latchkey must not be installed setuid, setgid or with capabilities");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
#ifndef SANITIZED
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        log_line(1, "core dumps could not be switched off");
#endif
    return true;
}

/* "kubectl oidc-login" for kubectl-oidc_login, else the name of the file. Owned by the caller. */
static char *program_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (!text_is_plain(name) || strlen(name) > TEXT_SAFE_LENGTH)
        name = safe(name);
    if (!text_starts_with(name, "kubectl-"))
        return memory_copy_text(name[0] != '\0' ? name : "latchkey");
    char *text = memory_format("kubectl %s", name + strlen("kubectl-"));
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '_' ? '-' : *c;
    return text;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < array_length(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* A command has its name here before it is built, so that it is refused by name. */
static bool check_is_built(const struct command *command, const char *program, struct error *err)
{
    if (command == NULL || command->bit != 0)
        return true;
    error_set(err, ERROR_UNSUPPORTED, "the command '%s' is not built into this version", command->name);
    return error_hint(err, "'%s --help' lists the commands that are", program);
}

static bool unknown_command(const char *name, const char *program, struct error *err)
{
    const char *nearest = NULL;
    unsigned best = text_distance_limit(name);
    /* it may be a flag with a secret and a dash that is none */
    cleanup_string char *shown = memory_copy_bytes(name, strcspn(name, "="));
    error_set(err, ERROR_CONFIG, "unknown command \"%s\" for \"%s\"", safe(shown), program);
    for (size_t i = 0; i < array_length(commands); i++) {
        unsigned distance = text_distance(name, commands[i].name);
        if (commands[i].bit != 0 && distance < best) {
            best = distance;
            nearest = commands[i].name;
        }
    }
    return nearest != NULL ? error_hint(err, "did you mean '%s %s'?", program, nearest)
                           : error_hint(err, "'%s --help' lists the commands", program);
}

struct invocation {
    char *program;
    const char *path;              /* as it was started; NULL */
    const struct command *command; /* NULL: none was given */
    const char *word;              /* the command as it was spelled */
    const char *topic;             /* of `help` and `completion` */
    char **words;                  /* without program and command */
};

static bool takes_topic(const char *word)
{
    return text_equal(word, "help") || text_equal(word, "completion");
}

/* Takes the command, and the topic of `help` and `completion`, out of the words. */
static void split_words(int count, char **arguments, struct invocation *out)
{
    int place = options_find_command(arguments + (count > 0 ? 1 : 0));
    size_t kept = 0;
    out->path = count > 0 ? arguments[0] : NULL;
    out->program = program_name(count > 0 ? arguments[0] : "latchkey");
    out->words = memory_allocate(((size_t)count + 1) * sizeof(*out->words));
    for (int i = 1; i < count; i++) {
        if (i - 1 == place)
            out->word = arguments[i];
        else if (takes_topic(out->word) && out->topic == NULL && arguments[i][0] != '-')
            out->topic = arguments[i];
        else
            out->words[kept++] = arguments[i];
    }
}

static bool print_help(const struct invocation *call, const struct command *topic, struct buffer *out)
{
    command_print_help(topic, call->program, commands, array_length(commands), out);
    return true;
}

static bool run_root(const struct invocation *call, const struct options *options, struct buffer *out,
                     struct error *err)
{
    if (options->version) {
        buffer_add_format(out, "%s\n", command_version_text());
        return true;
    }
    if (options->help || call->words[0] == NULL)
        return print_help(call, NULL, out);
    error_set(err, ERROR_CONFIG, "no command was given");
    return error_hint(err, "'%s get-token' prints a token for kubectl; '%s --help' lists the commands",
                      call->program, call->program);
}

static bool run_help(const struct invocation *call, struct buffer *out, struct error *err)
{
    const struct command *topic = call->topic != NULL ? find_command(call->topic) : NULL;
    if (call->topic != NULL && topic == NULL)
        return unknown_command(call->topic, call->program, err);
    if (!check_is_built(topic, call->program, err))
        return false;
    return print_help(call, topic != NULL && topic->run != NULL ? topic : NULL, out);
}

static bool parse_options(const struct invocation *call, struct options *options, struct error *err)
{
    cleanup_string char *name = call->command != NULL
                                    ? memory_format("%s %s", call->program, call->command->name)
                                    : memory_copy_text(call->program);
    struct option_source source = {.command = call->command != NULL ? call->command->bit : COMMAND_ROOT,
                                   .command_name = name,
                                   .words = call->words,
                                   .environment = environ,
                                   .home = text_variable(environ, "HOME")};
    if (!options_parse(&source, options, err))
        return false;
    log_set_level((int)options->verbosity);
    for (size_t i = 0; i < options->notices.count; i++)
        command_show_notice(1, options->notices.items[i]);
    return true;
}

/* Everything or an error: a truncated credential must not look like a success. */
static bool print_answer(const struct buffer *answer, struct error *err)
{
    size_t written = 0;
    while (written < answer->length) {
        ssize_t count = write(STDOUT_FILENO, answer->data + written, answer->length - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return error_set(err, ERROR_STDOUT, "cannot write the answer to stdout: %s",
                             count < 0 ? strerror(errno) : "no space");
        written += (size_t)count;
    }
    return true;
}

/* What is done after the answer costs nobody any time. */
static bool run_command(const struct invocation *call, const struct options *options, struct buffer *out,
                        struct error *err)
{
    command_rest *rest = NULL;
    struct command_input input = {.program = call->program,
                                  .command = call->command->name,
                                  .path = call->path,
                                  .topic = call->topic,
                                  .environment = environ,
                                  .options = options,
                                  .rest = &rest};
    if (!call->command->run(&input, out, err))
        return option_hint_variables(options, err);
    if (!print_answer(out, err))
        return false;
    buffer_clear(out);
    if (rest != NULL)
        rest(&input);
    return true;
}

static bool run(const struct invocation *call, struct buffer *out, struct error *err)
{
    cleanup_options struct options options = {0};
    if (call->word != NULL && call->command == NULL)
        return unknown_command(call->word, call->program, err);
    if (!check_is_built(call->command, call->program, err) || !parse_options(call, &options, err))
        return false;
    if (call->command == NULL)
        return run_root(call, &options, out, err);
    if (call->command->run == NULL)
        return run_help(call, out, err);
    if (options.help)
        return print_help(call, call->command, out);
    return run_command(call, &options, out, err);
}

static void print_error(const struct error *err)
{
    cleanup_buffer struct buffer text = BUFFER(8192);
    buffer_add_format(&text, "error: %s [%s]\n", err->message, error_code_name(err->code));
    for (const char *line = err->hint; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        buffer_add_format(&text, "hint: %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    if (write(STDERR_FILENO, text.data, text.length) < 0)
        return;
}

/* A shell asks "latchkey __complete WORD...", kubectl "kubectl_complete-PLUGIN WORD...": the words, else
 * NULL. */
static char **words_to_complete(int count, char **arguments)
{
    const char *path = count > 0 ? arguments[0] : "";
    const char *slash = strrchr(path, '/');
    if (text_starts_with(slash != NULL ? slash + 1 : path, "kubectl_complete-"))
        return arguments + 1;
    return count > 1 && strcmp(arguments[1], "__complete") == 0 ? arguments + 2 : NULL;
}

static bool answer(int count, char **arguments, struct invocation *call, struct buffer *out,
                   struct error *err)
{
    char **unfinished = words_to_complete(count, arguments);
    if (unfinished != NULL) {
        struct command_input input = {.environment = environ};
        command_complete(&input, unfinished, commands, array_length(commands), out);
        return true;
    }
    split_words(count, arguments, call);
    call->command = call->word != NULL ? find_command(call->word) : NULL;
    return run(call, out, err);
}

int main(int count, char **arguments)
{
    struct error err = {0};
    struct invocation call = {0};
    struct text_list secrets = {0};
    if (count > 0)
        option_hide_secrets(arguments + 1, &secrets);
    cleanup_buffer struct buffer out = BUFFER_SECRET(ANSWER_LIMIT);
    bool good = make_process_safe(&err);
    if (good)
        good = answer(count, arguments, &call, &out, &err) && print_answer(&out, &err);
    if (!good)
        print_error(&err);
    memory_cleanup_string(&call.program);
    free(call.words);
    option_release_secrets(&secrets);
    return good ? 0 : 1;
}
