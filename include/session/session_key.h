/* SPDX-License-Identifier: Apache-2.0 */
/* What makes two logins the same, and the file name for it. */
#ifndef SESSION_SESSION_KEY_H
#define SESSION_SESSION_KEY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"

/* All borrowed. Not part of it: client secret, ports, redirect URL, browser, CA files, kube context (design
 * 3). */
struct session_key_parts {
    const char *issuer, *client_id;
    const struct text_list *scopes; /* as configured, before automatic ones; compared as a set */
    bool client_grant;              /* client credentials: no person */
    const char *user;               /* user name or account; NULL */
    const struct text_map *extra;   /* authorization request parameters; order does not matter; may be NULL */
    bool access_token;              /* token kind */
    const struct text_map *headers; /* only their SHA-256 is kept; may be NULL */
    bool tls_unverified;            /* --insecure-skip-tls-verify */
};
struct session_key {
    json_t *tuple; /* in clear, never a secret; stored and compared on load; NULL in a sketch */
    char *text;    /* the tuple as compact JSON; "" when memory was out */
    char *name;    /* "<issuer host>-<16 hex digits>", without extension */
    bool access_token;
};
void session_key_make(const struct session_key_parts *parts, struct session_key *out);
/* The same without a tuple, where the parts are plain text: enough to look for a session, and cheaper by half
 * a dozen calls into a library. */
void session_key_sketch(const struct session_key_parts *parts, struct session_key *out);
/* The tuple, of a sketch as well; NULL when memory was out. The caller owns the reference. */
json_t *session_key_tuple(const struct session_key *key) must_check;
/* The key that a session file names. */
void session_key_from_tuple(json_t *tuple, struct session_key *out);
/* A text member of the tuple, borrowed; NULL for none. */
const char *session_key_text(const struct session_key *key, const char *name);
void session_key_release(struct session_key *key);
#define cleanup_session_key __attribute__((cleanup(session_key_release)))

#endif
