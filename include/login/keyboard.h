/* SPDX-License-Identifier: Apache-2.0 */
/* The authorization code grant without a callback: the person pastes where the browser ended. */
#ifndef LOGIN_KEYBOARD_H
#define LOGIN_KEYBOARD_H

#include <stdbool.h>

#include "login/context.h"
#include "session/session.h"

/* One login to its end, see struct grant. */
bool keyboard_run(struct login_context *context, struct session *out, bool *asked, struct error *err)
    must_check;

#endif
