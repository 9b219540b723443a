/* SPDX-License-Identifier: Apache-2.0 */
/* Decides whether somebody may be asked on the terminal. */
#include "login/prompt.h"

bool prompt_open(struct login_context *context, struct terminal_prompt **out, struct error *err)
{
    if (context->config->place.may_prompt)
        return terminal_prompt_open(context->loop, out, err);
    error_set(err, ERROR_NOT_INTERACTIVE, "kubectl says that nobody may be asked on the terminal");
    return error_hint(
        err, "kubectl says so when its stdin is no terminal, and with 'interactiveMode: Never' in the "
             "kubeconfig");
}
