/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a session file, and what is believed of one that is read. */
#ifndef SESSION_SESSION_FILE_H
#define SESSION_SESSION_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "session/session.h"
#include "session/session_key.h"

/* One JSON object:
 *   version        1
 *   key            the whole tuple of the session key, in clear
 *   token_kind     "id_token" or "access_token"
 *   id_token       the token that Kubernetes gets, of either kind
 *   refresh_token  absent when there is none; so are subject, username and nonce
 *   refresh_token_in  "keyring" in its place, when the refresh token rests there
 *   stands_for     the cache directory that the session belongs to, when it rests in another
 *   issued_at, expires_at, obtained_at, lifetime, refreshed
 */
enum { SESSION_FILE_VERSION = 1, SESSION_FILE_LIMIT = 1024 * 1024 };

enum session_file_verdict {
    SESSION_FILE_GOOD,
    SESSION_FILE_NEWER,   /* of a later version of this program: a miss, not damage */
    SESSION_FILE_DAMAGED, /* not JSON, not ours, another key, a token or a time that cannot be */
};

/* Borrowed. NAME is without extension. */
struct session_file_text {
    const char *text, *name;
    size_t length;
};
/* The file's text, with a newline; without the refresh token of a session IN_KEYRING. The caller owns *TEXT
 * and wipes it. */
bool session_file_format(const struct session_key *key, const struct session *session, char **text,
                         struct error *err) must_check;
/* Judges LENGTH bytes of a file and reads them into OUT when they are good; *WHY is NULL
 * then, else static text that says what is wrong ("is not a session"). OUT's expires_at is never later than
 * the token's own exp. */
enum session_file_verdict session_file_parse(const char *text, size_t length, const struct session_key *key,
                                             struct session *out, const char **why) must_check;
/* The same for the cached answer, without a parser: true when the text begins exactly as session_file_format
 * writes a session of KEY; OUT gets the token, its times and can_refresh, nothing else. False says nothing:
 * parse it then. */
bool session_file_peek(const char *text, size_t length, const struct session_key *key, struct session *out)
    must_check;
/* The same for a file of any key, stored under its own NAME (without extension). KEY is written when it is
 * good. */
enum session_file_verdict session_file_parse_any(const struct session_file_text *file,
                                                 struct session_key *key, struct session *out,
                                                 const char **why) must_check;
/* True when such a text says that its refresh token rests in the keyring. */
bool session_file_is_in_keyring(const char *text, size_t length) must_check;
/* True when the text is a session of any key and version, stored under its own NAME (without extension), or
 * no JSON but begins as one of ours, an empty text too: what `clean` may delete. */
bool session_file_belongs(const char *text, size_t length, const char *name) must_check;

#endif
