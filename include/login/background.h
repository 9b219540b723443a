/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh that nobody waits for: a process of its own, while the token at hand is still good. */
#ifndef LOGIN_BACKGROUND_H
#define LOGIN_BACKGROUND_H

#include "login/login.h"
#include "session/session_cache.h"
#include "session/session_key.h"

/* For a session in its last third, after the answer is out. Tells what became of the last such refresh when
 * it failed and nobody has read that yet. Then, unless another process has the session's lock, the storage
 * cannot save or a failure is too recent, leaves a process behind that refreshes and stores it under that
 * lock; our own descriptors are given up for it. That process opens no browser and says nothing; a failure
 * never costs the token at hand. Returns in both processes, which have nothing left to do but to end. No
 * library may be loaded yet. */
void background_refresh(const struct login_config *config);

/* Tells a person why the last refresh in the background failed, unless that was told before; LEFT is how many
 * seconds the token at hand lasts. */
void background_tell(const struct login_config *config, const struct session_cache *marks,
                     const struct session_key *key, int64_t left);

#endif
