/* SPDX-License-Identifier: Apache-2.0 */
/* Refreshes a session whose token is still good, so that nobody meets the network. */
#include "login/background.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "login/context.h"
#include "login/refresh.h"
#include "login/turn.h"
#include "net/detach.h"
#include "session/cooldown.h"

void background_tell(const struct login_config *config, const struct session_cache *marks,
                     const struct session_key *key, int64_t left)
{
    struct cooldown failure = {0};
    char duration[CLOCK_DURATION_SIZE];
    bool found = false;
    cooldown_background_load(marks, key, &failure, &found);
    if (!found || failure.told)
        return;
    clock_format_duration(left, duration);
    notice_say(
        &config->notice, NOTICE_WARNING, "the session could not be refreshed in the background%s%s: %s",
        left > 0 ? ", its token is good for another " : "", left > 0 ? duration : "", failure.cause.message);
    notice_say_hints(&config->notice, &failure.cause);
    cooldown_background_told(marks, key, &failure);
}

/* Whether there is something to do; LEFT is how long the token at hand lasts. */
static bool is_due(const struct session_cache *cache, const struct session_cache *marks,
                   const struct session_key *key, int64_t *left)
{
    cleanup_session struct session session = {0};
    struct cooldown failure = {0};
    bool found = false, failed = false;
    int64_t now = clock_wall();
    session_cache_peek(cache, key, &session, &found);
    cooldown_background_load(marks, key, &failure, &failed);
    *left = found ? session_remaining(&session, now) : 0;
    return found && session.can_refresh && session_is_ageing(&session, now) &&
           !(failed && cooldown_is_active(&failure, now));
}

static bool try_lock(const struct session_cache *cache, const struct session_key *key, int *lock)
{
    struct error problem = {0};
    bool locked = false;
    if (session_cache_try_lock(cache, key, lock, &locked, &problem))
        return locked && *lock >= 0;
    log_line(1, "no refresh in the background: %s", problem.message);
    return false;
}

/* The session's lock, which the process that does the work inherits; -1 when there is nothing to do. */
static int take_lock(const struct login_config *config)
{
    cleanup_session_key struct session_key key = {0};
    cleanup_session_cache struct session_cache cache = {.directory = -1}, runtime = {.directory = -1};
    cleanup_fd int lock = -1;
    int64_t left = 0;
    login_key_sketch(config, &key);
    session_cache_open(config->cache_candidates, false, &cache, NULL);
    cache.lock_directory = config->runtime_directory;
    if (cache.directory < 0)
        return -1;
    const struct session_cache *marks = login_open_marks(config, &cache, &runtime);
    bool due = is_due(&cache, marks, &key, &left);
    background_tell(config, marks, &key, left);
    if (!due || faccessat(cache.directory, ".", W_OK | X_OK, 0) != 0 || !try_lock(&cache, &key, &lock))
        return -1;
    /* whoever had the lock before may have done it */
    return is_due(&cache, marks, &key, &left) ? steal_fd(&lock) : -1;
}

/* For the next call to tell; of a session that was deleted meanwhile there is nothing to tell. */
static void note_failure(const struct login_context *context, const struct error *why)
{
    cleanup_session struct session session = {0};
    bool found = false;
    session_cache_peek(&context->cache, &context->key, &session, &found);
    if (found)
        cooldown_background_failed(context->marks, &context->key, clock_wall(), why);
}

static void refresh(struct login_context *context)
{
    cleanup_session struct session stored = {0}, fresh = {0};
    struct error err = {0};
    bool found = false;
    session_cache_load(&context->cache, &context->key, &stored, &found, NULL);
    if (!found)
        return;
    turn_announce(context, "refreshing the token", NULL);
    switch (refresh_run(context, &stored, &fresh, &err)) {
    case REFRESH_DONE:
        cooldown_reset(context->marks, &context->key);
        if (context->unkept.code != ERROR_NONE)
            note_failure(context, &context->unkept);
        break;
    case REFRESH_IMPOSSIBLE:
        if (err.code == ERROR_NONE) /* else the keyring says why */
            error_set(&err, ERROR_CACHE_IO, "a new refresh token could not be saved in '%s'",
                      safe(context->cache.path));
        note_failure(context, &err);
        break;
    case REFRESH_DEAD:
    case REFRESH_FAILED:
        note_failure(context, &err);
        break;
    }
    turn_end(context);
}

void background_refresh(const struct login_config *config)
{
    struct login_config quiet = *config;
    struct login_context context = {
        .config = &quiet, .cache = {.directory = -1}, .runtime = {.directory = -1}};
    struct error err = {0};
    cleanup_fd int lock = take_lock(config);
    if (lock < 0 || !detach(lock))
        return;
    quiet.notice = (struct notice){0};
    quiet.background = quiet.refresh_only = true;
    if (login_context_open(&context, false, &err))
        refresh(&context);
    else
        note_failure(&context, &err);
    login_context_close(&context);
}
