/* SPDX-License-Identifier: Apache-2.0 */
/* Where the browser comes back to: a port that is ours and a redirect URI that the provider takes. */
#ifndef LOGIN_REDIRECT_H
#define LOGIN_REDIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "login/context.h"
#include "net/callback_server.h"

struct redirect {
    struct callback_server *server;
    char *uri;    /* as it goes to the provider */
    char *origin; /* where the browser reaches us: "http://localhost:8000" */
};
void redirect_release(struct redirect *redirect);
#define cleanup_redirect __attribute__((cleanup(redirect_release)))

/* Who answers the browser, and until when (clock_monotonic) a port is looked for. */
struct redirect_request {
    callback_handler *handler;
    void *handler_context;
    int64_t deadline;
};
/* Opens the first address whose redirect URI is not refused. */
bool redirect_open(struct login_context *context, const struct redirect_request *request,
                   struct redirect *out, struct error *err) must_check;

#endif
