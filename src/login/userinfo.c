/* SPDX-License-Identifier: Apache-2.0 */
/* One request to the userinfo endpoint, under the session's lock because it begins with a refresh. */
#include "login/userinfo.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "login/context.h"
#include "login/issuer.h"
#include "login/refresh.h"
#include "login/turn.h"

enum { ANSWER_LIMIT = 1024 * 1024 };

static bool refuse_missing(const struct login_config *config, struct error *err)
{
    error_set(err, ERROR_NO_SESSION, "nobody is logged in at '%s' with these flags", safe(config->issuer));
    return error_hint(err, "log in with '%s login' and the same flags", config->program);
}

static bool refuse_without_refresh(const struct login_config *config, struct error *err)
{
    error_set(err, ERROR_USERINFO,
              "the session has no access token to ask with, and no refresh token to get one");
    return error_hint(err,
                      "log in again with '%s login' where the provider gives refresh tokens (scope "
                      "offline_access); 'whoami' without --userinfo tells what the token says",
                      config->program);
}

/* BR-01: never two methods at once. */
static bool check_headers(const struct login_config *config, struct error *err)
{
    const struct text_map *headers = config->http.headers;
    for (size_t i = 0; headers != NULL && i < headers->count; i++)
        if (strcasecmp(headers->items[i].name, "authorization") == 0)
            return error_set(err, ERROR_CONFIG,
                             "--userinfo sends the access token as Authorization header, and "
                             "--oidc-request-header sets another: leave one of them out");
    return true;
}

static bool find_endpoint(struct login_context *context, struct error *err)
{
    if (!issuer_discover(context, true, err))
        return false;
    if (context->provider.userinfo_endpoint == NULL && context->provider_from_cache &&
        !issuer_discover(context, false, err))
        return false;
    if (context->provider.userinfo_endpoint != NULL)
        return true;
    return error_set(err, ERROR_UNSUPPORTED,
                     "the provider '%s' has no userinfo endpoint: leave --userinfo out",
                     safe(context->config->issuer));
}

/* The stored access token where there is one, else that of a refresh. */
static bool get_access_token(struct login_context *context, struct session *session, struct error *err)
{
    struct session fresh = {0};
    if (context->config->use_access_token && session_remaining(session, clock_wall()) > 0) {
        context->access_token = memory_copy_text(session->token);
        return true;
    }
    turn_announce(context, "refreshing the token", NULL);
    context->keep_access_token = true;
    switch (refresh_run(context, session, &fresh, err)) {
    case REFRESH_DONE:
        session_release(session);
        *session = fresh;
        break;
    case REFRESH_IMPOSSIBLE:
        return err->code == ERROR_NONE ? refuse_without_refresh(context->config, err)
                                       : error_prefix(err, "the session cannot be refreshed");
    case REFRESH_DEAD:
        error_prefix(err, "the session cannot be refreshed any more");
        return error_hint(err, "log in with '%s login' and the same flags", context->config->program);
    case REFRESH_FAILED:
        return error_prefix(err, "the session could not be refreshed");
    }
    if (context->access_token != NULL)
        return true;
    return error_set(err, ERROR_USERINFO,
                     "another host refreshed the session in the same moment: run the command again");
}

static bool explain_status(const struct http_response *response, struct error *err)
{
    bool later = response->status >= 500 || response->status == 429;
    error_set(err, later ? ERROR_SERVER : ERROR_USERINFO, "the userinfo endpoint answered HTTP %ld",
              response->status);
    if (later)
        return error_hint(err, "the server cannot answer now: try again later");
    if (response->status == 401)
        return error_hint(err, "the provider does not know the access token any more, as after a logout "
                               "there: log in again");
    if (response->status == 403)
        return error_hint(err, "the client must be allowed the scope openid");
    return false;
}

/* BR-02: an answer about somebody else is dropped whole. */
static bool check_subject(const json_t *claims, const struct session *session, struct error *err)
{
    const char *subject = json_text(claims, "sub");
    if (!text_is_empty(subject) && text_equal(subject, session->subject))
        return true;
    error_set(err, ERROR_USERINFO, "the userinfo answer is about '%s', the session about '%s'", safe(subject),
              safe(session->subject));
    return error_hint(err, "the answer is not used: the provider must name the same 'sub' in both");
}

static bool ask(struct login_context *context, const struct session *session, json_t **claims,
                struct error *err)
{
    static const struct json_source source = {.what = "the userinfo answer", .code = ERROR_USERINFO};
    cleanup_http_response struct http_response response = {0};
    json_auto_t *answer = NULL;
    struct http_request request = {.what = "the userinfo answer",
                                   .url = context->provider.userinfo_endpoint,
                                   .bearer = context->access_token,
                                   .limit = ANSWER_LIMIT};
    if (!http_perform(context->http, &request, &response, err))
        return false;
    if (response.status != 200)
        return explain_status(&response, err);
    if (response.content_type != NULL &&
        strncasecmp(response.content_type, "application/jwt", strlen("application/jwt")) == 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "the userinfo answer is signed (application/jwt), which is not supported: have the "
                         "provider send plain JSON to this client");
    if (!json_parse_object(source, buffer_text(&response.body), response.body.length, &answer, err) ||
        !check_subject(answer, session, err))
        return false;
    *claims = steal(answer);
    return true;
}

static bool run(struct login_context *context, struct session *out, json_t **claims, struct error *err)
{
    cleanup_session struct session session = {0};
    bool found = false;
    session_cache_load(&context->cache, &context->key, &session, &found, NULL);
    if (!found)
        return refuse_missing(context->config, err);
    if (!find_endpoint(context, err) || !get_access_token(context, &session, err) ||
        !ask(context, &session, claims, err))
        return false;
    *out = session;
    session = (struct session){0};
    return true;
}

bool userinfo_ask(const struct login_config *config, struct session *out, json_t **claims, struct error *err)
{
    struct login_config own = *config;
    struct login_context context = {.config = &own, .cache = {.directory = -1}, .runtime = {.directory = -1}};
    cleanup_fd int lock = -1;
    struct session shared = {0};
    own.force_login = true; /* the turn is ours, whatever the session looks like */
    bool good = check_headers(config, err) && login_context_open(&context, false, err) &&
                (context.cache.directory >= 0 || refuse_missing(config, err)) &&
                turn_take(&context, &lock, &shared, err) == TURN_OURS;
    if (good) {
        good = run(&context, out, claims, err);
        issuer_remember(&context);
        turn_end(&context);
    }
    login_context_close(&context);
    return good;
}
