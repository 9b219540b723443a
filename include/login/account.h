/* SPDX-License-Identifier: Apache-2.0 */
/* What --account does besides naming the session: a hint at who logged in before. */
#ifndef LOGIN_ACCOUNT_H
#define LOGIN_ACCOUNT_H

#include "login/context.h"

/* Reads from the session that rests who logged in under this account; without one, or without an account,
 * nothing. */
void account_remember(struct login_context *context);
/* The extra parameters of the authorization request: the configured ones, and a login_hint when the account
 * is known and nobody set another. OUT is empty before. */
void account_extra_params(const struct login_context *context, struct text_map *out);
/* The login_hint that an authorization request carries; NULL for none. Borrowed. */
const char *account_hint(const struct login_context *context);
/* Warns when the account is somebody else's now: a browser logs in whoever is logged in there. */
void account_compare(const struct login_context *context, const struct session *fresh);
void account_release(struct login_context *context);

#endif
