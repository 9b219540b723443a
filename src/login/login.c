/* SPDX-License-Identifier: Apache-2.0 */
/* Decides between the cache, a refresh and a login, and keeps what came of it. */
#include "login/login.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "login/authorization_code.h"
#include "login/context.h"
#include "login/handout.h"
#include "login/issuer.h"
#include "login/refresh.h"
#include "login/turn.h"
#include "net/terminal.h"
#include "oidc/authorization.h"
#include "session/cooldown.h"

static void make_key(const struct login_config *config, struct session_key *key)
{
    struct session_key_parts parts = {.issuer = config->issuer,
                                      .client_id = config->client_id,
                                      .scopes = config->extra_scopes,
                                      .extra = config->extra_params,
                                      .access_token = config->use_access_token,
                                      .headers = config->http.headers,
                                      .tls_unverified = config->http.insecure_skip_tls_verify};
    session_key_make(&parts, key);
}

bool login_check_config(const struct login_config *config, struct error *err)
{
    if (text_is_empty(config->issuer))
        return error_set(err, ERROR_CONFIG, "--oidc-issuer-url is missing");
    if (text_is_empty(config->client_id))
        return error_set(err, ERROR_CONFIG, "--oidc-client-id is missing");
    return provider_check_issuer(config->issuer, err) && authorization_check_extra(config->extra_params, err);
}

static enum login_found count_handout(const struct login_config *config, const struct session_cache *cache,
                                      const struct session_key *key, const struct session *session,
                                      int64_t now)
{
    struct error ignored = {0};
    cleanup_fd int runtime = -1;
    bool exists = false;
    if (!config->from_kubectl)
        return LOGIN_FOUND;
    if (config->runtime_directory != NULL &&
        !file_open_directory(config->runtime_directory, true, &runtime, &exists, &ignored))
        runtime = -1;
    /* one user entry may serve several clusters: each gets the token once */
    cleanup_secret char *subject =
        memory_format("%s\n%s", session->token, config->server != NULL ? config->server : "");
    switch (handout_count(runtime >= 0 ? runtime : cache->directory, key->name, subject, now)) {
    case HANDOUT_REPEATED:
        return LOGIN_FOUND_REPEATED;
    case HANDOUT_RENEW:
        return session->can_refresh ? LOGIN_FOUND_RENEW : LOGIN_FOUND_REPEATED;
    case HANDOUT_ORDINARY:
        break;
    }
    return LOGIN_FOUND;
}

enum login_found login_find(const struct login_config *config, int64_t now, struct session *out)
{
    cleanup_session_key struct session_key key = {0};
    cleanup_session_cache struct session_cache cache = {.directory = -1};
    cleanup_session struct session session = {0};
    bool found = false;
    if (config->force_refresh || config->force_login || config->cache_candidates[0] == NULL)
        return LOGIN_FOUND_NOTHING;
    make_key(config, &key);
    session_cache_open(config->cache_candidates, false, &cache, NULL);
    session_cache_peek(&cache, &key, &session, &found);
    if (!found || session_wants_refresh(&session, now))
        return LOGIN_FOUND_NOTHING;
    enum login_found result = count_handout(config, &cache, &key, &session, now);
    *out = session;
    session = (struct session){0};
    return result;
}

/* One warning is enough: what else fails for the same reason is not said any more. */
static void warn_about_cache(struct login_context *context, const struct error *warning)
{
    const struct notice *notice = &context->config->notice;
    context->unsaved = context->cache.directory < 0 || context->cache.read_only;
    if (context->unsaved)
        notice_say(notice, NOTICE_WARNING, "%s: the session will not be kept", warning->message);
    else
        notice_say(notice, NOTICE_WARNING, "%s: '%s' is used instead", warning->message,
                   safe(context->cache.path));
}

/* Without a store one more browser opens at every call, unless the failures are noted somewhere. */
static void open_marks(struct login_context *context)
{
    const char *const candidates[] = {context->config->runtime_directory, NULL};
    struct error ignored = {0};
    context->marks = &context->cache;
    if (context->cache.directory >= 0 && !context->cache.read_only)
        return;
    session_cache_open(candidates, true, &context->runtime, &ignored);
    if (context->runtime.directory >= 0)
        context->marks = &context->runtime;
}

static bool context_open(struct login_context *context, struct error *err)
{
    const struct login_config *config = context->config;
    struct error warning = {0};
    make_key(config, &context->key);
    if (config->cache_candidates[0] != NULL)
        session_cache_open(config->cache_candidates, true, &context->cache, &warning);
    context->cache.lock_directory = config->runtime_directory;
    open_marks(context);
    if (warning.code != ERROR_NONE)
        warn_about_cache(context, &warning);
    return loop_open(&context->loop, err) && http_open(context->loop, &config->http, &context->http, err);
}

static void context_close(struct login_context *context)
{
    terminal_clear();
    issuer_release(context);
    http_close(context->http);
    loop_close(context->loop);
    session_key_release(&context->key);
    session_cache_close(&context->runtime);
    session_cache_close(&context->cache);
}

/* A new session: stored, or said that it is not. */
static void keep(struct login_context *context, const struct session *session)
{
    struct error trouble = {0};
    cooldown_reset(context->marks, &context->key);
    if (context->cache.directory < 0)
        return;
    bool saved = session_cache_save(&context->cache, &context->key, session, NULL, &trouble);
    if (!saved && !context->unsaved)
        notice_say(&context->config->notice, NOTICE_WARNING,
                   "the session could not be saved, the next call will log in again: %s", trouble.message);
}

static bool cooldown_allows(struct login_context *context, struct error *err)
{
    struct cooldown cooldown = {0};
    char wait[CLOCK_DURATION_SIZE];
    bool found = false;
    int64_t now = clock_wall();
    if (context->config->force_login)
        return true;
    cooldown_load(context->marks, &context->key, &cooldown, &found);
    if (!found || cooldown.failures == 0 || !cooldown_is_active(&cooldown, now))
        return true;
    clock_format_duration(cooldown.until - now, wait);
    error_set(err, ERROR_COOLDOWN, "no new login for another %s, because the last one failed: %s", wait,
              cooldown.cause.message);
    return error_hint(err, "run '%s login' with the same flags to log in right now",
                      context->config->program);
}

static void note_failure(struct login_context *context, bool asked, const struct error *err)
{
    if (context->marks->directory < 0 || (err->code == ERROR_INTERRUPTED && isatty(STDERR_FILENO)))
        return;
    /* A web page can send wrong states; it must not be able to lock kubectl out as well. */
    if (asked && err->code != ERROR_CALLBACK_STATE)
        cooldown_login_failed(context->marks, &context->key, clock_wall(), err);
    else
        cooldown_share_failure(context->marks, &context->key, clock_wall(), err);
}

/* Go's API server takes 1 MiB, what stands in front of it mostly 8 to 16 KiB (T-12). */
static void warn_of_size(const struct login_context *context, const struct session *session)
{
    enum { KIB = 1024, LARGE = 16 * KIB };
    const struct notice *notice = &context->config->notice;
    size_t length = strlen(session->token);
    if (length <= LARGE)
        return;
    notice_say(notice, NOTICE_WARNING,
               "the token is %zu KiB long: a proxy before the API server may refuse it", length / KIB);
    notice_say(notice, NOTICE_HINT, "let the provider put fewer groups into it");
}

static bool log_in(struct login_context *context, struct session *out, struct error *err)
{
    bool asked = false;
    if (context->config->refresh_only)
        return error_set(err, ERROR_NOT_INTERACTIVE, "the session cannot be refreshed without a login");
    if (!cooldown_allows(context, err))
        return false;
    if (!authorization_code_run(context, out, &asked, err)) {
        note_failure(context, asked, err);
        return false;
    }
    keep(context, out);
    warn_of_size(context, out);
    if (!context->config->force_login) /* `login` says it as its answer */
        notice_say(&context->config->notice, NOTICE_INFO, "logged in as %s at %s", safe(out->username),
                   safe(context->config->issuer));
    return true;
}

/* A refresh that failed for a passing reason leaves the old token good until it expires. */
static bool use_old_token(struct login_context *context, struct session *stored, const struct error *err,
                          struct session *out)
{
    char left[CLOCK_DURATION_SIZE];
    int64_t remaining = session_remaining(stored, clock_wall());
    if (!error_is_temporary(err) || remaining <= 0 || context->config->force_refresh)
        return false;
    clock_format_duration(remaining, left);
    notice_say(&context->config->notice, NOTICE_WARNING,
               "the token could not be refreshed, the old one is good for another %s: %s", left,
               err->message);
    *out = *stored;
    *stored = (struct session){0};
    return true;
}

/* It is our turn: refresh what there is, else log in. */
static bool renew(struct login_context *context, struct session *out, struct error *err)
{
    cleanup_session struct session stored = {0};
    bool found = false;
    struct error warning = {0};
    if (!context->config->force_login)
        session_cache_load(&context->cache, &context->key, &stored, &found, &warning);
    if (warning.code != ERROR_NONE)
        notice_say(&context->config->notice, NOTICE_WARNING, "%s", warning.message);
    if (!found)
        return log_in(context, out, err);
    turn_announce(context, "refreshing the token", NULL);
    switch (refresh_run(context, &stored, out, err)) {
    case REFRESH_DONE:
        cooldown_reset(context->marks, &context->key);
        return true;
    case REFRESH_FAILED:
        if (use_old_token(context, &stored, err, out))
            return true;
        error_prefix(err, "the session could not be refreshed");
        note_failure(context, false, err);
        return false;
    case REFRESH_IMPOSSIBLE:
        if (session_remaining(&stored, clock_wall()) > 0 && !context->config->force_refresh) {
            *out = stored;
            stored = (struct session){0};
            return true;
        }
        break;
    case REFRESH_DEAD:
        break;
    }
    error_clear(err);
    return log_in(context, out, err);
}

/* A signal that came while the refresh token was spent: the session is saved by now. */
static bool obey_held_signal(struct login_context *context, struct session *out, struct error *err)
{
    if (!loop_interrupted(context->loop))
        return true;
    session_release(out);
    return error_set(err, ERROR_INTERRUPTED, "interrupted, after the session was renewed");
}

bool login_run(const struct login_config *config, struct session *out, struct error *err)
{
    struct login_context context = {
        .config = config, .cache = {.directory = -1}, .runtime = {.directory = -1}};
    cleanup_fd int lock = -1;
    bool good = false;
    if (context_open(&context, err)) {
        switch (turn_take(&context, &lock, out, err)) {
        case TURN_SHARED:
            good = true;
            break;
        case TURN_FAILED:
            break;
        case TURN_OURS:
            good = renew(&context, out, err) && obey_held_signal(&context, out, err);
            turn_end(&context);
            break;
        }
    }
    context_close(&context);
    return good;
}
