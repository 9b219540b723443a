/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies what the token endpoint gave and makes a session of it. */
#include "login/verification.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/jwk.h"
#include "crypto/jws.h"
#include "login/grant.h"
#include "login/issuer.h"
#include "oidc/id_token.h"

/* Verifies one token; a key that nobody knows may have been rotated in, so the set is fetched once more. */
static bool verify_token(struct login_context *context, const char *token,
                         const struct id_token_expectation *expected, struct id_token *out, struct error *err)
{
    bool tried = false;
    if (!issuer_keys(context, expected->previous_subject != NULL, err))
        return false;
    if (id_token_verify(token, context->keys, expected, out, err))
        return true;
    struct error first = *err;
    if (!jws_key_is_missing(err) || !issuer_refetch_keys(context, &tried, err))
        return false;
    if (!tried) {
        *err = first;
        return false;
    }
    error_clear(err);
    return id_token_verify(token, context->keys, expected, out, err);
}

/* auth_time of the token that is being refreshed; 0 when it had none. */
static int64_t previous_auth_time(const struct session *previous)
{
    struct error ignored = {0};
    json_t *claims = NULL;
    double auth_time = 0;
    if (!jws_read_claims(previous->token, &claims, &ignored))
        return 0;
    bool known = json_number(claims, "auth_time", &auth_time);
    json_decref(claims);
    return known && auth_time > 0 ? (int64_t)auth_time : 0;
}

/* IDT-18: what the user put into the authorization request must hold. 0 where nothing was asked. */
static int64_t find_login_after(const struct login_config *config, const struct verification *source)
{
    int64_t max_age = 0;
    const char *text = config->extra_params != NULL ? text_map_get(config->extra_params, "max_age") : NULL;
    bool asked = source->previous == NULL && source->nonce != NULL && text != NULL;
    return asked && text_to_number(text, 0, INT32_MAX, &max_age) ? clock_wall() - max_age : 0;
}

static struct id_token_expectation expectation(const struct login_context *context,
                                               const struct verification *source,
                                               const struct token_response *response)
{
    const struct login_config *config = context->config;
    struct id_token_expectation expected = {.issuer = config->issuer,
                                            .client_id = config->client_id,
                                            .nonce = source->nonce,
                                            .access_token = response->access_token,
                                            .code = source->code,
                                            .algorithms = &context->provider.signing_algorithms,
                                            .trusted_audiences = config->trusted_audiences,
                                            .now = clock_wall(),
                                            .login_after = find_login_after(config, source),
                                            .fresh_login = source->previous == NULL};
    if (source->previous != NULL) {
        expected.nonce = source->previous->nonce;
        expected.nonce_optional = true;
        expected.previous_subject = source->previous->subject;
        expected.previous_issued_at = source->previous->issued_at;
        expected.previous_auth_time = previous_auth_time(source->previous);
    }
    return expected;
}

enum { LONGEST_LIFETIME = 10 * 366 * 24 * 3600 };

_Static_assert((int)TOKEN_REFRESH_LIMIT <= (int)SESSION_REFRESH_TOKEN_LIMIT, "what is taken can be kept");

/* Those who renew their session by a login lose nothing. */
static void warn_of_long_token(const struct login_context *context, const struct token_response *response)
{
    if (response->refresh_token_too_long && !context->config->grant->client)
        notice_say(
            &context->config->notice, NOTICE_WARNING,
            "the provider's refresh token is longer than %d characters and is not kept: when the token "
            "has expired, you may have to log in again",
            TOKEN_REFRESH_LIMIT);
}

/* OUT-03, and a lifetime, which no claim tells here. */
static bool check_opaque(const struct login_context *context, const struct verification *source,
                         const struct token_response *response, struct error *err)
{
    const char *token = response->access_token, *padding = token + strcspn(token, "=");
    if (!text_is_b64token(token) || padding == token || padding[strspn(padding, "=")] != '\0')
        return error_set(err, ERROR_IDTOKEN_FORMAT,
                         "the access token has characters that a bearer token cannot have");
    if (strlen(token) > JWS_TOKEN_LIMIT)
        return error_set(err, ERROR_IDTOKEN_FORMAT, "the access token is longer than %d bytes",
                         (int)JWS_TOKEN_LIMIT);
    if (response->expires_in <= 0) {
        error_set(err, ERROR_TOKEN_JSON,
                  "the access token is opaque, and the provider's answer does not say how long it is good "
                  "(expires_in)");
        return error_hint(err, "have the provider send expires_in, or use the ID token: leave "
                               "--oidc-use-access-token out");
    }
    if (response->id_token != NULL || source->previous != NULL || context->config->grant->client)
        return true;
    error_set(err, ERROR_IDTOKEN_MISSING,
              "the access token is opaque and no id_token came with it: nothing says whose it is");
    return error_hint(err, "the client must be allowed the scope openid");
}

/* Whose it is says the ID token that came along; a client knows who it is. */
static void fill_opaque(const struct login_context *context, const struct token_response *response,
                        const struct id_token *id_token, struct session *out)
{
    const struct login_config *config = context->config;
    out->token = memory_copy_text(response->access_token);
    out->subject = memory_copy_text(id_token->subject);
    out->username = memory_copy_text(id_token->username);
    if (config->grant->client && out->username == NULL)
        out->username = memory_copy_text(config->username != NULL ? config->username : config->client_id);
    out->obtained_at = clock_wall();
    out->lifetime = response->expires_in < LONGEST_LIFETIME ? response->expires_in : LONGEST_LIFETIME;
    out->issued_at = id_token->issued_at;
    out->expires_at = out->obtained_at + out->lifetime; /* counted from the answer on, by our clock */
}

/* A token that is used as the credential need not name us as its audience, and carries no nonce (K7-70). */
static bool verify_access_token(struct login_context *context, const struct verification *source,
                                const struct token_response *response, struct id_token *out,
                                struct error *err)
{
    struct id_token_expectation expected = expectation(context, source, response);
    expected.nonce = NULL;
    expected.access_token = NULL;
    expected.code = NULL;
    expected.audience_unchecked = true;
    expected.login_after = 0;
    if (verify_token(context, response->access_token, &expected, out, err))
        return true;
    error_prefix(err, "the access token cannot be used as the credential");
    return error_hint(err,
                      "leave --oidc-use-access-token out, unless the API server is set up for access tokens");
}

static void fill_session(const struct id_token *token, const char *text, struct session *out)
{
    out->token = memory_copy_text(text);
    out->subject = memory_copy_text(token->subject);
    out->username = memory_copy_text(token->username);
    out->issued_at = token->issued_at;
    out->expires_at = token->expires_at;
    out->obtained_at = clock_wall();
    out->lifetime = token->expires_at - token->issued_at;
}

bool verification_run(struct login_context *context, const struct verification *source,
                      const struct token_response *response, struct session *out, struct error *err)
{
    struct id_token id_token = {0}, access_token = {0};
    bool use_access_token = context->config->use_access_token;
    bool has_id_token = response->id_token != NULL, good = true;
    bool opaque = use_access_token && !jws_has_header(response->access_token);
    if (!has_id_token && source->previous == NULL && !use_access_token) {
        error_set(err, ERROR_IDTOKEN_MISSING, "the provider's answer holds no id_token");
        return error_hint(
            err, "the client must be allowed the scope openid, and its provider must speak OpenID Connect");
    }
    if (has_id_token) {
        struct id_token_expectation expected = expectation(context, source, response);
        good = verify_token(context, response->id_token, &expected, &id_token, err);
    }
    if (good && opaque)
        good = check_opaque(context, source, response, err);
    else if (good && use_access_token)
        good = verify_access_token(context, source, response, &access_token, err);
    if (good && opaque)
        fill_opaque(context, response, &id_token, out);
    else if (good && use_access_token)
        fill_session(&access_token, response->access_token, out);
    else if (good && has_id_token)
        fill_session(&id_token, response->id_token, out);
    id_token_release(&id_token);
    id_token_release(&access_token);
    if (!good)
        return false;
    warn_of_long_token(context, response);
    out->refresh_token = memory_copy_text(response->refresh_token);
    out->nonce = memory_copy_text(source->previous != NULL ? source->previous->nonce : source->nonce);
    out->refreshed = source->previous != NULL;
    if (context->keep_access_token) {
        memory_free_secret(context->access_token);
        context->access_token = memory_copy_text(response->access_token);
    }
    return true;
}
