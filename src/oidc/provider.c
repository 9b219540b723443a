/* SPDX-License-Identifier: Apache-2.0 */
/* Parses a discovery document and judges every URL in it (OpenID Connect Discovery 1.0, RFC 8414). */
#include "oidc/provider.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "oidc/endpoint_url.h"
#include "oidc/issuer_mismatch.h"

void provider_release(struct provider *provider)
{
    char *texts[] = {
        provider->issuer,
        provider->authorization_endpoint,
        provider->token_endpoint,
        provider->jwks_uri,
        provider->device_authorization_endpoint,
        provider->userinfo_endpoint,
        provider->revocation_endpoint,
    };
    for (size_t i = 0; i < array_length(texts); i++)
        free(texts[i]);
    text_list_release(&provider->scopes);
    text_list_release(&provider->signing_algorithms);
    text_list_release(&provider->pkce_methods);
    text_list_release(&provider->token_auth_methods);
    *provider = (struct provider){0};
}

/* A URL with a password in it must not reach a message. */
static const char *showable(const char *url)
{
    return strchr(url, '@') == NULL ? url : "...";
}

static bool refuse_config(const char *issuer, const char *why, struct error *err)
{
    error_set(err, ERROR_CONFIG, "the issuer URL '%s' %s", safe(showable(issuer)), why);
    return error_hint(err, "--oidc-issuer-url must be an https URL, written exactly as the provider's "
                           "discovery document has it");
}

bool provider_check_issuer(const char *issuer, struct error *err)
{
    struct endpoint_url parts;
    const char *why;
    if (text_is_empty(issuer))
        return error_set(err, ERROR_CONFIG, "the issuer URL is empty");
    if (!endpoint_url_split(issuer, &parts, &why))
        return refuse_config(issuer, why, err);
    if (parts.query != NULL)
        return refuse_config(issuer, "has a query", err);
    if (parts.https || endpoint_url_is_loopback(&parts))
        return true;
    error_set(err, ERROR_CONFIG, "the issuer URL '%s' is not https", safe(showable(issuer)));
    return error_hint(err, "an API server takes https issuers only; plain http works on localhost, 127.0.0.1 "
                           "and [::1] for tests");
}

static bool issuer_is_plain_http(const char *issuer)
{
    struct endpoint_url parts;
    const char *why;
    return endpoint_url_split(issuer, &parts, &why) && !parts.https && endpoint_url_is_loopback(&parts);
}

bool provider_check_endpoint(const char *issuer, const char *name, const char *url, struct error *err)
{
    struct endpoint_url parts;
    const char *why;
    if (!endpoint_url_split(url, &parts, &why))
        return error_set(err, ERROR_ENDPOINT_URL, "the provider's %s '%s' %s", name, safe(showable(url)),
                         why);
    if (parts.https || (issuer_is_plain_http(issuer) && endpoint_url_is_loopback(&parts)))
        return true;
    error_set(err, ERROR_ENDPOINT_URL, "the provider's %s '%s' is not https", name, safe(showable(url)));
    return issuer_mismatch_hint_proxy(err);
}

char *provider_metadata_url(const char *issuer)
{
    size_t length = strlen(issuer);
    if (length > 0 && issuer[length - 1] == '/')
        length--;
    return memory_format("%.*s/.well-known/openid-configuration", (int)length, issuer);
}

static bool read_endpoint(const json_t *document, const char *issuer, const char *name, char **out,
                          struct error *err)
{
    const char *url = json_text(document, name);
    if (url == NULL)
        return error_set(err, ERROR_ENDPOINT_URL, "the discovery document has no valid '%s'", name);
    if (!provider_check_endpoint(issuer, name, url, err))
        return false;
    *out = memory_copy_text(url);
    return true;
}

/* One that is not needed for a login may be absent, null or empty, but not a bad URL: it could be used later.
 */
static bool read_optional_endpoint(const json_t *document, const char *issuer, const char *name, char **out,
                                   struct error *err)
{
    const char *url = json_text(document, name);
    if (!json_has(document, name) || (url != NULL && url[0] == '\0'))
        return true;
    return read_endpoint(document, issuer, name, out, err);
}

static bool read_endpoints(const json_t *document, struct provider *provider, struct error *err)
{
    struct {
        const char *name;
        char **out;
        bool optional;
    } endpoints[] = {
        {"authorization_endpoint", &provider->authorization_endpoint, false},
        {"token_endpoint", &provider->token_endpoint, false},
        {"jwks_uri", &provider->jwks_uri, false},
        {"device_authorization_endpoint", &provider->device_authorization_endpoint, true},
        {"userinfo_endpoint", &provider->userinfo_endpoint, true},
        {"revocation_endpoint", &provider->revocation_endpoint, true},
    };
    for (size_t i = 0; i < array_length(endpoints); i++) {
        if (!(endpoints[i].optional ? read_optional_endpoint : read_endpoint)(
                document, provider->issuer, endpoints[i].name, endpoints[i].out, err))
            return false;
    }
    return true;
}

static bool read_list(const json_t *document, const char *name, struct text_list *out, struct error *err)
{
    if (!json_has(document, name) || json_text_list(document, name, out))
        return true;
    return error_set(err, ERROR_DISCOVERY_JSON, "the discovery document's '%s' is not a list of texts", name);
}

static bool read_lists(const json_t *document, struct provider *provider, struct error *err)
{
    if (!read_list(document, "scopes_supported", &provider->scopes, err) ||
        !read_list(document, "id_token_signing_alg_values_supported", &provider->signing_algorithms, err) ||
        !read_list(document, "token_endpoint_auth_methods_supported", &provider->token_auth_methods, err) ||
        !read_list(document, "code_challenge_methods_supported", &provider->pkce_methods, err))
        return false;
    provider->names_scopes = json_has(document, "scopes_supported");
    provider->names_token_auth_methods = json_has(document, "token_endpoint_auth_methods_supported");
    provider->names_pkce_methods = json_has(document, "code_challenge_methods_supported");
    if (!provider->names_token_auth_methods)
        text_list_add(&provider->token_auth_methods, "client_secret_basic");
    return true;
}

static bool read_document(const json_t *document, struct provider *provider, struct error *err)
{
    const char *found = json_text(document, "issuer");
    if (found == NULL)
        return error_set(err, ERROR_DISCOVERY_ISSUER, "the discovery document for '%s' names no issuer",
                         safe(provider->issuer));
    if (strcmp(found, provider->issuer) != 0)
        return issuer_mismatch_explain(provider->issuer, found, err);
    if (json_boolean_is_true(document, "require_pushed_authorization_requests")) {
        error_set(
            err, ERROR_UNSUPPORTED,
            "the issuer '%s' requires pushed authorization requests (RFC 9126), which are not supported",
            safe(provider->issuer));
        return error_hint(err, "let the provider not require them");
    }
    provider->iss_parameter_supported =
        json_boolean_is_true(document, "authorization_response_iss_parameter_supported");
    /* Authentik has this member only with an encryption key; others list there what they could do. */
    provider->encrypts_id_tokens = provider_kind(provider->issuer) == PROVIDER_AUTHENTIK &&
                                   json_has(document, "id_token_encryption_alg_values_supported");
    return read_endpoints(document, provider, err) && read_lists(document, provider, err);
}

bool provider_parse(const char *issuer, const char *text, size_t length, struct provider *out,
                    struct error *err)
{
    static const struct json_source source = {.what = "the discovery document", .code = ERROR_DISCOVERY_JSON};
    cleanup_provider struct provider provider = {0};
    json_auto_t *document = NULL;
    if (!json_parse_object(source, text, length, &document, err))
        return false;
    provider.issuer = memory_copy_text(issuer);
    if (!read_document(document, &provider, err))
        return false;
    *out = provider;
    provider = (struct provider){0};
    return true;
}

bool provider_check_pkce(const struct provider *provider, struct error *err)
{
    if (!provider->names_pkce_methods || text_list_contains(&provider->pkce_methods, "S256"))
        return true;
    error_set(err, ERROR_PKCE, "the issuer '%s' offers PKCE without the method S256", safe(provider->issuer));
    return error_hint(
        err, "enable S256 at the provider; --oidc-pkce-method=no logs in without PKCE, which is weaker");
}

static bool is_one_segment(const char *text, size_t length)
{
    if (length > 0 && text[length - 1] == '/')
        length--;
    return length > 0 && memchr(text, '/', length) == NULL;
}

/* MARK anywhere in the path (both servers can live under a prefix), then one segment, then perhaps a slash.
 */
static bool path_ends_with(const struct endpoint_url *url, const char *mark)
{
    const char *end = url->path + url->path_length;
    const char *at = memmem(url->path, url->path_length, mark, strlen(mark));
    return at != NULL && is_one_segment(at + strlen(mark), (size_t)(end - at) - strlen(mark));
}

enum provider_kind provider_kind(const char *issuer)
{
    struct endpoint_url parts;
    const char *why;
    if (!endpoint_url_split(issuer, &parts, &why))
        return PROVIDER_OTHER;
    if (path_ends_with(&parts, "/application/o/"))
        return PROVIDER_AUTHENTIK;
    return path_ends_with(&parts, "/realms/") ? PROVIDER_KEYCLOAK : PROVIDER_OTHER;
}

char *provider_url_host(const char *url)
{
    struct endpoint_url parts;
    const char *why;
    if (!endpoint_url_split(url, &parts, &why))
        return memory_copy_text("");
    return memory_format("%.*s%s%.*s", (int)parts.host_length, parts.host, parts.port_length > 0 ? ":" : "",
                         (int)parts.port_length, parts.port);
}
