/* SPDX-License-Identifier: Apache-2.0 */
/* Finds, stores and drops sessions. Readers take no lock; one writer at a time. */
#ifndef SESSION_SESSION_CACHE_H
#define SESSION_SESSION_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "session/session.h"
#include "session/session_key.h"

/* Where sessions rest. {.directory = -1} is "nowhere": finds nothing, saves nothing. */
struct session_cache {
    int directory;
    char *path;
    bool read_only; /* it can be read but not written */
    /* Borrowed, NULL without one: the other candidate. A session is looked for there as well, and rests there
     * when DIRECTORY takes nothing more. It rests in both only when a call was killed between two steps, or
     * when DIRECTORY could be written again: then the later one counts. */
    const char *spare;
    /* Borrowed, NULL when DIRECTORY is the first candidate, else that one. Several cache directories may have
     * the same place to fall back to: each finds there only what was saved for it. */
    const char *stands_for;
    /* Borrowed, NULL after opening, set by the caller: where a lock is taken when DIRECTORY cannot lock. */
    const char *lock_directory;
};
/* Opens the first of the CANDIDATES (absolute paths, NULL-terminated) that can be used, making it if CREATE;
 * one that can only be read is taken when no later one can be written. Without any the cache is nowhere,
 * which is not an error: WARNING (may be NULL) then says why, once, and is set as well when a later candidate
 * had to be taken or, with CREATE, nothing can be written. The reading side calls it with CREATE false and
 * costs three system calls. */
void session_cache_open(const char *const *candidates, bool create, struct session_cache *out,
                        struct error *warning);
void session_cache_close(struct session_cache *cache);
#define cleanup_session_cache __attribute__((cleanup(session_cache_close)))

/* *FOUND is false for anything but a whole, current session of exactly this key: missing, damaged, foreign, a
 * newer version. Never an error; WARNING (may be NULL) names what a person should know (a loose mode, a
 * foreign owner, a damaged file). OUT's expires_at is never later than the token's own exp (REF-11). From a
 * spare place that cannot be written it comes without its refresh token: once that was spent, nobody could
 * say so there. */
void session_cache_load(const struct session_cache *cache, const struct session_key *key, struct session *out,
                        bool *found, struct error *warning);
/* The same for the cached answer: OUT has the token, its times and can_refresh at least. */
void session_cache_peek(const struct session_cache *cache, const struct session_key *key, struct session *out,
                        bool *found);
/* True when no place that can be opened has a file for KEY, be it good or not. */
bool session_cache_is_gone(const struct session_cache *cache, const struct session_key *key);
/* Proves that a save will work, before a rotating refresh token is spent (T-32): in DIRECTORY, else in the
 * spare place, which DRAFT's directory tells. There is room for twice what rests there now. Fails when the
 * cache is nowhere or read-only. */
bool session_cache_prepare(const struct session_cache *cache, const struct session_key *key,
                           struct file_draft *draft, struct error *err) must_check;
/* Stores; DRAFT (may be NULL) is used up, and done without when it is of no use. A damaged file under the
 * name is moved aside once to NAME.bad. Nowhere: true, nothing is done. */
bool session_cache_save(const struct session_cache *cache, const struct session_key *key,
                        const struct session *session, struct file_draft *draft, struct error *err)
    must_check;
/* True when the disk of DIRECTORY has no room left. */
bool session_cache_is_full(const struct session_cache *cache);
/* Removes the session's file; missing is fine. */
bool session_cache_drop(const struct session_cache *cache, const struct session_key *key, struct error *err)
    must_check;
/* flock of NAME.lock; see file_try_lock. Where the directory cannot lock, LOCK_DIRECTORY is tried. A cache
 * that is nowhere and has no lock directory shares nothing: *LOCKED is true and *FD -1. */
bool session_cache_try_lock(const struct session_cache *cache, const struct session_key *key, int *fd,
                            bool *locked, struct error *err) must_check;

/* `latchkey clean`: removes the files that are ours by name and content, never anything else, and the
 * directory when it is empty then. A lock that is held is left. Counts what was removed and what foreign was
 * left. */
struct session_cache_cleaned {
    unsigned sessions, others, foreign;
    unsigned in_keyring; /* of the sessions: their refresh tokens are still there */
};
bool session_cache_clean(const char *path, struct session_cache_cleaned *out, struct error *err) must_check;

#endif
