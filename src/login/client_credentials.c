/* SPDX-License-Identifier: Apache-2.0 */
/* One request with what the client has, and what it says when the provider does not like it. */
#include "login/client_credentials.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/buffer.h"
#include "base/encoding.h"
#include "login/identity_token.h"
#include "login/issuer.h"
#include "login/prompt.h"
#include "login/token_request.h"
#include "login/verification.h"

static bool check_account(const struct login_config *config, struct error *err)
{
    bool has_name = config->username != NULL, has_password = config->password != NULL || config->ask_password;
    if (has_name == has_password)
        return true;
    error_set(err, ERROR_CONFIG, "--%s is given without --%s", has_name ? "username" : "password",
              has_name ? "password" : "username");
    return error_hint(err, "a service account logs in with both, its app password in LATCHKEY_PASSWORD or "
                           "LATCHKEY_PASSWORD_FILE");
}

bool client_credentials_check(const struct login_config *config, struct error *err)
{
    const struct client_proof *proof = &config->proof;
    int ways = (config->client_secret != NULL || config->ask_client_secret) + (proof->key != NULL) +
               (proof->source != NULL);
    if (!check_account(config, err))
        return false;
    if (ways > 1 || (proof->source != NULL && config->username != NULL)) {
        error_set(err, ERROR_CONFIG, "the client has more than one way to prove who it is");
        return error_hint(
            err, "give one of --oidc-client-secret, --client-assertion-key and --client-assertion-source; "
                 "--username does not go with the last");
    }
    if (ways > 0 || config->username != NULL)
        return true;
    error_set(err, ERROR_CONFIG, "the client has nothing to log in with");
    return error_hint(
        err, "give one of --oidc-client-secret, --client-assertion-key, --client-assertion-source, or "
             "--username and --password of a service account");
}

static const char *const own_parameters[] = {"grant_type", "client_secret",         "client_assertion",
                                             "username",   "client_assertion_type", "password",
                                             "assertion"};

/* No parameter twice (TOK-01). */
static bool add_extra(const struct text_map *extra, struct buffer *form, struct error *err)
{
    for (size_t i = 0; extra != NULL && i < extra->count; i++) {
        for (size_t k = 0; k < array_length(own_parameters); k++)
            if (text_equal(extra->items[i].name, own_parameters[k]))
                return error_set(
                    err, ERROR_CONFIG,
                    "the extra parameter '%s' would stand twice in the token request: remove it from "
                    "--oidc-auth-request-extra-params",
                    own_parameters[k]);
        encoding_form_pair(extra->items[i].name, extra->items[i].value, form);
    }
    return true;
}

static bool make_form(struct login_context *context, char **identity, struct buffer *form, struct error *err)
{
    const struct login_config *config = context->config;
    cleanup_text_list struct text_list scopes = {0};
    login_wire_scopes(context, &scopes);
    cleanup_string char *scope = text_list_join(&scopes, " ");
    encoding_form_pair("grant_type", "client_credentials", form);
    encoding_form_pair("scope", scope, form);
    if (config->username != NULL) {
        cleanup_secret char *asked = NULL;
        if (config->ask_password && !prompt_secret(context, "password", &asked, err))
            return false;
        encoding_form_pair("username", config->username, form);
        encoding_form_pair("password", asked != NULL ? asked : config->password, form);
    }
    if (!add_extra(config->extra_params, form, err))
        return false;
    if (config->proof.source == NULL)
        return true;
    if (!identity_token_get(context, identity, err))
        return false;
    token_request_add_assertion(*identity, form);
    return true;
}

static void advise(const struct login_context *context, const char *identity,
                   const struct token_outcome *outcome, struct error *err)
{
    const struct login_config *config = context->config;
    bool authentik = provider_kind(config->issuer) == PROVIDER_AUTHENTIK;
    bool refused = text_equal(outcome->failed.oauth_error, "invalid_grant");
    struct authentik_token_request request = {.grant = "client_credentials",
                                              .has_secret = token_request_has_secret(context)};
    if (!outcome->answered)
        return;
    if (identity != NULL)
        identity_token_hint(identity, err);
    if (authentik && refused && identity != NULL)
        authentik_hint_federation(err);
    else if (authentik && refused && config->username == NULL)
        authentik_hint_client_secret(err);
    else if (authentik)
        authentik_hint_token_error(&outcome->failed, &request, err);
    else if (refused || text_equal(outcome->failed.oauth_error, "invalid_client"))
        error_hint(err, "check what the client proves itself with, and that the provider allows it the grant "
                        "client_credentials");
}

/* OUT-04: an OAuth server alone gives no ID token here. */
static bool hint_access_token(struct error *err)
{
    if (err->code == ERROR_IDTOKEN_MISSING)
        error_hint(err,
                   "many providers give clients no ID token: where the API server takes access tokens, add "
                   "--oidc-use-access-token");
    return false;
}

static bool log_in(struct login_context *context, struct session *out, struct error *err)
{
    cleanup_buffer struct buffer form = BUFFER_SECRET(TOKEN_FORM_LIMIT);
    cleanup_token_outcome struct token_outcome outcome = {0};
    cleanup_secret char *identity = NULL;
    struct verification source = {0};
    if (!make_form(context, &identity, &form, err))
        return false;
    issuer_start_keys(context);
    if (!token_request_send(context, &form, false, &outcome, err)) {
        advise(context, identity, &outcome, err);
        return error_prefix(err, "the client '%s' could not log in", safe(context->config->client_id));
    }
    if (!verification_run(context, &source, &outcome.response, out, err))
        return hint_access_token(err);
    memory_free_secret(out->refresh_token);
    out->refresh_token = NULL;
    return true;
}

bool client_credentials_run(struct login_context *context, struct session *out, bool *asked,
                            struct error *err)
{
    (void)asked;
    if (!issuer_discover(context, false, err) || !authentik_check_metadata(&context->provider, err))
        return false;
    bool good = log_in(context, out, err);
    issuer_remember(context);
    return good;
}
