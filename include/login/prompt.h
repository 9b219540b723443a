/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal to ask on, where asking is allowed. */
#ifndef LOGIN_PROMPT_H
#define LOGIN_PROMPT_H

#include <stdbool.h>

#include "login/context.h"
#include "net/terminal_prompt.h"

/* Opens the terminal unless kubectl said that nobody may be asked (K7-25). Code not_interactive. */
bool prompt_open(struct login_context *context, struct terminal_prompt **out, struct error *err) must_check;
/* Asks for what WHAT names ("client secret"), without echo, within the login's time; not where nobody is
 * there (code not_interactive). The caller owns *ANSWER, a secret, never empty. */
bool prompt_secret(struct login_context *context, const char *what, char **answer, struct error *err)
    must_check;

#endif
