/* SPDX-License-Identifier: Apache-2.0 */
/* Revokes a refresh token and deletes its session, under the session's lock. */
#include "login/revocation.h"

#include <unistd.h>

#include "base/encoding.h"
#include "login/context.h"
#include "login/issuer.h"
#include "login/safekeeping.h"
#include "login/token_request.h"
#include "login/turn.h"
#include "session/cooldown.h"

static bool find_endpoint(struct login_context *context, struct error *err)
{
    if (!issuer_discover(context, true, err))
        return false;
    return context->provider.revocation_endpoint != NULL || !context->provider_from_cache ||
           issuer_discover(context, false, err);
}

static bool explain(const struct login_context *context, const struct http_response *response,
                    enum revocation_result *result, struct error *err)
{
    struct token_http http = token_request_answer(response);
    struct token_error failed = {0};
    token_error_explain("the revocation", &http, &failed, err);
    if (text_equal(failed.oauth_error, "unsupported_token_type")) {
        error_clear(err);
        *result = REVOCATION_NOT_TAKEN;
        return true;
    }
    if (failed.failure == TOKEN_FAILURE_CLIENT && !token_request_has_secret(context))
        error_hint(err, "a confidential client revokes with its --oidc-client-secret");
    return false;
}

/* 200 is done, also for a token that the provider does not know (RFC 7009 section 2.2). */
static bool revoke_token(struct login_context *context, const struct session *session,
                         enum revocation_result *result, struct error *err)
{
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    cleanup_http_response struct http_response response = {0};
    *result = REVOCATION_NO_ENDPOINT;
    if (!find_endpoint(context, err))
        return false;
    if (context->provider.revocation_endpoint == NULL)
        return true;
    encoding_form_pair("token", session->refresh_token, &form);
    encoding_form_pair("token_type_hint", "refresh_token", &form);
    struct token_post post = {.what = "the revocation endpoint's answer",
                              .url = context->provider.revocation_endpoint,
                              .form = &form};
    if (!token_request_post(context, &post, &response, err))
        return false;
    *result = REVOCATION_DONE;
    return response.status == 200 || explain(context, &response, result, err);
}

static bool hint_kept(const struct login_context *context, struct error *err)
{
    error_prefix(err, "the session is kept, because its refresh token could not be revoked");
    return error_hint(err,
                      "run the command again, or delete the whole cache without telling any provider: '%s "
                      "clean'",
                      context->config->program);
}

/* What rests in a keyring that cannot be read now cannot be revoked either: the session is kept. */
static bool fetch(struct login_context *context, struct session *session, struct error *err)
{
    switch (safekeeping_fetch(context, session, true, err)) {
    case SAFEKEEPING_FETCHED:
        return true;
    case SAFEKEEPING_LOST:
        notice_say(&context->config->notice, NOTICE_WARNING, "the session was not whole: %s", err->message);
        error_clear(err);
        return true;
    case SAFEKEEPING_FAILED:
        break;
    }
    return hint_kept(context, err);
}

/* The provider has been told, or cannot be. */
static bool drop(struct login_context *context, const struct session *session, bool revoked,
                 struct error *err)
{
    struct error warning = {0};
    if (!safekeeping_drop(context, session, &warning, err))
        return error_prefix(err, revoked ? "revoked, but the session is not deleted"
                                         : "the session is not deleted");
    if (warning.code != ERROR_NONE)
        notice_say(&context->config->notice, NOTICE_WARNING, "the %srefresh token stays in the keyring: %s",
                   revoked ? "revoked " : "", warning.message);
    return true;
}

static bool end_session(struct login_context *context, enum revocation_result *result, struct error *err)
{
    cleanup_session struct session session = {0};
    struct error warning = {0};
    bool found = false;
    session_cache_load(&context->cache, &context->key, &session, &found, &warning);
    if (!found && warning.code != ERROR_NONE) {
        *err = warning;
        return error_hint(err,
                          "remove '%s/%s.json' to be rid of it: a refresh token in it stays good at the "
                          "provider until it expires there",
                          safe(context->cache.path), safe(context->key.name));
    }
    *result = found ? REVOCATION_NOTHING_HELD : REVOCATION_NO_SESSION;
    if (!found)
        return true;
    turn_announce(context, "logging out", NULL);
    if (!fetch(context, &session, err))
        return false;
    if (context->config->ask_client_secret && !text_is_empty(session.refresh_token) &&
        (!find_endpoint(context, err) || !token_request_check(context, err)))
        return hint_kept(context, err);
    loop_hold_signals(context->loop, true);
    bool good = text_is_empty(session.refresh_token) || revoke_token(context, &session, result, err) ||
                hint_kept(context, err);
    good = good && drop(context, &session, *result == REVOCATION_DONE, err);
    loop_hold_signals(context->loop, false);
    cooldown_reset(context->marks, &context->key);
    return good;
}

bool revocation_run(const struct login_config *config, const struct session_key *key,
                    enum revocation_result *result, struct error *err)
{
    struct login_config own = *config;
    struct login_context context = {.config = &own, .cache = {.directory = -1}, .runtime = {.directory = -1}};
    cleanup_fd int lock = -1;
    struct session shared = {0};
    own.force_login = true; /* the turn is ours, whatever the session looks like */
    if (key != NULL)
        session_key_from_tuple(key->tuple, &context.key);
    bool good = login_context_open(&context, false, err);
    if (good && context.cache.directory < 0) {
        *result = REVOCATION_NO_SESSION;
    } else if (good) {
        good = turn_take(&context, &lock, &shared, err) == TURN_OURS;
        if (good) {
            good = end_session(&context, result, err);
            issuer_remember(&context);
            turn_end(&context);
        }
    }
    login_context_close(&context);
    return good;
}
