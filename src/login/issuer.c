/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches and remembers the issuer's metadata and keys. */
#include "login/issuer.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/jwk.h"

enum { METADATA_LIMIT = 256 * 1024, KEYS_LIMIT = 1024 * 1024, KEYS_RETRY_SECONDS = 60 };

/* A document with a NUL byte is not the text before it. */
static bool steal_text(struct http_response *response, char **text)
{
    if (strlen(buffer_text(&response->body)) != response->body.length)
        return false;
    *text = buffer_steal(&response->body);
    return true;
}

/* Key sets come as anything from where they are stored; metadata should not (DISC-04). */
static void note_type(const struct login_context *context, bool metadata, const char *what, const char *type)
{
    if (type != NULL && strstr(type, "json") != NULL)
        return;
    if (metadata)
        notice_say(&context->config->notice, NOTICE_WARNING, "%s came as '%s', not as 'application/json'",
                   what, safe(type));
    else
        log_line(1, "%s came as '%s', not as JSON", what, safe(type));
}

static bool fetch_document(struct login_context *context, const struct http_request *request,
                           enum error_code code, char **text, struct error *err)
{
    cleanup_http_response struct http_response response = {0};
    if (!http_perform(context->http, request, &response, err))
        return false;
    if (response.status != 200) {
        error_set(err, response.status >= 500 || response.status == 429 ? ERROR_SERVER : code,
                  "cannot read %s: '%s' answered HTTP %ld", request->what, safe(request->url),
                  response.status);
        if (provider_kind(context->config->issuer) == PROVIDER_AUTHENTIK)
            authentik_hint_discovery_status(context->config->issuer, response.status, err);
        if (err->code == ERROR_SERVER && err->hint[0] == '\0')
            error_hint(err, "the server cannot answer now: try again later");
        return false;
    }
    note_type(context, code == ERROR_DISCOVERY_HTTP, request->what, response.content_type);
    if (steal_text(&response, text))
        return true;
    return error_set(err, code == ERROR_JWKS_HTTP ? ERROR_JWKS_JSON : ERROR_DISCOVERY_JSON,
                     "%s holds a NUL byte, so that it is no JSON", request->what);
}

static void forget_provider(struct login_context *context)
{
    provider_release(&context->provider);
    context->provider = (struct provider){0};
    context->provider_known = false;
}

static bool discover_from_cache(struct login_context *context)
{
    const char *text = context->record.metadata;
    struct error ignored = {0};
    if (text == NULL)
        return false;
    context->provider_known =
        provider_parse(context->config->issuer, text, strlen(text), &context->provider, &ignored);
    context->provider_from_cache = context->provider_known;
    return context->provider_known;
}

/* Somebody else answered: the address is wrong, or something stands in front of the provider. */
static bool hint_no_metadata(const char *text, struct error *err)
{
    bool is_object = text != NULL && text[strspn(text, " \t\r\n")] == '{';
    if (is_object && (err->code == ERROR_DISCOVERY_JSON || err->code == ERROR_DISCOVERY_ISSUER) &&
        err->hint[0] == '\0')
        return error_hint(err, "this is no valid OpenID metadata: check --oidc-issuer-url, or tell who runs "
                               "the provider");
    if (err->code == ERROR_DISCOVERY_JSON)
        return error_hint(
            err, "a web page instead of metadata comes from a wrong --oidc-issuer-url, or from a login page "
                 "in front of the provider (forward auth, a captive portal)");
    if (err->code == ERROR_DISCOVERY_HTTP && err->hint[0] == '\0')
        return error_hint(err, "check --oidc-issuer-url: the provider's metadata must be at that address");
    return false;
}

static void load_record(struct login_context *context)
{
    if (context->record.metadata == NULL && context->record.jwks == NULL)
        provider_cache_load(&context->cache, context->config->issuer,
                            context->config->http.insecure_skip_tls_verify, clock_wall(), &context->record);
}

bool issuer_discover(struct login_context *context, bool may_be_cached, struct error *err)
{
    load_record(context);
    forget_provider(context);
    if (may_be_cached && discover_from_cache(context)) {
        log_line(1, "metadata of the issuer from the cache");
        return true;
    }
    cleanup_string char *url = provider_metadata_url(context->config->issuer);
    cleanup_string char *text = NULL;
    struct http_request request = {.what = "the discovery document", .url = url, .limit = METADATA_LIMIT};
    if (!fetch_document(context, &request, ERROR_DISCOVERY_HTTP, &text, err) ||
        !provider_parse(context->config->issuer, text, strlen(text), &context->provider, err))
        return hint_no_metadata(text, err);
    context->provider_known = true;
    context->provider_from_cache = false;
    memory_replace_text(&context->record.metadata, text);
    context->record.metadata_at = clock_wall();
    context->record_changed = true;
    return true;
}

static struct http_request keys_request(const struct login_context *context)
{
    return (struct http_request){.what = "the JWK set",
                                 .url = context->provider.jwks_uri,
                                 .accept = "application/json, application/jwk-set+json",
                                 .limit = KEYS_LIMIT};
}

void issuer_start_keys(struct login_context *context)
{
    struct http_request request = keys_request(context);
    struct error ignored = {0};
    if (context->keys_transfer == NULL &&
        !http_start(context->http, &request, &context->keys_transfer, &ignored))
        log_line(1, "the JWK set could not be asked for in advance: %s", ignored.message);
}

/* Takes the set that TEXT holds into use. */
static bool use_keys(struct login_context *context, const char *text, struct error *err)
{
    struct jwk_set *keys = NULL;
    if (!jwk_set_parse(text, strlen(text), &keys, err))
        return false;
    jwk_set_free(context->keys);
    context->keys = keys;
    return true;
}

/* The answer of the request that was started in advance; *TEXT stays NULL when it is of no use. */
static void take_started_keys(struct login_context *context, char **text)
{
    cleanup_http_response struct http_response response = {0};
    struct error ignored = {0};
    struct http_transfer *transfer = context->keys_transfer;
    context->keys_transfer = NULL;
    if (transfer != NULL && http_finish(transfer, &response, &ignored) && response.status == 200)
        (void)steal_text(&response, text);
}

/* Cached metadata may name a place that the keys have left (DISC-09). */
static bool fetch_keys_text(struct login_context *context, char **text, struct error *err)
{
    struct http_request request = keys_request(context);
    if (fetch_document(context, &request, ERROR_JWKS_HTTP, text, err))
        return true;
    struct error ignored = {0};
    cleanup_string char *before = memory_copy_text(context->provider.jwks_uri);
    if (!context->provider_from_cache || !issuer_discover(context, false, &ignored) ||
        strcmp(before, context->provider.jwks_uri) == 0)
        return false;
    error_clear(err);
    request = keys_request(context);
    return fetch_document(context, &request, ERROR_JWKS_HTTP, text, err);
}

static bool fetch_keys(struct login_context *context, struct error *err)
{
    cleanup_string char *text = NULL;
    take_started_keys(context, &text);
    if (text == NULL && !fetch_keys_text(context, &text, err))
        return false;
    if (!use_keys(context, text, err))
        return false;
    context->keys_from_cache = false;
    memory_replace_text(&context->record.jwks, text);
    context->record.jwks_at = clock_wall();
    context->record_changed = true;
    return true;
}

bool issuer_keys(struct login_context *context, bool may_be_cached, struct error *err)
{
    struct error ignored = {0};
    if (context->keys != NULL)
        return true;
    load_record(context);
    if (may_be_cached && context->record.jwks != NULL && use_keys(context, context->record.jwks, &ignored)) {
        context->keys_from_cache = true;
        return true;
    }
    return fetch_keys(context, err);
}

bool issuer_refetch_keys(struct login_context *context, bool *tried, struct error *err)
{
    int64_t now = clock_wall(), last = context->record.jwks_retried_at;
    *tried = !context->keys_from_cache || now - last >= KEYS_RETRY_SECONDS || now < last;
    if (!*tried)
        return true;
    context->record.jwks_retried_at = now;
    context->record_changed = true;
    return fetch_keys(context, err);
}

void issuer_remember(struct login_context *context)
{
    struct error ignored = {0};
    if (context->record_changed &&
        !provider_cache_save(&context->cache, context->config->issuer,
                             context->config->http.insecure_skip_tls_verify, &context->record, &ignored))
        log_line(1, "the issuer's metadata could not be cached: %s", ignored.message);
    context->record_changed = false;
}

void issuer_release(struct login_context *context)
{
    forget_provider(context);
    provider_record_release(&context->record);
    http_cancel(context->keys_transfer);
    jwk_set_free(context->keys);
    context->keys_transfer = NULL;
    context->keys = NULL;
}
