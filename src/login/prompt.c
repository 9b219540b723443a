/* SPDX-License-Identifier: Apache-2.0 */
/* Decides whether somebody may be asked on the terminal. */
#include "login/prompt.h"

#include <ctype.h>

#include "base/clock.h"
#include "login/turn.h"

bool prompt_open(struct login_context *context, struct terminal_prompt **out, struct error *err)
{
    if (context->config->place.may_prompt)
        return terminal_prompt_open(context->loop, out, err);
    error_set(err, ERROR_NOT_INTERACTIVE, "kubectl says that nobody may be asked on the terminal");
    return error_hint(
        err, "kubectl says so when its stdin is no terminal, and with 'interactiveMode: Never' in the "
             "kubeconfig");
}

/* Whoever waits for the session gives a person more time than a server. */
static void announce(const struct login_context *context, const char *doing, const char *what)
{
    cleanup_string char *phase = memory_format("%s the %s", doing, what);
    turn_announce(context, phase, NULL);
}

static bool ask(struct login_context *context, const char *what, char **answer, struct error *err)
{
    cleanup_terminal_prompt struct terminal_prompt *prompt = NULL;
    cleanup_string char *text = memory_format("%s: ", what);
    struct terminal_question question = {.text = text,
                                         .hidden = true,
                                         .deadline = clock_monotonic() +
                                                     context->config->timeout_seconds * INT64_C(1000)};
    text[0] = (char)toupper((unsigned char)text[0]);
    if (!prompt_open(context, &prompt, err))
        return false;
    announce(context, "waiting for", what);
    bool answered = terminal_prompt_ask(prompt, &question, answer, err);
    announce(context, "using", what);
    return answered;
}

bool prompt_secret(struct login_context *context, const char *what, char **answer, struct error *err)
{
    const struct login_config *config = context->config;
    cleanup_secret char *given = NULL;
    if (config->non_interactive != NULL || config->refresh_only)
        return error_set(err, ERROR_NOT_INTERACTIVE,
                         "the %s would have to be asked for, and %s says that nobody is there", what,
                         config->non_interactive != NULL ? config->non_interactive : "a refresh by itself");
    if (!ask(context, what, &given, err))
        return error_prefix(err, "the %s is needed", what);
    if (given[0] == '\0')
        return error_set(err, ERROR_CONFIG, "no %s was entered", what);
    *answer = steal(given);
    return true;
}
