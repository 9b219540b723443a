/* SPDX-License-Identifier: Apache-2.0 */
/* Opens and closes what the parts of one login share, and names its session. */
#include "login/context.h"

#include "login/account.h"
#include "login/grant.h"
#include "login/issuer.h"
#include "net/terminal.h"

/* Whose token it is, as far as it is said before: a client's is that of the account with an app password or
 * of the job that its identity token names. */
static const char *find_user(const struct login_config *config)
{
    if (!config->grant->client)
        return config->account != NULL || !text_equal(config->grant->name, "password") ? config->account
                                                                                       : config->username;
    return config->proof.source != NULL ? config->proof.mark : config->username;
}

/* A label does not make two user names one. */
static const struct text_map *add_username(const struct login_config *config, struct text_map *extra)
{
    text_map_copy(config->extra_params, extra);
    if (config->username != NULL)
        text_map_set(extra, "username", config->username);
    return extra;
}

static void make_key(const struct login_config *config,
                     void (*make)(const struct session_key_parts *parts, struct session_key *out),
                     struct session_key *key)
{
    struct session_key_parts parts = {.issuer = config->issuer,
                                      .client_id = config->client_id,
                                      .scopes = config->extra_scopes,
                                      .client_grant = config->grant->client,
                                      .user = find_user(config),
                                      .extra = config->extra_params,
                                      .access_token = config->use_access_token,
                                      .headers = config->http.headers,
                                      .tls_unverified = config->http.insecure_skip_tls_verify};
    cleanup_text_map struct text_map extra = {0};
    if (config->account != NULL && text_equal(config->grant->name, "password"))
        parts.extra = add_username(config, &extra);
    make(&parts, key);
}

void login_key_make(const struct login_config *config, struct session_key *key)
{
    make_key(config, session_key_make, key);
}

void login_key_sketch(const struct login_config *config, struct session_key *key)
{
    make_key(config, session_key_sketch, key);
}

bool login_is_good(const struct login_config *config, const struct session *session, int64_t now)
{
    return !session_wants_refresh(session, now) && session_remaining(session, now) >= config->min_validity;
}

bool login_is_usable(const struct login_config *config, const struct session *session, int64_t now)
{
    int64_t remaining = session_remaining(session, now);
    return remaining > 0 && remaining >= config->min_validity && !config->force_refresh;
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
const struct session_cache *login_open_marks(const struct login_config *config,
                                             const struct session_cache *cache, struct session_cache *runtime)
{
    const char *const candidates[] = {config->runtime_directory, NULL};
    struct error ignored = {0};
    if (cache->directory >= 0 && !cache->read_only && !session_cache_is_full(cache))
        return cache;
    session_cache_open(candidates, true, runtime, &ignored);
    return runtime->directory >= 0 ? runtime : cache;
}

void login_warn_of_spare(struct login_context *context, const struct file_draft *draft)
{
    if (draft->owns_directory && !context->unsaved)
        notice_say(&context->config->notice, NOTICE_WARNING,
                   "cache directory '%s' takes nothing more: '%s' is used instead", safe(context->cache.path),
                   safe(context->cache.spare));
}

bool login_context_open(struct login_context *context, bool create, struct error *err)
{
    const struct login_config *config = context->config;
    struct error warning = {0};
    if (context->key.tuple == NULL)
        login_key_make(config, &context->key);
    if (config->cache_candidates[0] != NULL)
        session_cache_open(config->cache_candidates, create, &context->cache, create ? &warning : NULL);
    context->cache.lock_directory = config->runtime_directory;
    context->marks = login_open_marks(config, &context->cache, &context->runtime);
    if (warning.code != ERROR_NONE)
        warn_about_cache(context, &warning);
    if (!loop_open(&context->loop, err))
        return false;
    if (config->background)
        loop_outlive_parent(context->loop);
    return http_open(context->loop, &config->http, &context->http, err);
}

void login_context_close(struct login_context *context)
{
    terminal_clear();
    memory_free_secret(context->access_token);
    context->access_token = NULL;
    memory_free_secret(context->asked_secret);
    context->asked_secret = NULL;
    account_release(context);
    issuer_release(context);
    http_close(context->http);
    loop_close(context->loop);
    session_key_release(&context->key);
    session_cache_close(&context->runtime);
    session_cache_close(&context->cache);
}

bool login_read_session(const struct login_config *config, struct login_rested *out, struct error *warning,
                        struct error *err)
{
    cleanup_session_cache struct session_cache cache = {.directory = -1};
    struct error unopened = {0};
    login_key_make(config, &out->key);
    if (config->cache_candidates[0] == NULL)
        return true;
    session_cache_open(config->cache_candidates, false, &cache, &unopened);
    session_cache_load(&cache, &out->key, &out->session, &out->found, warning);
    if (out->found || unopened.code == ERROR_NONE)
        return true;
    *err = unopened;
    return false;
}

void login_rested_release(struct login_rested *rested)
{
    session_release(&rested->session);
    session_key_release(&rested->key);
    rested->found = false;
}
