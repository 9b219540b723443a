/* SPDX-License-Identifier: Apache-2.0 */
/* --help of the program and of each command. */
#include "command/command.h"

static void print_commands(const struct command *all, size_t count, struct buffer *out)
{
    buffer_add(out, "\nCommands:\n");
    for (size_t i = 0; i < count; i++)
        if (all[i].bit != 0)
            buffer_add_format(out, "  %-12s %s\n", all[i].name, all[i].summary);
}

static void print_variables(struct buffer *out)
{
    buffer_add(
        out, "\nEvery flag has an environment variable: --oidc-issuer-url is LATCHKEY_OIDC_ISSUER_URL; only "
             "--help and\n"
             "logout's --all have none. A secret can also rest in a file: LATCHKEY_OIDC_CLIENT_SECRET_FILE "
             "names it.\n"
             "A flag wins over its variable.\n");
}

void command_print_help(const struct command *command, const char *program, const struct command *all,
                        size_t count, struct buffer *out)
{
    bool root = command == NULL;
    cleanup_string char *options = options_help(root ? COMMAND_ROOT : command->bit);
    if (root)
        buffer_add_format(out, "Log in to Kubernetes with OpenID Connect.\n\nUsage:\n  %s COMMAND [flags]\n",
                          program);
    else
        buffer_add_format(out, "%s\n\nUsage:\n  %s %s%s [flags]\n", command->description, program,
                          command->name, command->bit == COMMAND_COMPLETION ? " bash|zsh|fish" : "");
    if (root)
        print_commands(all, count, out);
    buffer_add_format(out, "\nFlags:\n%s", options);
    if (root)
        buffer_add_format(out, "\n'%s COMMAND --help' tells more about a command.\n", program);
    else if (command->bit &
             (COMMAND_GET_TOKEN | COMMAND_LOGIN | COMMAND_SETUP | COMMAND_WHOAMI | COMMAND_LOGOUT))
        print_variables(out);
}
