/* SPDX-License-Identifier: Apache-2.0 */
/* Where the refresh token of a session rests: in the session's file, or in the keyring. */
#ifndef LOGIN_SAFEKEEPING_H
#define LOGIN_SAFEKEEPING_H

#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "login/context.h"
#include "session/session.h"

/* All under the session's lock. A keyring that cannot be used never costs the token at hand. */

enum safekeeping_fetched {
    SAFEKEEPING_FETCHED, /* SESSION has its refresh token, where it has one at all */
    SAFEKEEPING_LOST,    /* it is not in the keyring any more, or it is none: WHY in ERR */
    SAFEKEEPING_FAILED   /* the keyring cannot be read now: ERR */
};
/* Reads the refresh token from the keyring when it rests there. With MAY_PROMPT a window may ask for the
 * keyring's password. */
enum safekeeping_fetched safekeeping_fetch(struct login_context *context, struct session *session,
                                           bool may_prompt, struct error *err);

/* Puts SESSION's refresh token where it belongs, then replaces the file. With the storage `keyring` a keyring
 * that fails leaves the refresh token nowhere, with `auto` in the file; one warning says so. SESSION's
 * in_keyring tells what came of it, also when the file could not be replaced, which is the only error. */
struct safekeeping_save {
    struct file_draft *draft; /* used up; may be NULL */
    /* Borrowed: what a refresh has spent; NULL after a login. `auto` stays at its place, a signal does not
     * end the wait for the keyring, and a refresh token that the provider did not replace stays where it is.
     */
    const struct session *former;
};
bool safekeeping_save(struct login_context *context, struct session *session, struct safekeeping_save how,
                      struct error *err) must_check;

/* Removes the file, then what the keyring has of SESSION. Fails for the file alone; WARNING (may be NULL)
 * tells what stays in the keyring. */
bool safekeeping_drop(struct login_context *context, const struct session *session, struct error *warning,
                      struct error *err) must_check;
/* Takes the refresh token alone out of the file and the keyring; the token at hand stays. */
bool safekeeping_forget(struct login_context *context, const struct session *session, struct error *err)
    must_check;

#endif
