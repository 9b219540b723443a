/* SPDX-License-Identifier: Apache-2.0 */
/* A hint at the account, and only from a token that was verified. */
#include "login/account.h"

#include "base/json.h"
#include "crypto/jws.h"
#include "login/grant.h"

/* Authentik skips its first page on it, so a wrong one leads to a password page for the wrong name. */
#define HINT "login_hint"

static char *find_hint(const char *token)
{
    static const char *const names[] = {"preferred_username", "email"};
    struct error ignored = {0};
    json_auto_t *claims = NULL;
    if (!jws_read_claims(token, &claims, &ignored))
        return NULL;
    for (size_t i = 0; i < array_length(names); i++) {
        const char *value = json_text(claims, names[i]);
        if (!text_is_empty(value) && !text_has_control(value))
            return memory_copy_text(value);
    }
    return NULL;
}

void account_remember(struct login_context *context)
{
    cleanup_session struct session session = {0};
    bool found = false;
    if (context->config->account == NULL || context->config->grant->client)
        return;
    session_cache_load(&context->cache, &context->key, &session, &found, NULL);
    if (!found)
        return;
    account_release(context);
    context->account.hint = find_hint(session.token);
    context->account.subject = steal(session.subject);
    context->account.username = steal(session.username);
}

void account_extra_params(const struct login_context *context, struct text_map *out)
{
    text_map_copy(context->config->extra_params, out);
    if (account_hint(context) != NULL)
        text_map_set(out, HINT, account_hint(context));
}

const char *account_hint(const struct login_context *context)
{
    const struct text_map *extra = context->config->extra_params;
    const char *own = extra != NULL ? text_map_get(extra, HINT) : NULL;
    return own != NULL ? own : context->account.hint;
}

void account_compare(const struct login_context *context, const struct session *fresh)
{
    const struct notice *notice = &context->config->notice;
    if (context->account.subject == NULL || text_equal(context->account.subject, fresh->subject))
        return;
    notice_say(notice, NOTICE_WARNING, "the account '%s' was '%s' before, and is '%s' now",
               safe(context->config->account), safe(context->account.username), safe(fresh->username));
    notice_say(notice, NOTICE_HINT,
               "a browser logs in whoever is logged in there: log out at the provider, or give the account a "
               "browser profile of its own with --browser-command");
}

void account_release(struct login_context *context)
{
    memory_cleanup_string(&context->account.hint);
    memory_cleanup_string(&context->account.subject);
    memory_cleanup_string(&context->account.username);
}
