/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to log in: one file in login/ and one line in the table each. */
#ifndef LOGIN_GRANT_H
#define LOGIN_GRANT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "login/context.h"
#include "session/session.h"

struct grant {
    const char *name; /* of --grant-type */
    bool client;      /* a pipeline: nobody is asked, no refresh token comes, no cool-down */
    /* One login to its end. *ASKED is true when a person was asked, whatever came of it. Discovery is the
     * grant's own first step (issuer_discover with MAY_BE_CACHED false), so is issuer_remember at its end. */
    bool (*run)(struct login_context *context, struct session *out, bool *asked, struct error *err);
};
extern const struct grant grant_table[];
extern const size_t grant_count;
/* "auto" is authcode, or password when there is a user name, or client-credentials when there is a source of
 * identity tokens. A client secret says nothing: it belongs to a person's login as well, and that person must
 * not become the client because CI is set. NULL for a name that is none. */
const struct grant *grant_find(const char *name, bool has_username, bool has_source);

#endif
