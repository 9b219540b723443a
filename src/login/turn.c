/* SPDX-License-Identifier: Apache-2.0 */
/* Waits for the session's lock in the loop and shares the outcome of whoever held it. */
#include "login/turn.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "session/cooldown.h"

enum { WAIT_MARGIN_SECONDS = 30, FIRST_PAUSE = 10, LAST_PAUSE = 100, SAY_AFTER = 1000 };
/* What a token must be good for to be worth handing out: seconds, or a part of a short lifetime. */
enum { ENOUGH_SECONDS = 5, ENOUGH_DIVISOR = 12 };

struct wait {
    struct login_context *context;
    int fd;
    bool done, failed, said, hopeless;
    int64_t started, started_wall, next, pause;
    struct error error;
};

static bool try_lock(struct wait *wait)
{
    struct login_context *context = wait->context;
    bool locked = false;
    if (!session_cache_try_lock(&context->cache, &context->key, &wait->fd, &locked, &wait->error)) {
        wait->failed = true;
        return true;
    }
    return locked;
}

static void say_who(struct wait *wait)
{
    struct lock_holder holder = {0};
    const struct notice *notice = &wait->context->config->notice;
    wait->said = true;
    if (!lock_holder_read(wait->context->marks, &wait->context->key, &holder)) {
        notice_say(notice, NOTICE_INFO, "waiting for another process that gets a token for the same session");
        return;
    }
    notice_say(notice, NOTICE_INFO, "waiting for process %d, which is %s for the same session%s%s",
               holder.pid, safe(holder.phase), holder.url[0] != '\0' ? ": " : "", safe(holder.url));
}

/* With --non-interactive nobody is waited for, neither here nor in another process. */
static bool holder_waits_for_person(struct login_context *context, struct error *err)
{
    struct lock_holder holder = {0};
    if (context->config->non_interactive == NULL ||
        !lock_holder_read(context->marks, &context->key, &holder) ||
        !text_starts_with(holder.phase, "waiting for"))
        return false;
    error_set(err, ERROR_NOT_INTERACTIVE,
              "process %d is %s for the same session, and %s says that nobody is there", holder.pid,
              safe(holder.phase), context->config->non_interactive);
    error_hint(err, "finish that login or end that process, then try again");
    return true;
}

static bool give_up(const struct wait *wait, struct error *err)
{
    struct lock_holder holder = {0};
    bool known = lock_holder_read(wait->context->marks, &wait->context->key, &holder);
    cleanup_string char *who =
        known ? memory_format("process %d", holder.pid) : memory_copy_text("another process");
    error_set(err, ERROR_LOCK_TIMEOUT, "gave up waiting for %s, which gets a token for the same session",
              who);
    return error_hint(err, "end that process if it hangs, then try again");
}

/* A person may take the time that a login has; what needs nobody takes no longer than a request. */
static bool holder_hangs(const struct wait *wait, int64_t now)
{
    struct lock_holder holder = {0};
    int64_t since = wait->started, patience = wait->context->config->http.timeout_seconds * INT64_C(1000);
    if (now - since < patience || !lock_holder_read(wait->context->marks, &wait->context->key, &holder) ||
        text_starts_with(holder.phase, "waiting for"))
        return false;
    if (holder.since > wait->started_wall)
        since += (holder.since - wait->started_wall) * 1000;
    return now - since >= patience;
}

static void wait_tick(void *data)
{
    struct wait *wait = data;
    int64_t now = clock_monotonic();
    if (!wait->said && now - wait->started >= SAY_AFTER)
        say_who(wait);
    if (wait->done || now < wait->next)
        return;
    wait->done = try_lock(wait);
    if (!wait->done)
        wait->done = wait->hopeless = holder_waits_for_person(wait->context, &wait->error) ||
                                      (holder_hangs(wait, now) && !give_up(wait, &wait->error));
    wait->pause = wait->pause * 3 / 2 < LAST_PAUSE ? wait->pause * 3 / 2 : LAST_PAUSE;
    wait->next = now + wait->pause + getpid() % 7;
}

static bool wait_in_loop(struct wait *wait, struct error *err)
{
    struct login_context *context = wait->context;
    const struct login_config *config = context->config;
    int patience = config->non_interactive != NULL ? config->http.timeout_seconds : config->timeout_seconds;
    int64_t deadline = wait->started + (patience + WAIT_MARGIN_SECONDS) * INT64_C(1000);
    loop_every(context->loop, FIRST_PAUSE, wait_tick, wait);
    enum loop_end end = loop_run(context->loop, &wait->done, deadline, err);
    loop_never(context->loop, wait_tick, wait);
    switch (end) {
    case LOOP_DONE:
        if (wait->hopeless)
            *err = wait->error;
        return !wait->hopeless;
    case LOOP_DEADLINE:
        return give_up(wait, err);
    case LOOP_INTERRUPTED:
        return error_set(err, ERROR_INTERRUPTED,
                         "interrupted while waiting for another process that gets a token");
    case LOOP_FAILED:
        break;
    }
    return false;
}

/* Under the lock: a session that somebody else has just renewed serves us too, unless we were told to get our
 * own. */
static bool found_renewed(struct wait *wait, bool waited, struct session *out)
{
    const struct login_config *config = wait->context->config;
    cleanup_session struct session session = {0};
    bool found = false;
    if (config->force_login)
        return false;
    session_cache_load(&wait->context->cache, &wait->context->key, &session, &found, NULL);
    if (!found || !login_is_good(config, &session, clock_wall()))
        return false;
    if (config->force_refresh && !(waited && session.obtained_at >= wait->started_wall))
        return false;
    *out = session;
    session = (struct session){0};
    return true;
}

/* A failure that came while we waited is ours as well: asking again at once would only repeat it. */
static bool found_failure(struct wait *wait, struct error *err)
{
    struct cooldown cooldown = {0};
    bool found = false;
    if (wait->context->config->force_login)
        return false;
    cooldown_load(wait->context->marks, &wait->context->key, &cooldown, &found);
    if (!found || cooldown.failed_at < wait->started_wall || !cooldown_is_active(&cooldown, clock_wall()))
        return false;
    *err = cooldown.cause;
    error_hint(err, "another process met this while this one waited for it");
    return true;
}

static enum turn_result look_again(struct wait *wait, bool waited, struct session *out, struct error *err)
{
    if (found_renewed(wait, waited, out))
        return TURN_SHARED;
    return waited && found_failure(wait, err) ? TURN_FAILED : TURN_OURS;
}

/* Nobody should wait for a refresh while the token at hand is good. */
static bool cached_token_is_enough(struct login_context *context, struct session *out)
{
    cleanup_session struct session session = {0};
    bool found = false;
    if (context->config->force_refresh || context->config->force_login)
        return false;
    session_cache_load(&context->cache, &context->key, &session, &found, NULL);
    int64_t wanted = context->config->min_validity, usual = session.lifetime / ENOUGH_DIVISOR;
    usual = usual < ENOUGH_SECONDS ? usual : ENOUGH_SECONDS;
    int64_t remaining = found ? session_remaining(&session, clock_wall()) : 0;
    if (remaining <= 0 || remaining < wanted || remaining < usual)
        return false;
    *out = session;
    session = (struct session){0};
    return true;
}

enum turn_result turn_take(struct login_context *context, int *fd, struct session *out, struct error *err)
{
    struct wait wait = {.context = context,
                        .fd = -1,
                        .started = clock_monotonic(),
                        .started_wall = clock_wall(),
                        .pause = FIRST_PAUSE};
    *fd = -1;
    bool waited = !try_lock(&wait);
    if (waited && cached_token_is_enough(context, out))
        return TURN_SHARED;
    if (waited)
        log_line(1, "another process has the session's lock");
    if (waited && context->config->refresh_only) {
        error_set(err, ERROR_LOCK_TIMEOUT, "another process gets a token for the same session");
        return TURN_FAILED;
    }
    if (waited && !wait_in_loop(&wait, err))
        return TURN_FAILED;
    if (wait.failed) {
        if (!context->unsaved)
            notice_say(&context->config->notice, NOTICE_WARNING,
                       "the session cannot be locked, another login may run beside: %s", wait.error.message);
        return TURN_OURS;
    }
    enum turn_result result = look_again(&wait, waited, out, err);
    if (result == TURN_OURS)
        *fd = wait.fd;
    else
        close(wait.fd);
    return result;
}

void turn_announce(const struct login_context *context, const char *phase, const char *url)
{
    struct lock_holder holder = {.pid = (int)getpid(), .since = clock_wall()};
    snprintf(holder.phase, sizeof(holder.phase), "%s", phase);
    if (url != NULL && strlen(url) < sizeof(holder.url))
        snprintf(holder.url, sizeof(holder.url), "%s", url);
    if (context->marks->directory >= 0)
        lock_holder_write(context->marks, &context->key, &holder);
}

void turn_end(const struct login_context *context)
{
    if (context->marks->directory >= 0)
        lock_holder_clear(context->marks, &context->key);
}
