/* SPDX-License-Identifier: Apache-2.0 */
/* The issuer's metadata and keys: from the cache beside the sessions, or fetched. */
#ifndef LOGIN_ISSUER_H
#define LOGIN_ISSUER_H

#include <stdbool.h>

#include "base/error.h"
#include "login/context.h"

/* Makes context->provider known. With MAY_BE_CACHED a document of at most 24 h is good enough. */
bool issuer_discover(struct login_context *context, bool may_be_cached, struct error *err) must_check;
/* Starts fetching the JWK set in the background; issuer_keys waits for it. Failure to start shows there. */
void issuer_start_keys(struct login_context *context);
/* Makes context->keys known: what was started, the cache when MAY_BE_CACHED, or a request. */
bool issuer_keys(struct login_context *context, bool may_be_cached, struct error *err) must_check;
/* After an unknown kid: fetches again, for cached use at most once per 60 s (*TRIED is false then). */
bool issuer_refetch_keys(struct login_context *context, bool *tried, struct error *err) must_check;
/* Stores what was learned, best effort. */
void issuer_remember(struct login_context *context);
/* Forgets and cancels. */
void issuer_release(struct login_context *context);

#endif
