/* SPDX-License-Identifier: Apache-2.0 */
/* A device login in the loop (RFC 8628): a grant of its own, and a door of a login without a browser. */
#ifndef LOGIN_DEVICE_FLOW_H
#define LOGIN_DEVICE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "login/context.h"
#include "login/token_request.h"
#include "net/browser.h"
#include "oidc/device.h"
#include "oidc/pkce.h"

/* Who was too slow for that many codes is not there. */
enum { DEVICE_CODES_LIMIT = 3 };

struct device_flow {
    /* Set by the caller. */
    struct login_context *context;
    int64_t deadline;          /* of the whole login, clock_monotonic */
    bool code_outlasts_it;     /* no: of the start of new codes; one that is shown is good to its own end */
    bool opens_browser;        /* here, where that is possible */
    bool side_door;            /* other ways are open too: a busy provider is not waited for */
    bool resting;              /* somebody has come by another way, and is being judged */
    void (*ended)(void *data); /* called from the loop, once: SUCCEEDED tells how */
    void *data;

    /* The rest is written by the flow. */
    bool running, succeeded;
    struct token_outcome outcome; /* of the poll that succeeded */
    struct error error; /* why it failed; a code callback_timeout is the person's, not the provider's */

    struct device_authorization code;
    char verifier[44];                      /* secret; "" without PKCE */
    unsigned codes;                         /* shown so far */
    int64_t expires_at, interval, asked_at; /* milliseconds */
    struct browser *browser;
};
/* Asks for a first code and shows it; the loop does the rest. The caller stops it, whatever came of it. */
bool device_flow_start(struct device_flow *flow, struct error *err) must_check;
/* Ends the polling and forgets every secret. Harmless twice. */
void device_flow_stop(struct device_flow *flow);
/* Where to enter the code: the address that holds it already, where there is one. Borrowed. */
const char *device_flow_address(const struct device_flow *flow);
/* Seconds that the code, or the login, still lasts. */
int64_t device_flow_left(const struct device_flow *flow);

#endif
