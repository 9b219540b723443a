/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the provider, before a browser opens, whether it takes our redirect URI (design 1). */
#ifndef LOGIN_REDIRECT_PROBE_H
#define LOGIN_REDIRECT_PROBE_H

#include <stdbool.h>

#include "login/context.h"
#include "oidc/authorization.h"

/* True when this login probes at all. */
bool redirect_probe_is_wanted(const struct login_context *context);
/* Asks once with prompt=none and no cookie, unless the provider is known to take this URI. Anything unclear,
 * a network failure included, is inconclusive. */
enum probe_verdict redirect_probe_ask(struct login_context *context, const char *redirect_uri);
/* A login that timed out makes us ask again. */
void redirect_probe_forget(struct login_context *context, const char *redirect_uri);

#endif
