/* SPDX-License-Identifier: Apache-2.0 */
/* Why a discovery document names another issuer than the configured one, and what to do about it. */
#ifndef OIDC_ISSUER_MISMATCH_H
#define OIDC_ISSUER_MISMATCH_H

#include <stdbool.h>

#include "base/error.h"

/* Sets discovery_issuer with both issuers and a remedy for the case: trailing slash, plain http behind a TLS
 * proxy, Authentik's issuer mode "global", another host name. Always false. */
bool issuer_mismatch_explain(const char *configured, const char *found, struct error *err);
/* Adds the remedy for a provider that does not know that TLS ends in front of it. Always false. */
bool issuer_mismatch_hint_proxy(struct error *err);

#endif
