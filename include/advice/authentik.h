/* SPDX-License-Identifier: Apache-2.0 */
/* What a login at an Authentik that failed has probably run into, and which setting mends it. */
#ifndef ADVICE_AUTHENTIK_H
#define ADVICE_AUTHENTIK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "oidc/provider.h"
#include "oidc/token_response.h"

/* Refuses, before a browser opens, metadata whose ID tokens nobody could verify: only HS algorithms
 * (idtoken_alg: no signing key chosen) or encrypted ones (idtoken_encrypted: an encryption key chosen). For
 * every provider; the remedy is Authentik's where the issuer is one. */
bool authentik_check_metadata(const struct provider *provider, struct error *err) must_check;

/* Each adds hint lines to ERR, for one case. Text arguments are borrowed and may be NULL where that is not
 * known. */

/* The redirect URI is not registered: which entries to add, strict first, and the one safe regular
 * expression. */
void authentik_hint_redirect_uri(const char *redirect_uri, struct error *err);
/* The client id is unknown: where to read the right one. */
void authentik_hint_client_id(const char *issuer, struct error *err);
/* GRANT ("authorization_code", "refresh_token", the device URN) may not be among the provider's grant types
 * (>= 2026.5), which Authentik never says: how to add it. */
void authentik_hint_grant_type(const char *grant, struct error *err);
/* Nobody came back: what a person may have seen instead. */
void authentik_hint_timeout(const char *redirect_uri, const char *login_hint, struct error *err);
/* The same of a device login whose codes lived LIFETIME seconds: a refusal is never told to us. */
void authentik_hint_device_timeout(int64_t lifetime, struct error *err);
void authentik_hint_device_page(struct error *err);
/* An `error` in the callback: invalid_request is most often a missing grant type, and so on. */
void authentik_hint_callback_error(const char *oauth_error, const char *description, struct error *err);

/* What the refused token request was. */
struct authentik_token_request {
    const char *grant;        /* "authorization_code", "refresh_token", "client_credentials", ... */
    const char *redirect_uri; /* of an authorization code; may be NULL */
    bool has_secret;          /* a client secret was sent */
    bool first_use;           /* the first refresh since a login, with the token of that login */
};
/* The token endpoint said no: one remedy per error code and grant. */
void authentik_hint_token_error(const struct token_error *failed,
                                const struct authentik_token_request *request, struct error *err);
/* The identity token of a pipeline was refused: whose tokens a provider takes. */
void authentik_hint_federation(struct error *err);
/* A client's own secret was refused with invalid_grant, which does not say so. */
void authentik_hint_client_secret(struct error *err);
/* No refresh token came: offline_access was not asked for, or its mapping is not attached. REQUESTED are the
 * scopes of the request. True when a line was added. */
bool authentik_hint_no_refresh_token(const struct provider *provider, const struct text_list *requested,
                                     struct error *err);
/* Discovery answered STATUS: 404 no application or a wrong slug, 500 an Ed25519 signing key, 503 still
 * starting. */
void authentik_hint_discovery_status(const char *issuer, long status, struct error *err);

#endif
