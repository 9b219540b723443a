/* SPDX-License-Identifier: Apache-2.0 */
/* Which scopes a login asks for. */
#include "login/context.h"
#include "login/grant.h"

void login_wire_scopes(const struct login_context *context, struct text_list *scopes)
{
    static const char *const automatic[] = {"profile", "email", "offline_access"};
    const struct login_config *config = context->config;
    for (size_t i = 0; i < config->extra_scopes->count; i++)
        if (!text_equal(config->extra_scopes->items[i], "openid"))
            text_list_add_once(scopes, config->extra_scopes->items[i]);
    bool add =
        config->auto_scopes == AUTO_SCOPES_ALWAYS ||
        (config->auto_scopes == AUTO_SCOPES_AUTO && provider_kind(config->issuer) == PROVIDER_AUTHENTIK);
    for (size_t i = 0; add && i < array_length(automatic); i++)
        if (text_list_contains(&context->provider.scopes, automatic[i]) &&
            !(config->grant->client && text_equal(automatic[i], "offline_access")))
            text_list_add_once(scopes, automatic[i]);
    text_list_add(scopes, "openid");
}
