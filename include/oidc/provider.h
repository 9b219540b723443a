/* SPDX-License-Identifier: Apache-2.0 */
/* The OpenID provider as its discovery document describes it, parsed and judged. */
#ifndef OIDC_PROVIDER_H
#define OIDC_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

struct provider {
    char *issuer;
    char *authorization_endpoint, *token_endpoint, *jwks_uri; /* always there */
    char *device_authorization_endpoint, *userinfo_endpoint;  /* may be NULL */
    char *revocation_endpoint;                                /* may be NULL */
    struct text_list scopes, signing_algorithms, pkce_methods;
    struct text_list token_auth_methods; /* client_secret_basic alone when the document names none */
    bool names_scopes, names_token_auth_methods, names_pkce_methods; /* the member was there */
    bool iss_parameter_supported;                                    /* RFC 9207 */
    bool encrypts_id_tokens;                                         /* Authentik with an encryption key */
};
void provider_release(struct provider *provider);
#define cleanup_provider __attribute__((cleanup(provider_release)))

/* Judges an issuer URL before anything is sent (DISC-01): https, or plain http on localhost, 127.0.0.1 and
 * [::1]; host, no userinfo, query, fragment or control bytes. Code config. */
bool provider_check_issuer(const char *issuer, struct error *err) must_check;
/* The same rule for an endpoint (DISC-05), code endpoint_url; NAME is the metadata member. Plain http is
 * allowed only when the issuer itself is plain http on loopback. */
bool provider_check_endpoint(const char *issuer, const char *name, const char *url,
                             struct error *err) must_check;
/* ISSUER minus one trailing slash plus the well-known path (DISC-02). Owned by the caller. */
char *provider_metadata_url(const char *issuer) must_check;
/* Parses a discovery document (DISC-03..05, 07). On a mismatch that is the trailing slash alone the hint
 * names the exact issuer to configure. An issuer that requires pushed authorization requests is refused by
 * name. */
bool provider_parse(const char *issuer, const char *text, size_t length, struct provider *out,
                    struct error *err) must_check;
/* Metadata that lists PKCE methods without S256 is refused (DISC-08, code pkce); absent is fine. */
bool provider_check_pkce(const struct provider *provider, struct error *err) must_check;

/* Issuers known by the shape of their URL: Authentik /application/o/SLUG/, Keycloak /realms/NAME. */
enum provider_kind { PROVIDER_OTHER, PROVIDER_AUTHENTIK, PROVIDER_KEYCLOAK };
enum provider_kind provider_kind(const char *issuer);
/* Host and port of a URL ("ak.example:9443"), for messages and file names. Owned by the caller; "" for
 * nonsense. */
char *provider_url_host(const char *url) must_check;

#endif
