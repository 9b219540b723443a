/* SPDX-License-Identifier: Apache-2.0 */
/* The identity token that a pipeline's platform gives its jobs: a client assertion without a secret. */
#ifndef LOGIN_IDENTITY_TOKEN_H
#define LOGIN_IDENTITY_TOKEN_H

#include <stdbool.h>

#include "base/error.h"
#include "login/context.h"

/* Judges the text of --client-assertion-source (code config): a known name, and an argument where one is
 * needed. */
bool identity_token_check(const char *source, struct error *err) must_check;
/* Who PROOF's source speaks for, for the key of a session: the source's name and a digest of what tells this
 * job from another one. Reads the environment and, of a file, its content; asks nobody. Owned by the caller.
 */
char *identity_token_mark(const struct client_proof *proof) must_check;
/* Gets a token from the source (context->config->proof): never from a cache. A set-up that is half there
 * names what is missing and the permission that brings it. Code identity_token, or that of the request. The
 * caller owns *TOKEN, which is a secret. */
bool identity_token_get(struct login_context *context, char **token, struct error *err) must_check;
/* Adds what the token says of itself (issuer, subject, audience), for a request that was refused. */
void identity_token_hint(const char *token, struct error *err);

#endif
