/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: what the user asks, one function each. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "command/option.h"

struct command_input;
/* What a command still has to do when its answer was printed. It may end in more than one process. */
typedef void command_rest(const struct command_input *input);

/* What a command runs with. Borrowed. */
struct command_input {
    const char *program; /* as the user calls us: "latchkey", "kubectl oidc-login" */
    const char *command; /* "get-token" */
    const char *path;    /* as the process was started; NULL when nothing said */
    const char *topic;   /* the word after `completion`; NULL */
    char *const *environment;
    const struct options *options;
    command_rest **rest; /* where a command leaves it; NULL in there before */
};
/* Writes its answer to OUT, which main prints only on success. */
typedef bool command_function(const struct command_input *input, struct buffer *out, struct error *err);

struct command {
    const char *name;
    unsigned bit; /* COMMAND_..., 0 for one that is not built yet */
    command_function *run;
    const char *summary;     /* for the list of commands */
    const char *description; /* for its own --help */
};
command_function command_whoami, command_list, command_logout;
command_function command_get_token, command_login, command_clean, command_version, command_help;
command_function command_setup, command_completion;

/* The value of an environment variable; NULL when unset or empty. Borrowed. */
const char *command_variable(const struct command_input *input, const char *name);
/* The absolute path under which this program can be started again: as it was started, so that an upgrade does
 * not change it, else what the kernel says. "latchkey" when neither helps. Owned by the caller. */
char *command_own_path(const struct command_input *input) must_check;
/* False when an answer on stdout would certainly be lost: it is closed, or its reader has gone. For what
 * costs a person a login, or a refresh token. */
bool command_check_stdout(struct error *err) must_check;
/* Shows a notice on stderr; see login/notice.h for the kinds. */
void command_show_notice(int kind, const char *text);

/* The whole --help of a command, or of the program (COMMAND_ROOT). */
void command_print_help(const struct command *command, const char *program, const struct command *all,
                        size_t count, struct buffer *out);
/* What may stand in place of the last of WORDS, which the user is writing: a line each, with a tab and a text
 * where there is one to tell, and ":N", cobra's directive, as kubectl asks kubectl_complete-PLUGIN. WORDS are
 * those after the program's name and unchanged afterwards. (kubernetes.md 4.2) */
void command_complete(const struct command_input *input, char **words, const struct command *commands,
                      size_t count, struct buffer *out);
/* "latchkey version 1.2.3". */
const char *command_version_text(void);

#endif
