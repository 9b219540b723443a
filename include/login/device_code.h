/* SPDX-License-Identifier: Apache-2.0 */
/* The device authorization grant (RFC 8628): the browser is on another machine. */
#ifndef LOGIN_DEVICE_CODE_H
#define LOGIN_DEVICE_CODE_H

#include <stdbool.h>

#include "login/context.h"
#include "login/device_flow.h"
#include "session/session.h"

/* One login to its end, see struct grant. */
bool device_code_run(struct login_context *context, struct session *out, bool *asked, struct error *err)
    must_check;
/* Verifies what a flow that succeeded was given (DEV-07: no nonce) and makes a session of it. */
bool device_code_redeem(struct device_flow *flow, struct session *out, struct error *err) must_check;

#endif
