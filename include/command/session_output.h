/* SPDX-License-Identifier: Apache-2.0 */
/* How whoami, list and logout show a session: never a token. */
#ifndef COMMAND_SESSION_OUTPUT_H
#define COMMAND_SESSION_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "command/command.h"
#include "session/session.h"
#include "session/session_key.h"

/* Reads --output of these commands: text or json. */
bool session_output_choose(const struct command_input *input, bool *json, struct error *err) must_check;
/* Where the refresh token rests: "disk" or "keyring"; NULL when there is none. */
const char *session_output_place(const struct session *session);
/* issuer, client_id, account, user, subject, token_kind, expiry, remaining_seconds, refreshable,
 * refresh_token_in. Owned by the caller; NULL when memory is out. */
json_t *session_output_json(const struct session_key *key, const struct session *session, int64_t now)
    must_check;
/* "good for 58 min", "expired". Owned by the caller. */
char *session_output_left(const struct session *session, int64_t now) must_check;
/* What does not fit into OUT, because a provider said too much or sessions are too many. Always false. */
bool session_output_refuse(const struct buffer *out, struct error *err);
/* Appends ANSWER and a newline; consumed. */
bool session_output_write(json_t *answer, struct buffer *out, struct error *err) must_check;
/* True when the session is of --account, or none is given. */
bool session_output_matches(const struct command_input *input, const struct session_key *key);
/* Says that there are no sessions, or none of --account. */
void session_output_say_none(const struct command_input *input);
/* The directories that sessions may rest in, as `clean` has them: at least one, or an error. */
bool session_output_directories(const struct command_input *input, struct text_list *out, struct error *err)
    must_check;
/* Shows what is wrong with a directory as a warning, and how to mend it. */
void session_output_warn(const struct error *problem);
/* For a command that goes on with the other directories: keeps the first PROBLEM in FIRST, which may become
 * its error, and shows any later one. */
void session_output_postpone(const struct error *problem, struct error *first);

#endif
