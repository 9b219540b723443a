/* SPDX-License-Identifier: Apache-2.0 */
/* The remedies for the ways in which a login at an Authentik fails, one function per case. */
#include "advice/authentik.h"

#include <string.h>

/* Any port of a loopback host, no path, "/" or "/callback", and nothing else: ".*" behind the host would also
 * match http://localhost:x@evil.example/. */
#define SAFE_REGEX "http://(localhost|127\\.0\\.0\\.1|\\[::1\\]):[0-9]{1,5}(/|/callback)?"
/* Seconds in which hardly anybody types a code, a name, a password and a second factor. */
enum { SHORT_DEVICE_CODE = 120 };

static bool is_symmetric(const char *alg)
{
    return strncmp(alg, "HS", 2) == 0 || strcmp(alg, "none") == 0;
}

static bool signs_with_a_key(const struct provider *provider)
{
    for (size_t i = 0; i < provider->signing_algorithms.count; i++) {
        if (!is_symmetric(provider->signing_algorithms.items[i]))
            return true;
    }
    return provider->signing_algorithms.count == 0;
}

static bool refuse_unsigned(const struct provider *provider, struct error *err)
{
    cleanup_string char *algorithms = text_list_join(&provider->signing_algorithms, ", ");
    error_set(err, ERROR_IDTOKEN_ALG,
              "the issuer '%s' signs ID tokens with %s only, which no API server accepts",
              safe(provider->issuer), safe(algorithms));
    if (provider_kind(provider->issuer) != PROVIDER_AUTHENTIK)
        return error_hint(err, "let the provider sign this client's ID tokens with RS256 or ES256");
    error_hint(err, "Authentik: Applications > Providers > edit > Signing Key: choose a certificate with an "
                    "RSA key and save "
                    "(the form may show one that was never saved)");
    return error_hint(err, "by API or blueprint: set signing_key of the OAuth2 provider");
}

static bool refuse_encrypted(const struct provider *provider, struct error *err)
{
    error_set(err, ERROR_IDTOKEN_ENCRYPTED,
              "the issuer '%s' encrypts its ID tokens, which no API server can read", safe(provider->issuer));
    error_hint(err, "Authentik: Applications > Providers > edit > Encryption Key: clear it and save");
    return error_hint(err, "by API or blueprint: set encryption_key of the OAuth2 provider to null");
}

bool authentik_check_metadata(const struct provider *provider, struct error *err)
{
    if (!signs_with_a_key(provider))
        return refuse_unsigned(provider, err);
    return !provider->encrypts_id_tokens || refuse_encrypted(provider, err);
}

void authentik_hint_redirect_uri(const char *redirect_uri, struct error *err)
{
    error_hint(err, "Authentik: Applications > Providers > edit > Redirect URIs: add strict entries, without "
                    "a slash at the end:");
    if (!text_is_empty(redirect_uri) && !text_equal(redirect_uri, "http://localhost:8000") &&
        !text_equal(redirect_uri, "http://localhost:18000"))
        error_hint(err, "  %s", safe(redirect_uri));
    error_hint(err, "  http://localhost:8000");
    error_hint(err, "  http://localhost:18000");
    error_hint(err, "or, for any port, one entry of the kind Regex: %s", SAFE_REGEX);
    error_hint(err, "an entry of the kind Strict matches byte for byte: port, host name and slash all count");
}

void authentik_hint_client_id(const char *issuer, struct error *err)
{
    error_hint(err,
               "Authentik: copy the Client ID from Applications > Providers > the provider of '%s' to "
               "--oidc-client-id",
               safe(issuer));
}

void authentik_hint_grant_type(const char *grant, struct error *err)
{
    error_hint(err,
               "Authentik 2026.5 and later: the provider's Grant types may lack '%s'; providers made by API, "
               "Terraform or blueprint have none unless grant_types names them",
               safe(grant));
    if (text_equal(grant, "authorization_code"))
        error_hint(err, "set grant_types of the OAuth2 provider to authorization_code and refresh_token");
    else
        error_hint(err, "add '%s' to grant_types of the OAuth2 provider", safe(grant));
}

void authentik_hint_timeout(const char *redirect_uri, const char *login_hint, struct error *err)
{
    error_hint(
        err,
        "if the browser showed 'Permission denied': bind the user or a group to the application (Authentik: "
        "Applications > the application > Policy / Group / User Bindings)");
    error_hint(err, "if it showed 'Redirect URI Error': register %s at the provider",
               text_is_empty(redirect_uri) ? "the redirect URI" : safe(redirect_uri));
    if (!text_is_empty(login_hint))
        error_hint(err,
                   "if a right password was refused: the login was begun for '%s' (login_hint), and "
                   "Authentik asks only "
                   "for that name's password",
                   safe(login_hint));
    error_hint(err, "if it ended on Authentik's own start page, try again: a login by another source can "
                    "lose the way back");
}

void authentik_hint_device_page(struct error *err)
{
    error_hint(err,
               "choose a Device code flow for the brand (Authentik: System > Brands > edit > Default flows; "
               "without one in the list make a flow of the designation Stage Configuration first)");
}

void authentik_hint_device_timeout(int64_t lifetime, struct error *err)
{
    if (lifetime <= SHORT_DEVICE_CODE)
        error_hint(
            err,
            "a code lives for %lld s: give people more time (Authentik: Applications > Providers > edit > "
            "Access code validity, for example minutes=10)",
            (long long)lifetime);
    error_hint(err, "if the browser showed 'Permission denied': bind the user or a group to the application "
                    "(Authentik: Applications > the application > Policy / Group / User Bindings)");
    error_hint(
        err, "if it showed 'Not Found' or an empty page: choose a Device code flow for the brand (Authentik: "
             "System > Brands > edit > Default flows)");
}

void authentik_hint_callback_error(const char *oauth_error, const char *description, struct error *err)
{
    if (text_equal(oauth_error, "invalid_request")) {
        if (text_is_empty(description) || text_equal(description, "The request is otherwise malformed"))
            authentik_hint_grant_type("authorization_code", err);
        else if (strstr(description, "dpop_jkt") != NULL)
            error_hint(err, "Authentik: detach the scope mapping 'bound_key' from the provider: an API "
                            "server takes bearer "
                            "tokens only");
    } else if (text_equal(oauth_error, "consent_required")) {
        error_hint(
            err,
            "Authentik 2024.2.0 and 2024.2.1 give offline_access only with prompt=consent: upgrade, or add "
            "--oidc-auth-request-extra-params=prompt=consent");
    } else if (text_equal(oauth_error, "login_required")) {
        error_hint(err, "remove prompt=none from --oidc-auth-request-extra-params: nobody is logged in yet");
    } else if (text_equal(oauth_error, "invalid_scope")) {
        error_hint(err,
                   "Authentik: attach a scope mapping for each scope that is asked for (provider > Scopes)");
    }
}

static void hint_invalid_client(const struct authentik_token_request *request, struct error *err)
{
    if (request->has_secret)
        error_hint(err, "check the client secret: Applications > Providers > edit > Client Secret");
    else
        error_hint(
            err,
            "the client may be confidential: set its Client type to Public, or give --oidc-client-secret");
    if (text_equal(request->grant, "urn:ietf:params:oauth:grant-type:device_code"))
        authentik_hint_grant_type(request->grant, err);
    if (!text_equal(request->grant, "authorization_code"))
        return;
    error_hint(err, "Authentik says this also when the redirect URI '%s' is not registered at the provider",
               safe(request->redirect_uri));
    authentik_hint_redirect_uri(request->redirect_uri, err);
}

static void hint_dead_refresh(const struct authentik_token_request *request, struct error *err)
{
    if (!request->first_use) {
        error_hint(err, "the refresh token has expired or was used elsewhere, or the account was disabled");
        return;
    }
    error_hint(err, "the refresh token has never worked: that is a setting, no expiry");
    authentik_hint_grant_type("refresh_token", err);
}

static void hint_invalid_grant(const struct authentik_token_request *request, struct error *err)
{
    if (text_equal(request->grant, "refresh_token")) {
        hint_dead_refresh(request, err);
    } else if (text_equal(request->grant, "authorization_code")) {
        error_hint(
            err,
            "a code lives for one minute (Authentik: Access code validity) and works once: log in again");
        authentik_hint_grant_type("authorization_code", err);
    } else if (text_equal(request->grant, "client_credentials") || text_equal(request->grant, "password")) {
        error_hint(err, "Authentik takes an app password here (Directory > Tokens and App passwords), never "
                        "the login password");
        error_hint(err, "the account must be active and allowed by the application's bindings");
        authentik_hint_grant_type(request->grant, err);
    } else {
        error_hint(err, "the code has expired or was used: start again (Authentik: a longer Access code "
                        "validity gives people "
                        "more time)");
        authentik_hint_grant_type(request->grant, err);
    }
}

void authentik_hint_federation(struct error *err)
{
    error_hint(err,
               "Authentik: Applications > Providers > edit > Federated OIDC Sources must hold a source whose "
               "stored JWKS has the platform's current keys; the account <provider>-<sub> that it makes must "
               "be allowed by the application's bindings");
    error_hint(err,
               "of another provider of the same Authentik (Federated OIDC Providers) it takes the access "
               "token, not the ID token");
    authentik_hint_grant_type("client_credentials", err);
}

void authentik_hint_client_secret(struct error *err)
{
    error_hint(
        err, "Authentik says invalid_grant also to a wrong client secret: Applications > Providers > edit > "
             "Client Secret");
    error_hint(err,
               "the account ak-<provider>-client_credentials must be allowed by the application's bindings");
    authentik_hint_grant_type("client_credentials", err);
}

static void hint_temporary(const struct token_error *failed, struct error *err)
{
    if (failed->masked)
        error_hint(err, "Authentik hides an internal failure behind this 405; with an Ed25519 or Ed448 "
                        "Signing Key every token "
                        "request fails so (2026.2): choose an RSA or EC P-256 key");
    else if (text_equal(failed->oauth_error, "slow_down"))
        error_hint(err, "Authentik allows 20 device logins an hour from one address "
                        "(AUTHENTIK_THROTTLE__PROVIDERS__OAUTH2__DEVICE)");
}

void authentik_hint_token_error(const struct token_error *failed,
                                const struct authentik_token_request *request, struct error *err)
{
    const char *code = failed->oauth_error;
    if (failed->failure == TOKEN_FAILURE_TEMPORARY)
        hint_temporary(failed, err);
    else if (text_equal(code, "invalid_client"))
        hint_invalid_client(request, err);
    else if (text_equal(code, "invalid_grant"))
        hint_invalid_grant(request, err);
    else if (text_equal(code, "invalid_scope"))
        error_hint(
            err,
            "Authentik: the scopes that were asked for must be attached to the provider (provider > Scopes)");
    else if (text_equal(code, "unsupported_grant_type"))
        authentik_hint_grant_type(request->grant, err);
}

bool authentik_hint_no_refresh_token(const struct provider *provider, const struct text_list *requested,
                                     struct error *err)
{
    bool asked = text_list_contains(requested, "offline_access");
    bool attached = !provider->names_scopes || text_list_contains(&provider->scopes, "offline_access");
    if (asked && attached)
        return false;
    if (!attached)
        error_hint(err,
                   "no refresh token came, so a browser opens at every expiry: attach the scope mapping for "
                   "offline_access to the provider (Authentik: Applications > Providers > edit > Scopes)");
    if (!asked)
        error_hint(err, "ask for a refresh token with --oidc-extra-scope=offline_access");
    return true;
}

void authentik_hint_discovery_status(const char *issuer, long status, struct error *err)
{
    if (status == 404)
        error_hint(err,
                   "Authentik: the slug in '%s' must be that of an application that has this OAuth2 "
                   "provider; a provider without "
                   "an application has no issuer",
                   safe(issuer));
    else if (status == 500)
        error_hint(
            err,
            "Authentik 2026.2 fails so with an Ed25519 or Ed448 Signing Key: choose an RSA or EC P-256 key");
    else if (status == 503)
        error_hint(err, "Authentik is still starting: try again in a few seconds");
}
