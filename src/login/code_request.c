/* SPDX-License-Identifier: Apache-2.0 */
/* Makes an authorization request and exchanges the code that answers it. */
#include "login/code_request.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/encoding.h"
#include "base/log.h"
#include "login/account.h"
#include "login/issuer.h"
#include "login/token_request.h"
#include "login/verification.h"
#include "oidc/authorization.h"

static bool draw_secrets(struct code_request *request, struct error *err)
{
    char verifier[RANDOM_TOKEN_SIZE];
    if (!random_token(request->state, err) || !random_token(request->nonce, err) ||
        !random_token(verifier, err))
        return false;
    pkce_derive(verifier, &request->pkce);
    memory_wipe(verifier, sizeof(verifier));
    return true;
}

/* More fits neither into a redirect to it nor into the head that a server reads: nobody could log in. */
static bool check_length(const char *url, struct error *err)
{
    enum { LIMIT = 24 * 1024 };
    size_t length = strlen(url);
    if (length <= LIMIT)
        return true;
    error_set(err, ERROR_CONFIG,
              "the authorization request has %zu bytes, more than browsers and servers take", length);
    return error_hint(err, "ask for fewer scopes, or shorten --oidc-auth-request-extra-params");
}

bool code_request_discover(struct login_context *context, struct error *err)
{
    if (!issuer_discover(context, false, err) || !authentik_check_metadata(&context->provider, err))
        return false;
    if (context->config->pkce_method == PKCE_AUTO && !provider_check_pkce(&context->provider, err))
        return false;
    return token_request_check(context, err);
}

bool code_request_make(struct login_context *context, const char *redirect_uri, struct code_request *out,
                       struct error *err)
{
    const struct login_config *config = context->config;
    cleanup_string char *uri = memory_copy_text(redirect_uri);
    cleanup_text_map struct text_map extra = {0};
    code_request_release(out);
    if (!draw_secrets(out, err))
        return false;
    login_wire_scopes(context, &out->scopes);
    out->redirect_uri = steal(uri);
    account_extra_params(context, &extra);
    struct authorization_request request = {.client_id = config->client_id,
                                            .redirect_uri = out->redirect_uri,
                                            .scopes = &out->scopes,
                                            .state = out->state,
                                            .nonce = out->nonce,
                                            .pkce = config->pkce_method == PKCE_NEVER ? NULL : &out->pkce,
                                            .extra = &extra};
    out->url = authorization_url(&context->provider, &request);
    log_names("parameters of the authorization request", out->url + strcspn(out->url, "?"));
    return check_length(out->url, err);
}

static bool exchange(struct login_context *context, struct code_request *request, const char *code,
                     struct token_outcome *outcome, struct error *err)
{
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    encoding_form_pair("grant_type", "authorization_code", &form);
    encoding_form_pair("code", code, &form);
    encoding_form_pair("redirect_uri", request->redirect_uri, &form);
    if (context->config->pkce_method != PKCE_NEVER)
        encoding_form_pair("code_verifier", request->pkce.verifier, &form);
    if (token_request_send(context, &form, true, outcome, err))
        return true;
    request->stale = outcome->answered && text_equal(outcome->failed.oauth_error, "invalid_grant");
    struct authentik_token_request sent = {.grant = "authorization_code",
                                           .redirect_uri = request->redirect_uri,
                                           .has_secret = token_request_has_secret(context)};
    if (outcome->answered && provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_token_error(&outcome->failed, &sent, err);
    return error_prefix(err, "could not exchange the code for a token");
}

bool code_request_redeem(struct login_context *context, struct code_request *request, const char *code,
                         struct session *out, struct error *err)
{
    cleanup_token_outcome struct token_outcome outcome = {0};
    struct verification source = {.nonce = request->nonce, .code = code};
    struct error advice = {0};
    request->stale = false;
    if (!exchange(context, request, code, &outcome, err) ||
        !verification_run(context, &source, &outcome.response, out, err))
        return false;
    if (out->refresh_token == NULL &&
        authentik_hint_no_refresh_token(&context->provider, &request->scopes, &advice))
        notice_say(&context->config->notice, NOTICE_HINT, "%s", advice.hint);
    return true;
}

void code_request_release(struct code_request *request)
{
    memory_cleanup_string(&request->redirect_uri);
    memory_cleanup_string(&request->url);
    text_list_release(&request->scopes);
    pkce_wipe(&request->pkce);
    memory_wipe(request->state, sizeof(request->state));
    memory_wipe(request->nonce, sizeof(request->nonce));
    *request = (struct code_request){0};
}
