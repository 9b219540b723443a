/* SPDX-License-Identifier: Apache-2.0 */
/* Further ways into a login whose browser cannot open here: a tunnel, a pasted address, a device code. */
#ifndef LOGIN_DOORS_H
#define LOGIN_DOORS_H

#include <stdbool.h>
#include <stdint.h>

#include "login/code_request.h"
#include "login/context.h"
#include "login/device_flow.h"
#include "net/terminal_prompt.h"
#include "oidc/authorization.h"

struct doors {
    /* Set by the caller, borrowed. */
    struct login_context *context;
    const struct code_request *request;
    const char *origin; /* where a browser on this machine reaches us */
    int64_t deadline;
    const bool *done;          /* the login was answered, through whichever door */
    struct callback *callback; /* written when an address was pasted */
    struct error *error;       /* why the answer is a refusal */
    void (*answered)(void *data, bool refused);
    void *data;

    /* Written by the doors. */
    bool open;
    bool pasted, by_device; /* which of them the answer came through */
    struct terminal_prompt *prompt;
    struct device_flow device;
};
/* Shows every door that can work here: the tunnel over SSH always, pasting at a terminal only, the device
 * code also elsewhere unless kubectl or --skip-open-browser want less. Harmless twice. */
void doors_open(struct doors *doors);
/* The answer is being judged: nothing is asked meanwhile. */
void doors_rest(struct doors *doors);
/* The code that was pasted is stale: there is a new request, and all doors are open again. */
void doors_reopen(struct doors *doors);
/* The person types: nothing else may write to that line. */
bool doors_hold_line(const struct doors *doors);
void doors_close(struct doors *doors);

#endif
