/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: what the user asks, one function each. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "command/option.h"

/* What a command runs with. Borrowed. */
struct command_input {
    const char *program; /* as the user calls us: "latchkey", "kubectl oidc-login" */
    const char *command; /* "get-token" */
    char *const *environment;
    const struct options *options;
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
command_function command_get_token, command_login, command_clean, command_version, command_help;

/* The value of an environment variable; NULL when unset or empty. Borrowed. */
const char *command_variable(const struct command_input *input, const char *name);
/* Shows a notice on stderr; see login/notice.h for the kinds. */
void command_show_notice(int kind, const char *text);

/* The whole --help of a command, or of the program (COMMAND_ROOT). */
void command_print_help(const struct command *command, const char *program, const struct command *all,
                        size_t count, struct buffer *out);
/* "latchkey version 1.2.3". */
const char *command_version_text(void);

#endif
