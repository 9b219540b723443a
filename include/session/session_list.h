/* SPDX-License-Identifier: Apache-2.0 */
/* Every session that rests in a directory. */
#ifndef SESSION_SESSION_LIST_H
#define SESSION_SESSION_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "session/session.h"
#include "session/session_key.h"

struct session_entry {
    struct session_key key;
    struct session session; /* without its refresh token: can_refresh tells */
};
struct session_list {
    struct session_entry *items;
    size_t count;
    struct text_list notes; /* what was skipped, and why; safe to show */
    unsigned skipped;       /* of the notes: what could not be read, or holds a refresh token nevertheless */
};
void session_list_release(struct session_list *list);
#define cleanup_session_list __attribute__((cleanup(session_list_release)))

/* Adds the sessions in the directory PATH, by name; a missing one has none. Takes no lock and changes
 * nothing. */
bool session_list_add(const char *path, struct session_list *list, struct error *err) must_check;

#endif
