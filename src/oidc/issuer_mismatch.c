/* SPDX-License-Identifier: Apache-2.0 */
/* Tells apart the ways in which two issuers differ (DISC-03); they are bytes and never normalised. */
#include "oidc/issuer_mismatch.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "oidc/endpoint_url.h"
#include "oidc/provider.h"

/* Two issuers must fit into one message. */
enum { SHOWN_BYTES = 180 };

static struct text_safe shown(const char *issuer)
{
    return text_make_safe_bytes(issuer, strnlen(issuer, SHOWN_BYTES));
}

static bool differ_by_slash(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    const char *longer = a_length > b_length ? a : b;
    size_t shorter = a_length > b_length ? b_length : a_length;
    return longer[shorter] == '/' && longer[shorter + 1] == '\0' && memcmp(a, b, shorter) == 0;
}

static bool same_host(const struct endpoint_url *a, const struct endpoint_url *b)
{
    return a->host_length == b->host_length && strncasecmp(a->host, b->host, a->host_length) == 0 &&
           a->port_length == b->port_length && memcmp(a->port, b->port, a->port_length) == 0;
}

static bool hint_exact(const char *found, struct error *err)
{
    error_hint(err, "use --oidc-issuer-url=%s", shown(found).text);
    return error_hint(
        err, "the API server's issuer URL must be exactly the same string, or it answers only Unauthorized");
}

bool issuer_mismatch_hint_proxy(struct error *err)
{
    return error_hint(err, "the provider does not know that TLS ends in front of it: its proxy must send "
                           "X-Forwarded-Proto: https "
                           "and Host (Authentik: list the proxy in AUTHENTIK_LISTEN__TRUSTED_PROXY_CIDRS)");
}

static bool hint_host(const struct endpoint_url *configured, const struct endpoint_url *found,
                      struct error *err)
{
    error_hint(err,
               "asked at '%.*s%s%.*s', the provider calls itself '%.*s%s%.*s': people and API server must "
               "use one name",
               (int)configured->host_length, configured->host, configured->port_length > 0 ? ":" : "",
               (int)configured->port_length, configured->port, (int)found->host_length, found->host,
               found->port_length > 0 ? ":" : "", (int)found->port_length, found->port);
    return error_hint(err, "if a proxy stands between, it must pass the Host header on");
}

static bool hint_global(const char *configured, struct error *err)
{
    error_hint(
        err,
        "Authentik: set the provider's issuer mode to 'Each provider has a different issuer' (issuer_mode: "
        "per_provider)");
    return error_hint(err,
                      "or give the API server discoveryURL: %s.well-known/openid-configuration in its "
                      "AuthenticationConfiguration; this login needs the first",
                      shown(configured).text);
}

bool issuer_mismatch_explain(const char *configured, const char *found, struct error *err)
{
    struct endpoint_url ours, theirs;
    const char *why;
    error_set(err, ERROR_DISCOVERY_ISSUER, "the discovery document names the issuer '%s', not '%s'",
              shown(found).text, shown(configured).text);
    if (differ_by_slash(configured, found))
        return hint_exact(found, err);
    if (!endpoint_url_split(configured, &ours, &why) || !endpoint_url_split(found, &theirs, &why))
        return false;
    if (ours.https && !theirs.https)
        return issuer_mismatch_hint_proxy(err);
    if (!same_host(&ours, &theirs))
        return hint_host(&ours, &theirs, err);
    if (provider_kind(configured) == PROVIDER_AUTHENTIK && theirs.path_length <= 1)
        return hint_global(configured, err);
    if (strcasecmp(configured, found) == 0)
        return hint_exact(found, err);
    return error_hint(
        err, "the document belongs to another issuer on the same host: check the path of --oidc-issuer-url");
}
