/* SPDX-License-Identifier: Apache-2.0 */
/* Which scopes a login asks for. */
#include <string.h>

#include "login/context.h"
#include "login/grant.h"

/* A scope has no space in it: "a b" is two. The server's list has each once, without empty ones. */
static void add_words(const char *text, struct text_list *scopes)
{
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        cleanup_string char *scope = memory_copy_bytes(text, length);
        if (length > 0 && !text_equal(scope, "openid"))
            text_list_add_once(scopes, scope);
        text += length + (text[length] == ' ');
    }
}

void login_wire_scopes(const struct login_context *context, struct text_list *scopes)
{
    static const char *const automatic[] = {"profile", "email", "offline_access"};
    const struct login_config *config = context->config;
    for (size_t i = 0; i < config->extra_scopes->count; i++)
        add_words(config->extra_scopes->items[i], scopes);
    bool add =
        config->auto_scopes == AUTO_SCOPES_ALWAYS ||
        (config->auto_scopes == AUTO_SCOPES_AUTO && provider_kind(config->issuer) == PROVIDER_AUTHENTIK);
    for (size_t i = 0; add && i < array_length(automatic); i++)
        if (text_list_contains(&context->provider.scopes, automatic[i]) &&
            !(config->grant->client && text_equal(automatic[i], "offline_access")))
            text_list_add_once(scopes, automatic[i]);
    text_list_add(scopes, "openid");
}
