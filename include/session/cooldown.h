/* SPDX-License-Identifier: Apache-2.0 */
/* What the last failed login means for the next one: 10 s, 1 min, 5 min, 15 min (design 8). */
#ifndef SESSION_COOLDOWN_H
#define SESSION_COOLDOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "session/session_cache.h"

/* The last outcome of somebody who held the session's lock and failed; shared with those who waited for it,
 * and with later calls while it lasts. */
struct cooldown {
    unsigned failures; /* in a row; 0 for a shared network failure */
    int64_t failed_at; /* our clock, seconds */
    int64_t until;     /* no new login before; failed_at + 5 for a network failure */
    bool told;         /* of a refresh in the background: somebody has read the cause */
    struct error cause;
};
void cooldown_load(const struct session_cache *cache, const struct session_key *key, struct cooldown *out,
                   bool *found);
/* A login that failed or that nobody answered: the next step of the ladder. */
void cooldown_login_failed(const struct session_cache *cache, const struct session_key *key, int64_t now,
                           const struct error *cause);
/* A network or server failure: shared with waiters for 5 s, no ladder. */
void cooldown_share_failure(const struct session_cache *cache, const struct session_key *key, int64_t now,
                            const struct error *cause);
/* A success: of both kinds of failure nothing is left. */
void cooldown_reset(const struct session_cache *cache, const struct session_key *key);

/* A refresh in the background that failed: the next one waits by the same ladder, and the next call that
 * somebody reads says why. */
void cooldown_background_failed(const struct session_cache *cache, const struct session_key *key, int64_t now,
                                const struct error *cause);
void cooldown_background_load(const struct session_cache *cache, const struct session_key *key,
                              struct cooldown *out, bool *found);
/* Notes that FAILURE, as it was loaded, has been told. */
void cooldown_background_told(const struct session_cache *cache, const struct session_key *key,
                              const struct cooldown *failure);
/* True while a new login must not start; a clock set back ends it. */
bool cooldown_is_active(const struct cooldown *cooldown, int64_t now);

/* Who holds the lock and what it is doing, for the waiters' message: pid, phase ("refreshing", "waiting for
 * the browser"), URL (may be NULL), since. Written beside the lock, best effort. */
struct lock_holder {
    int pid;
    int64_t since;
    char phase[32];
    char url[256];
};
void lock_holder_write(const struct session_cache *cache, const struct session_key *key,
                       const struct lock_holder *holder);
bool lock_holder_read(const struct session_cache *cache, const struct session_key *key,
                      struct lock_holder *out);
void lock_holder_clear(const struct session_cache *cache, const struct session_key *key);

#endif
