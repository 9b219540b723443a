/* SPDX-License-Identifier: Apache-2.0 */
/* The resource owner password credentials grant (RFC 6749 4.3), which OAuth 2.1 no longer has. */
#ifndef LOGIN_PASSWORD_H
#define LOGIN_PASSWORD_H

#include <stdbool.h>

#include "login/context.h"
#include "session/session.h"

/* One login to its end, see struct grant. What is missing of name and password is asked for on the terminal;
 * a password that was asked for may be wrong twice. */
bool password_run(struct login_context *context, struct session *out, bool *asked, struct error *err)
    must_check;

#endif
