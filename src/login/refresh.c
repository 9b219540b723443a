/* SPDX-License-Identifier: Apache-2.0 */
/* Spends a refresh token in such a way that neither a fault nor a second process can lose the session. */
#include "login/refresh.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/jws.h"
#include "login/issuer.h"
#include "login/safekeeping.h"
#include "login/token_request.h"
#include "login/verification.h"

enum { LONGEST_PAUSE = 10 }; /* seconds */

/* One refresh, with the file that its outcome will be saved in. */
struct refresh {
    struct login_context *context;
    const struct session *session;
    struct file_draft draft;
};

static bool send_refresh(struct login_context *context, const struct session *session,
                         struct token_outcome *outcome, struct error *err)
{
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    encoding_form_pair("grant_type", "refresh_token", &form);
    encoding_form_pair("refresh_token", session->refresh_token, &form);
    return token_request_send(context, &form, false, outcome, err);
}

/* Cached metadata may be out of date: looks once whether the token endpoint has moved (DISC-09). */
static bool endpoint_has_moved(struct login_context *context)
{
    struct error ignored = {0};
    cleanup_string char *before = memory_copy_text(context->provider.token_endpoint);
    if (!context->provider_from_cache)
        return false;
    if (issuer_discover(context, false, &ignored))
        return strcmp(before, context->provider.token_endpoint) != 0;
    /* Put the old one back: the caller's error is about it. */
    return !issuer_discover(context, true, &ignored) && false;
}

/* True when the failure may come from an address that is out of date. */
static bool may_have_moved(const struct login_context *context, const struct token_outcome *outcome,
                           const struct error *err)
{
    if (outcome->answered)
        return outcome->failed.failure != TOKEN_FAILURE_GRANT &&
               outcome->failed.failure != TOKEN_FAILURE_CLIENT && outcome->status != 429;
    if (err->code == ERROR_REDIRECT)
        return true;
    if (outcome->sent || !error_is_network(err))
        return false;
    /* where the host itself cannot be reached, its metadata cannot either */
    cleanup_string char *issuer = provider_url_host(context->config->issuer);
    cleanup_string char *endpoint = provider_url_host(context->provider.token_endpoint);
    return strcmp(issuer, endpoint) != 0;
}

/* The server said when it will be ready (REF-05). Nobody waits for it while the old token is good. */
static bool waited_as_asked(struct login_context *context, const struct session *session,
                            const struct token_outcome *outcome, struct error *err)
{
    int64_t pause = outcome->failed.retry_after;
    struct error ignored = {0};
    bool never = false;
    if (!outcome->answered || outcome->failed.failure != TOKEN_FAILURE_TEMPORARY || pause < 0 ||
        pause > LONGEST_PAUSE)
        return false;
    bool forced = context->config->force_refresh && !context->config->refresh_only;
    if (session_remaining(session, clock_wall()) > 0 && !forced)
        return false;
    notice_say(&context->config->notice, NOTICE_STATUS, "the provider asks to wait %d s", (int)pause);
    loop_hold_signals(context->loop, false);
    enum loop_end end = loop_run(context->loop, &never, clock_monotonic() + pause * 1000, &ignored);
    loop_hold_signals(context->loop, true);
    notice_say(&context->config->notice, NOTICE_STATUS, "%s", "");
    if (end == LOOP_INTERRUPTED)
        error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for the provider");
    return end == LOOP_DEADLINE;
}

/* One more try where it can help: the answer was lost on the way (REF-06), the server asked for a pause, or
 * the endpoint moved. */
static bool send_with_retry(struct login_context *context, const struct session *session,
                            struct token_outcome *outcome, struct error *err)
{
    if (send_refresh(context, session, outcome, err))
        return true;
    bool lost = !outcome->answered && outcome->sent && error_is_network(err) && err->code != ERROR_TIMEOUT;
    bool again = lost || waited_as_asked(context, session, outcome, err);
    if (err->code == ERROR_INTERRUPTED ||
        (!again && !(may_have_moved(context, outcome, err) && endpoint_has_moved(context))))
        return false;
    log_line(1, "the refresh is tried once more: %s", err->message);
    token_outcome_release(outcome);
    error_clear(err);
    return send_refresh(context, session, outcome, err);
}

static void advise(const struct login_context *context, const struct session *session,
                   const struct token_outcome *outcome, struct error *err)
{
    struct authentik_token_request request = {.grant = "refresh_token",
                                              .has_secret = token_request_has_secret(context),
                                              .first_use = !session->refreshed};
    if (provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_token_error(&outcome->failed, &request, err);
}

/* A refresh token that never worked is a setting, not an expiry: say which one, or a browser opens at every
 * expiry. */
static void explain_dead(struct login_context *context, const struct error *err)
{
    const struct notice *notice = &context->config->notice;
    notice_say(notice, NOTICE_WARNING, "the session cannot be refreshed: %s", err->message);
    notice_say_hints(notice, err);
}

/* Somebody on another host may have refreshed meanwhile, where the lock does not reach (T-29): then another
 * refresh token is stored by now than the one that we spent. */
static bool find_successor(struct login_context *context, const struct session *session, struct session *out)
{
    bool found = false;
    cleanup_session struct session current = {0};
    struct error ignored = {0};
    session_cache_load(&context->cache, &context->key, &current, &found, NULL);
    if (!found || safekeeping_fetch(context, &current, false, &ignored) != SAFEKEEPING_FETCHED ||
        current.refresh_token == NULL || strcmp(current.refresh_token, session->refresh_token) == 0)
        return false;
    *out = current;
    current = (struct session){0};
    return true;
}

/* What was deleted meanwhile stays deleted: nobody knows of a process in the background, or waits for it. */
static bool is_unwanted(const struct login_context *context)
{
    return context->config->background && session_cache_is_gone(&context->cache, &context->key);
}

/* A refresh token that is worth nothing any more. A token that is still good stays: whether a login follows,
 * and comes to its end, nobody knows here. */
static bool forget(struct login_context *context, const struct session *session)
{
    struct error trouble = {0};
    if (is_unwanted(context))
        return true;
    bool forgotten = session_remaining(session, clock_wall()) > 0
                         ? safekeeping_forget(context, session, &trouble)
                         : safekeeping_drop(context, session, NULL, &trouble);
    if (!forgotten)
        log_line(1, "the dead session stays on disk: %s", trouble.message);
    return forgotten;
}

static bool is_dead(const struct token_outcome *outcome)
{
    return outcome->answered && outcome->failed.failure == TOKEN_FAILURE_GRANT;
}

static enum refresh_result judge_failure(struct login_context *context, const struct session *session,
                                         const struct token_outcome *outcome, struct error *err)
{
    if (outcome->answered && err->code != ERROR_INTERRUPTED)
        advise(context, session, outcome, err);
    if (!is_dead(outcome))
        return REFRESH_FAILED;
    explain_dead(context, err);
    (void)forget(context, session);
    return REFRESH_DEAD;
}

static void keep_if_missing(char **new_value, const char *old_value)
{
    if (*new_value == NULL)
        *new_value = memory_copy_text(old_value);
}

/* Stores before anything is printed (REF-01). A save that fails costs the next call a login, not this one. */
static void save(struct refresh *refresh, struct session *session)
{
    struct login_context *context = refresh->context;
    struct error trouble = {0};
    struct safekeeping_save how = {.draft = &refresh->draft, .former = refresh->session};
    if (is_unwanted(context) || safekeeping_save(context, session, how, &trouble))
        return;
    if (refresh->session->in_keyring &&
        session->in_keyring) { /* the file as it is leads to the new refresh token */
        notice_say(&context->config->notice, NOTICE_WARNING, "the refreshed token could not be saved: %s",
                   trouble.message);
        return;
    }
    notice_say(&context->config->notice, NOTICE_WARNING,
               "the refreshed session could not be saved, you will have to log in "
               "again: %s",
               trouble.message);
    if (!session_cache_drop(&context->cache, &context->key, &trouble))
        log_line(1, "the used session stays on disk: %s", trouble.message);
}

/* The old refresh token is spent even when the answer cannot be used: the new one must not be lost with it.
 */
static void salvage(struct refresh *refresh, const struct token_response *response)
{
    const struct session *session = refresh->session;
    cleanup_session struct session kept = {0};
    if (response->refresh_token == NULL)
        return;
    kept = *session;
    kept.token = memory_copy_text(session->token);
    kept.subject = memory_copy_text(session->subject);
    kept.username = memory_copy_text(session->username);
    kept.nonce = memory_copy_text(session->nonce);
    kept.refresh_token = memory_copy_text(response->refresh_token);
    kept.refreshed = true;
    save(refresh, &kept);
}

/* True when the new token was issued before the one that it should replace. */
static bool is_older(const struct session *session, const struct token_response *response)
{
    struct error ignored = {0};
    json_t *claims = NULL;
    double issued_at = 0;
    if (response->id_token == NULL || !jws_read_claims(response->id_token, &claims, &ignored))
        return false;
    bool older = json_number(claims, "iat", &issued_at) && issued_at < (double)session->issued_at;
    json_decref(claims);
    return older;
}

/* REF-03: the answer is about another login than ours, and would be so the next time. A clock that is wrong,
 * a key that is unknown and the like may pass. */
static bool is_another_login(const struct session *session, const struct token_response *response,
                             const struct error *err)
{
    static const enum error_code codes[] = {ERROR_REFRESH_SUB, ERROR_REFRESH_ISS,   ERROR_REFRESH_AUD,
                                            ERROR_IDTOKEN_AZP, ERROR_IDTOKEN_NONCE, ERROR_IDTOKEN_AUTH_TIME};
    for (size_t i = 0; i < array_length(codes); i++)
        if (err->code == codes[i])
            return true;
    return err->code == ERROR_IDTOKEN_IAT && is_older(session, response);
}

/* Another login in the answer ends the session; any other trouble with the new token leaves it. */
static void reject(struct refresh *refresh, const struct token_response *response, struct error *err)
{
    if (!is_another_login(refresh->session, response, err)) {
        salvage(refresh, response);
        return;
    }
    if (forget(refresh->context, refresh->session))
        error_hint(err, "the session is forgotten: %s logs in again",
                   session_remaining(refresh->session, clock_wall()) > 0
                       ? "when its token has expired, a call"
                       : "the next call");
}

/* What the answer left out stays as it was. */
static void complete(const struct session *session, struct session *fresh)
{
    if (fresh->token == NULL) {
        keep_if_missing(&fresh->token, session->token);
        fresh->issued_at = session->issued_at;
        fresh->expires_at = session->expires_at;
        fresh->obtained_at = session->obtained_at;
        fresh->lifetime = session->lifetime;
    }
    keep_if_missing(&fresh->subject, session->subject);
    keep_if_missing(&fresh->username, session->username);
    fresh->issued_at = fresh->issued_at != 0 ? fresh->issued_at : session->issued_at;
    keep_if_missing(&fresh->refresh_token, session->refresh_token);
}

/* The provider gave tokens: verify, keep what it left out, store. */
static enum refresh_result accept(struct refresh *refresh, const struct token_response *response,
                                  struct session *out, struct error *err)
{
    struct verification source = {.previous = refresh->session};
    cleanup_session struct session fresh = {0};
    if (!verification_run(refresh->context, &source, response, &fresh, err)) {
        reject(refresh, response, err);
        return REFRESH_FAILED;
    }
    bool no_token = fresh.token == NULL;
    complete(refresh->session, &fresh);
    save(refresh, &fresh);
    if (no_token && session_remaining(&fresh, clock_wall()) <= 0) {
        notice_say(&refresh->context->config->notice, NOTICE_WARNING,
                   "the session cannot be refreshed: the provider's answer holds no id_token");
        return REFRESH_IMPOSSIBLE;
    }
    *out = fresh;
    fresh = (struct session){0};
    return REFRESH_DONE;
}

static enum refresh_result spend(struct refresh *refresh, struct session *out, struct error *err)
{
    cleanup_token_outcome struct token_outcome outcome = {0};
    cleanup_session struct session successor = {0};
    if (send_with_retry(refresh->context, refresh->session, &outcome, err))
        return accept(refresh, &outcome.response, out, err);
    if (!is_dead(&outcome) || !find_successor(refresh->context, refresh->session, &successor))
        return judge_failure(refresh->context, refresh->session, &outcome, err);
    error_clear(err);
    if (session_remaining(&successor, clock_wall()) > 0) {
        *out = successor;
        successor = (struct session){0};
        return REFRESH_DONE;
    }
    /* a token from a host whose clock goes before ours is no use yet, its refresh token is */
    token_outcome_release(&outcome);
    struct refresh next = {refresh->context, &successor, refresh->draft};
    refresh->draft = (struct file_draft){.directory = -1, .fd = -1};
    enum refresh_result result = send_with_retry(next.context, next.session, &outcome, err)
                                     ? accept(&next, &outcome.response, out, err)
                                     : judge_failure(next.context, next.session, &outcome, err);
    file_draft_release(&next.draft);
    return result;
}

static enum refresh_result run(struct refresh *refresh, struct session *out, struct error *err)
{
    struct login_context *context = refresh->context;
    if (!session_cache_prepare(&context->cache, &context->key, &refresh->draft, err)) {
        if (!context->unsaved)
            notice_say(&context->config->notice, NOTICE_WARNING,
                       "the refresh token is not used, because a new one could not be saved: %s",
                       err->message);
        context->unsaved = true;
        error_clear(err);
        return REFRESH_IMPOSSIBLE;
    }
    login_warn_of_spare(context, &refresh->draft);
    if (!issuer_discover(context, true, err) || !token_request_check(context, err))
        return REFRESH_FAILED;
    loop_hold_signals(context->loop, true);
    enum refresh_result result = spend(refresh, out, err);
    loop_hold_signals(context->loop, false);
    issuer_remember(context);
    return result;
}

/* Somebody is asked for the keyring's password only when there is no other way to a token. */
static bool is_urgent(const struct login_context *context, const struct session *session)
{
    return !login_is_usable(context->config, session, clock_wall()) || context->keep_access_token;
}

enum refresh_result refresh_run(struct login_context *context, struct session *session, struct session *out,
                                struct error *err)
{
    struct refresh refresh = {.context = context, .session = session, .draft = {.directory = -1, .fd = -1}};
    /* the keyring has answered before the refresh token is spent: it will take the new one */
    if (safekeeping_fetch(context, session, is_urgent(context, session), err) != SAFEKEEPING_FETCHED)
        return err->code == ERROR_INTERRUPTED ? REFRESH_FAILED : REFRESH_IMPOSSIBLE;
    if (text_is_empty(session->refresh_token))
        return REFRESH_IMPOSSIBLE;
    enum refresh_result result = run(&refresh, out, err);
    file_draft_release(&refresh.draft);
    return result;
}
