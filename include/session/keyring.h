/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh tokens in the keyring of the desktop: the Secret Service, through libsecret. */
#ifndef SESSION_KEYRING_H
#define SESSION_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "session/session.h"

/* How the keyring is reached, and whether somebody may be asked for its password. Borrowed. {0} is a place
 * without a D-Bus session. */
struct keyring_access {
    const char *bus;               /* $DBUS_SESSION_BUS_ADDRESS; NULL */
    const char *runtime_directory; /* $XDG_RUNTIME_DIR, whose socket "bus" serves without BUS; NULL */
    bool may_prompt;               /* a window may ask, for KEYRING_PROMPT_SECONDS */
    /* Asked again and again while the keyring is awaited: true gives up. May be NULL. */
    bool (*must_stop)(void *context);
    /* A window asks for the password: true at its beginning, false at its end. May be NULL. */
    void (*prompts)(void *context, bool begins);
    void *context;
};
/* Time limits of one call, which talks to the service several times. */
enum { KEYRING_SECONDS = 5, KEYRING_PROMPT_SECONDS = 30 };

/* One refresh token. Borrowed. */
struct keyring_item {
    const char *directory; /* of the token cache: two caches share no item */
    const char *session;   /* the name of the session's key */
    const char *label;     /* for people, in the keyring's own program; only keyring_save needs it */
};

/* Each call is given up after KEYRING_SECONDS, and never starts a bus. False is a keyring that cannot be used
 * now: code "keyring" or "library" with hints, "unsupported" when it is not built in, "interrupted" after
 * MUST_STOP. */

/* FOUND is false when there is no such item, or when WHY (static text, else NULL) says what is wrong with its
 * value. The caller owns SECRET and wipes it. */
struct keyring_value {
    char *secret;
    const char *why;
    bool found;
};
bool keyring_read(const struct keyring_access *access, const struct keyring_item *item,
                  struct keyring_value *out, struct error *err) must_check;
/* Replaces the item's value. A value that keyring_value_fault refuses is an error (code "keyring"). */
bool keyring_save(const struct keyring_access *access, const struct keyring_item *item, const char *secret,
                  struct error *err) must_check;
/* Removes the item, or with a SESSION of NULL every item of the DIRECTORY; none is fine. *REMOVED counts
 * them, also on failure. */
bool keyring_remove(const struct keyring_access *access, const struct keyring_item *item, unsigned *removed,
                    struct error *err) must_check;
/* False, with code "unsupported", when this program was built without libsecret. */
bool keyring_is_built(struct error *err) must_check;
/* The version of libsecret. Borrowed. */
bool keyring_library_version(const char **version, struct error *err) must_check;

/* What a refresh token may be: 1 to KEYRING_VALUE_LIMIT printable ASCII characters (RFC 6749 appendix A.17).
 * NULL when it is, else what is wrong with it: "is empty". Static. */
enum { KEYRING_VALUE_LIMIT = SESSION_REFRESH_TOKEN_LIMIT };
const char *keyring_value_fault(const char *value, size_t length);
/* PATH as it is found under every name: links resolved as far as it exists; hexadecimal after "hex:" where it
 * is no text. Owned by the caller. */
char *keyring_directory_name(const char *path) must_check;

#endif
