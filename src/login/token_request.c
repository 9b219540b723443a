/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a form to the token endpoint and reads the answer. */
#include "login/token_request.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "base/log.h"

enum { ANSWER_LIMIT = 1024 * 1024, SKEW_SECONDS = 60 };

enum client_authentication { CLIENT_PUBLIC, CLIENT_BASIC, CLIENT_POST };

void token_outcome_release(struct token_outcome *outcome)
{
    token_response_release(&outcome->response);
    *outcome = (struct token_outcome){0};
}

static bool refuse_methods(const struct text_list *methods, struct error *err)
{
    cleanup_string char *names = text_list_join(methods, ", ");
    error_set(err, ERROR_UNSUPPORTED, "the provider takes no client secret at its token endpoint, only '%s'",
              safe(names));
    return error_hint(err, "leave --oidc-client-secret out if the client is public, or let the provider take "
                           "client_secret_basic or client_secret_post from it");
}

/* Authentik before 2026.2.2 does not decode Basic credentials, so the form is the safer of the two there. */
static bool choose_authentication(const struct login_context *context, enum client_authentication *choice,
                                  struct error *err)
{
    const struct text_list *methods = &context->provider.token_auth_methods;
    bool named = context->provider.names_token_auth_methods;
    bool basic = !named || text_list_contains(methods, "client_secret_basic");
    bool post = named && text_list_contains(methods, "client_secret_post");
    bool prefers_post = provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK;
    if (text_is_empty(context->config->client_secret))
        *choice = CLIENT_PUBLIC;
    else if (basic && !(post && prefers_post))
        *choice = CLIENT_BASIC;
    else if (post)
        *choice = CLIENT_POST;
    else
        return refuse_methods(methods, err);
    return true;
}

bool token_request_check(const struct login_context *context, struct error *err)
{
    enum client_authentication ignored = CLIENT_PUBLIC;
    return choose_authentication(context, &ignored, err);
}

/* RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. A space is %20, which is right
 * in a form as well: Authentik does not read the '+'. */
static char *form_encoded(const char *text)
{
    cleanup_buffer struct buffer encoded = BUFFER_SECRET(1 << 20);
    encoding_percent(text, &encoded);
    return buffer_steal(&encoded);
}

/* Tokens carry the provider's times: a clock that is off makes good ones look expired, or expired ones good.
 */
static void warn_of_skew(struct login_context *context, int64_t date)
{
    char apart[CLOCK_DURATION_SIZE];
    int64_t skew = clock_wall() - date;
    if (date == 0 || context->skew_told || (skew <= SKEW_SECONDS && skew >= -SKEW_SECONDS))
        return;
    context->skew_told = true;
    clock_format_duration(skew > 0 ? skew : -skew, apart);
    notice_say(&context->config->notice, NOTICE_WARNING,
               "the clock of this machine is %s %s the provider's: set it right", apart,
               skew > 0 ? "ahead of" : "behind");
}

bool token_request_send(struct login_context *context, struct buffer *form, bool never_retry,
                        struct token_outcome *out, struct error *err)
{
    const struct login_config *config = context->config;
    enum client_authentication choice = CLIENT_PUBLIC;
    cleanup_secret char *user = NULL, *password = NULL;
    if (!choose_authentication(context, &choice, err))
        return false;
    if (choice == CLIENT_BASIC) {
        user = form_encoded(config->client_id);
        password = form_encoded(config->client_secret);
    } else {
        encoding_form_pair("client_id", config->client_id, form);
    }
    if (choice == CLIENT_POST)
        encoding_form_pair("client_secret", config->client_secret, form);
    log_names("parameters of the token request", buffer_text(form));
    struct http_request request = {.what = "the token endpoint's answer",
                                   .url = context->provider.token_endpoint,
                                   .form = buffer_text(form),
                                   .basic_user = user,
                                   .basic_password = password,
                                   .limit = ANSWER_LIMIT,
                                   .never_retry = never_retry};
    cleanup_http_response struct http_response response = {0};
    bool answered = http_perform(context->http, &request, &response, err);
    out->sent = answered || response.sent;
    out->answered = answered;
    out->status = response.status;
    if (!answered)
        return false;
    warn_of_skew(context, response.date);
    struct token_http http = {.status = response.status,
                              .body = buffer_text(&response.body),
                              .length = response.body.length,
                              .allow = response.allow,
                              .retry_after = response.retry_after,
                              .request_id = response.request_id};
    return token_response_parse(&http, &out->response, &out->failed, err);
}
