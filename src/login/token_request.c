/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a form to the token endpoint and reads the answer. */
#include "login/token_request.h"

#include <string.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/client_assertion.h"
#include "crypto/random.h"
#include "login/prompt.h"
#include "oidc/query.h"

enum { ANSWER_LIMIT = 1024 * 1024, SKEW_SECONDS = 60, SHORTEST_SECRET = 6 };

enum client_authentication { CLIENT_PUBLIC, CLIENT_BASIC, CLIENT_POST, CLIENT_KEY };
#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

void token_outcome_release(struct token_outcome *outcome)
{
    token_response_release(&outcome->response);
    *outcome = (struct token_outcome){0};
}

/* NULL for a public client. */
static const char *secret_of(const struct login_context *context)
{
    return context->asked_secret != NULL ? context->asked_secret : context->config->client_secret;
}

bool token_request_has_secret(const struct login_context *context)
{
    return !text_is_empty(secret_of(context));
}

/* Once per run, and before anything is sent. */
static bool ask_secret(struct login_context *context, struct error *err)
{
    if (!context->config->ask_client_secret || context->asked_secret != NULL)
        return true;
    return prompt_secret(context, "client secret", &context->asked_secret, err);
}

static bool choose_key(const struct login_context *context, enum client_authentication *choice,
                       struct error *err)
{
    const struct provider *provider = &context->provider;
    *choice = CLIENT_KEY;
    if (!provider->names_token_auth_methods ||
        text_list_contains(&provider->token_auth_methods, "private_key_jwt"))
        return true;
    error_set(
        err, ERROR_UNSUPPORTED,
        "the provider takes no private_key_jwt at its token endpoint: --client-assertion-key cannot be used");
    if (provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK)
        return error_hint(err,
                          "Authentik knows a client's key in no version: for a pipeline use an app password "
                          "(--username, --password) or --client-assertion-source");
    return error_hint(err,
                      "use a secret, or --client-assertion-source where the provider trusts another issuer");
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
static bool choose_authentication(struct login_context *context, enum client_authentication *choice,
                                  struct error *err)
{
    const struct text_list *methods = &context->provider.token_auth_methods;
    bool named = context->provider.names_token_auth_methods;
    bool basic = !named || text_list_contains(methods, "client_secret_basic");
    bool post = named && text_list_contains(methods, "client_secret_post");
    bool prefers_post = provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK;
    if (context->config->proof.key != NULL)
        return choose_key(context, choice, err);
    if (!ask_secret(context, err))
        return false;
    if (!token_request_has_secret(context))
        *choice = CLIENT_PUBLIC;
    else if (basic && !(post && prefers_post))
        *choice = CLIENT_BASIC;
    else if (post)
        *choice = CLIENT_POST;
    else
        return refuse_methods(methods, err);
    return true;
}

bool token_request_check(struct login_context *context, struct error *err)
{
    enum client_authentication ignored = CLIENT_PUBLIC;
    return choose_authentication(context, &ignored, err);
}

/* RFC 6749 section 2.3.1: both parts are form-encoded before they are joined. A space is %20, which is right
 * in a form as well: Authentik does not read the '+'. */
static char *form_encoded(const char *text)
{
    cleanup_buffer struct buffer encoded = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    encoding_percent(text, &encoded);
    return buffer_steal(&encoded);
}

/* Signs with the algorithm that was named, or with the first that the key can. */
static bool sign(const struct client_proof *proof, struct client_assertion *assertion, char **jwt,
                 struct error *err)
{
    static const char *const algorithms[] = {"RS256", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"};
    if (!text_equal(proof->algorithm, "auto")) {
        assertion->alg = proof->algorithm;
        return client_assertion_build(assertion, jwt, err);
    }
    for (size_t i = 0; i < array_length(algorithms); i++) {
        struct error failed = {0};
        assertion->alg = algorithms[i];
        if (client_assertion_build(assertion, jwt, &failed))
            return true;
        if (i == 0)
            *err = failed;
    }
    return false;
}

void token_request_add_assertion(const char *jwt, struct buffer *form)
{
    encoding_form_pair("client_assertion_type", ASSERTION_TYPE, form);
    encoding_form_pair("client_assertion", jwt, form);
}

/* TOK-03: a new one for every request. */
static bool add_assertion(const struct login_config *config, struct buffer *form, struct error *err)
{
    char id[RANDOM_TOKEN_SIZE];
    cleanup_secret char *jwt = NULL;
    if (!random_token(id, err))
        return false;
    struct client_assertion assertion = {.client_id = config->client_id,
                                         .audience = config->proof.audience != NULL ? config->proof.audience
                                                                                    : config->issuer,
                                         .id = id,
                                         .key = config->proof.key,
                                         .kid = config->proof.key_id,
                                         .now = clock_wall()};
    if (!sign(&config->proof, &assertion, &jwt, err))
        return error_prefix(err, "cannot use --client-assertion-key");
    token_request_add_assertion(jwt, form);
    return true;
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

static const char *const secret_names[] = {"client_secret", "client_assertion", "password",      "code",
                                           "code_verifier", "device_code",      "refresh_token", "token"};

static void cover(const char *secret, char *text, size_t text_length)
{
    size_t length = secret != NULL ? strlen(secret) : 0;
    char *at = text;
    while (length >= SHORTEST_SECRET &&
           (at = memmem(at, text_length - (size_t)(at - text), secret, length)) != NULL) {
        memset(at, '*', length);
        at += length;
    }
}

static void cover_all(const struct login_context *context, const struct query *sent, json_t *value)
{
    if (!json_is_string(value))
        return;
    size_t length = json_string_length(value);
    cleanup_secret char *text = memory_copy_bytes(json_string_value(value), length);
    cover(secret_of(context), text, length);
    for (size_t i = 0; i < array_length(secret_names); i++)
        cover(query_get(sent, secret_names[i]), text, length);
    if (json_string_setn(value, text, length) != 0) /* a letter was cut in two */
        json_string_set(value, "");
}

/* A refusal may repeat what was sent, and its words are shown. They are looked at as they will be read: JSON
 * writes one text in many ways. What is no JSON is not shown. */
static void cover_secrets(const struct login_context *context, const char *form, struct http_response *answer)
{
    static const struct json_source source = {.code = ERROR_TOKEN_JSON, .huge_is_null = true};
    struct error ignored = {0};
    json_auto_t *object = NULL;
    cleanup_query struct query sent = {0};
    const char *name;
    json_t *value;
    bool read = json_parse_object(source, buffer_text(&answer->body), answer->body.length, &object, &ignored);
    if (answer->status == 200 && (!read || json_text(object, "error") == NULL))
        return;
    if (!query_parse(form, strlen(form), &sent)) { /* too many to be looked for: only the code is kept */
        json_object_del(object, "error_description");
        json_object_del(object, "error_uri");
        json_object_del(object, "request_id");
    }
    json_object_foreach(object, name, value) cover_all(context, &sent, value);
    cleanup_secret char *text = read ? json_to_text(object) : NULL;
    buffer_clear(&answer->body);
    if (text != NULL && !buffer_append_text(&answer->body, text))
        log_line(1, "an answer of %zu bytes is too long to be explained", strlen(text));
}

bool token_request_post(struct login_context *context, const struct token_post *post,
                        struct http_response *out, struct error *err)
{
    const struct login_config *config = context->config;
    enum client_authentication choice = CLIENT_PUBLIC;
    cleanup_secret char *user = NULL, *password = NULL;
    if (!choose_authentication(context, &choice, err))
        return false;
    if (choice == CLIENT_BASIC) {
        user = form_encoded(config->client_id);
        password = form_encoded(secret_of(context));
    } else {
        encoding_form_pair("client_id", config->client_id, post->form);
    }
    if (choice == CLIENT_KEY && !add_assertion(config, post->form, err))
        return false;
    if (choice == CLIENT_POST)
        encoding_form_pair("client_secret", secret_of(context), post->form);
    log_names("parameters of the token request", buffer_text(post->form));
    struct http_request request = {.what = post->what,
                                   .url = post->url,
                                   .form = buffer_text(post->form),
                                   .basic_user = user,
                                   .basic_password = password,
                                   .limit = ANSWER_LIMIT,
                                   .never_retry = post->never_retry};
    if (!http_perform(context->http, &request, out, err))
        return false;
    warn_of_skew(context, out->date);
    cover_secrets(context, buffer_text(post->form), out);
    return true;
}

struct token_http token_request_answer(const struct http_response *response)
{
    return (struct token_http){.status = response->status,
                               .body = buffer_text(&response->body),
                               .length = response->body.length,
                               .allow = response->allow,
                               .retry_after = response->retry_after,
                               .request_id = response->request_id};
}

bool token_request_send(struct login_context *context, struct buffer *form, bool never_retry,
                        struct token_outcome *out, struct error *err)
{
    struct token_post post = {.what = "the token endpoint's answer",
                              .url = context->provider.token_endpoint,
                              .form = form,
                              .never_retry = never_retry};
    cleanup_http_response struct http_response response = {0};
    bool answered = token_request_post(context, &post, &response, err);
    out->sent = answered || response.sent;
    out->answered = answered;
    out->status = response.status;
    if (!answered)
        return false;
    struct token_http http = token_request_answer(&response);
    return token_response_parse(&http, &out->response, &out->failed, err);
}
