/* SPDX-License-Identifier: Apache-2.0 */
/* Decides between the cache, a refresh and a login, and keeps what came of it. */
#include "login/login.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "login/account.h"
#include "login/background.h"
#include "login/context.h"
#include "login/grant.h"
#include "login/handout.h"
#include "login/issuer.h"
#include "login/refresh.h"
#include "login/safekeeping.h"
#include "login/turn.h"
#include "net/listen_socket.h"
#include "net/terminal.h"
#include "oidc/authorization.h"
#include "oidc/endpoint_url.h"
#include "session/cooldown.h"

enum { LONG_WAIT = 1500 }; /* milliseconds */

static bool check_redirect_hostname(const char *host, struct error *err)
{
    struct endpoint_url parts;
    const char *why;
    cleanup_string char *url = memory_format("http://%s", host != NULL ? host : "localhost");
    if (endpoint_url_split(url, &parts, &why) && strlen(parts.host) == parts.host_length)
        return true;
    error_set(err, ERROR_CONFIG, "--oidc-redirect-url-hostname: '%s' is no host name", safe(host));
    return error_hint(err, "write a name, an IPv4 address, or an IPv6 address in brackets");
}

bool login_check_config(const struct login_config *config, struct error *err)
{
    if (text_is_empty(config->issuer))
        return error_set(err, ERROR_CONFIG, "--oidc-issuer-url is missing");
    if (text_is_empty(config->client_id))
        return error_set(err, ERROR_CONFIG, "--oidc-client-id is missing");
    return provider_check_issuer(config->issuer, err) && authorization_check_extra(config->extra_params, err);
}

/* What an answer from the cache need not spend its time on. */
static bool check_addresses(const struct login_config *config, struct error *err)
{
    return check_redirect_hostname(config->redirect_hostname, err) &&
           (!text_equal(config->grant->name, "authcode") ||
            listen_socket_check(config->listen_addresses, err));
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
    login_key_sketch(config, &key);
    session_cache_open(config->cache_candidates, false, &cache, NULL);
    session_cache_peek(&cache, &key, &session, &found);
    if (!found || !login_is_good(config, &session, now))
        return LOGIN_FOUND_NOTHING;
    enum login_found result = count_handout(config, &cache, &key, &session, now);
    *out = session;
    session = (struct session){0};
    return result;
}

/* A new session: stored, or said that it is not. */
static void keep(struct login_context *context, struct session *session)
{
    struct error trouble = {0};
    cleanup_file_draft struct file_draft draft = {.directory = -1, .fd = -1};
    cooldown_reset(context->marks, &context->key);
    if (context->cache.directory < 0)
        return;
    /* a disk without room for a draft may have some for this session */
    bool prepared = session_cache_prepare(&context->cache, &context->key, &draft, &trouble);
    login_warn_of_spare(context, &draft);
    struct safekeeping_save how = {.draft = prepared ? &draft : NULL};
    bool saved = safekeeping_save(context, session, how, &trouble);
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

static bool needs_person(const struct login_config *config)
{
    if (config->grant->client)
        return false;
    return !text_equal(config->grant->name, "password") || text_is_empty(config->username) ||
           text_is_empty(config->password);
}

static bool may_ask(const struct login_config *config, struct error *err)
{
    if (config->non_interactive == NULL || !needs_person(config))
        return true;
    error_set(err, ERROR_NOT_INTERACTIVE, "a login is needed, and %s says that nobody is there to log in",
              config->non_interactive);
    if (config->client_secret != NULL || config->proof.key != NULL)
        error_hint(err, "for a pipeline: --grant-type=client-credentials logs the client '%s' in by itself",
                   safe(config->client_id));
    else
        error_hint(err,
                   "for a pipeline: --grant-type=client-credentials with a secret, a key, an app password or "
                   "--client-assertion-source");
    if (config->cache_candidates[0] == NULL) /* a login before this one would be lost */
        return error_hint(err, "if somebody is there: --non-interactive=false");
    return error_hint(err,
                      "if somebody is there: --non-interactive=false, or log in first with '%s login "
                      "--non-interactive=false'",
                      config->program);
}

static bool log_in(struct login_context *context, struct session *out, struct error *err)
{
    bool asked = false;
    if (context->config->refresh_only)
        return error_set(err, ERROR_NOT_INTERACTIVE, "the session cannot be refreshed without a login");
    background_tell(context->config, context->marks, &context->key, 0);
    if (!may_ask(context->config, err) || !cooldown_allows(context, err))
        return false;
    if (!context->config->grant->run(context, out, &asked, err)) {
        note_failure(context, asked, err);
        return false;
    }
    account_compare(context, out);
    keep(context, out);
    warn_of_size(context, out);
    if (!context->config->force_login) /* `login` says it as its answer */
        notice_say(&context->config->notice, NOTICE_INFO, "logged in as %s at %s", safe(out->username),
                   safe(context->config->issuer));
    return true;
}

/* What was given could be given better. A login that failed has more to say; a client that renews its token
 * would say it every few minutes. */
static bool log_in_and_advise(struct login_context *context, struct session *out, struct error *err)
{
    const struct login_config *config = context->config;
    if (!log_in(context, out, err))
        return false;
    for (size_t i = 0; config->advice != NULL && i < config->advice->count; i++)
        notice_say(&config->notice, i == 0 ? NOTICE_WARNING : NOTICE_HINT, "%s", config->advice->items[i]);
    return true;
}

/* A refresh that failed for a passing reason leaves the old token good until it expires. */
static bool use_old_token(struct login_context *context, struct session *stored, const struct error *err,
                          struct session *out)
{
    char left[CLOCK_DURATION_SIZE];
    int64_t now = clock_wall();
    if (!error_is_temporary(err) || !login_is_usable(context->config, stored, now))
        return false;
    clock_format_duration(session_remaining(stored, now), left);
    notice_say(&context->config->notice, NOTICE_WARNING,
               "the token could not be refreshed, the old one is good for another %s: %s", left,
               err->message);
    *out = *stored;
    *stored = (struct session){0};
    return true;
}

/* A refresh that is not urgent and that the network held up is left alone for a while. */
static bool is_held_up(struct login_context *context, struct error *err)
{
    struct cooldown cooldown = {0};
    bool found = false;
    cooldown_load(context->marks, &context->key, &cooldown, &found);
    if (!found || cooldown.failures > 0 || !cooldown_is_active(&cooldown, clock_wall()))
        return false;
    *err = cooldown.cause;
    return true;
}

/* Like use_old_token, and spares the calls of the next seconds the wait that this one had. */
static bool use_old_token_after(struct login_context *context, int64_t started, struct session *stored,
                                const struct error *err, struct session *out)
{
    if (!use_old_token(context, stored, err, out))
        return false;
    if (clock_monotonic() - started >= LONG_WAIT)
        note_failure(context, false, err);
    return true;
}

/* A client needs no refresh: it logs in again. */
static bool renew_client(struct login_context *context, int64_t started, struct session *stored,
                         struct session *out, struct error *err)
{
    turn_announce(context, "logging in", NULL);
    return log_in(context, out, err) || use_old_token_after(context, started, stored, err, out);
}

static void explain_keyring(struct login_context *context, const struct error *err)
{
    const struct notice *notice = &context->config->notice;
    if (err->code == ERROR_NONE)
        return;
    notice_say(notice, NOTICE_WARNING, "the session cannot be refreshed: %s", err->message);
    notice_say_hints(notice, err);
    context->keyring_explained = true;
}

/* It is our turn: refresh what there is, else log in. */
static bool renew(struct login_context *context, struct session *out, struct error *err)
{
    cleanup_session struct session stored = {0};
    bool found = false;
    struct error warning = {0};
    account_remember(context);
    if (!context->config->force_login)
        session_cache_load(&context->cache, &context->key, &stored, &found, &warning);
    if (warning.code != ERROR_NONE)
        notice_say(&context->config->notice, NOTICE_WARNING, "%s", warning.message);
    if (!found)
        return log_in_and_advise(context, out, err);
    if (is_held_up(context, err) && use_old_token(context, &stored, err, out))
        return true;
    error_clear(err);
    int64_t started = clock_monotonic();
    http_set_patience(context->http, !login_is_usable(context->config, &stored, clock_wall()));
    if (context->config->grant->client)
        return renew_client(context, started, &stored, out, err);
    turn_announce(context, "refreshing the token", NULL);
    switch (refresh_run(context, &stored, out, err)) {
    case REFRESH_DONE:
        cooldown_reset(context->marks, &context->key);
        return true;
    case REFRESH_FAILED:
        if (use_old_token_after(context, started, &stored, err, out))
            return true;
        error_prefix(err, "the session could not be refreshed");
        note_failure(context, false, err);
        return false;
    case REFRESH_IMPOSSIBLE:
        explain_keyring(context, err);
        if (login_is_usable(context->config, &stored, clock_wall())) {
            *out = stored;
            stored = (struct session){0};
            return true;
        }
        break;
    case REFRESH_DEAD:
        break;
    }
    error_clear(err);
    http_set_patience(context->http, true);
    return log_in_and_advise(context, out, err);
}

/* A deploy that takes longer than its token fails in the middle: better now. */
static bool check_validity(const struct login_config *config, struct session *session, struct error *err)
{
    char left[CLOCK_DURATION_SIZE], wanted[CLOCK_DURATION_SIZE];
    int64_t remaining = session_remaining(session, clock_wall());
    if (config->min_validity == 0 || remaining >= config->min_validity)
        return true;
    session_release(session);
    clock_format_duration(remaining, left);
    clock_format_duration(config->min_validity, wanted);
    error_set(err, ERROR_CONFIG,
              "the provider's tokens are too short-lived: a new one is good for %s, and "
              "--min-validity asks for %s",
              left, wanted);
    if (provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        error_hint(err, "Authentik: Applications > Providers > edit > Access Token validity");
    return error_hint(err, "let the provider's tokens live longer, or ask for less with --min-validity");
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
    if (!check_addresses(config, err))
        return false;
    if (login_context_open(&context, true, err)) {
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
    login_context_close(&context);
    return good && check_validity(config, out, err);
}
