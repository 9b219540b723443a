/* SPDX-License-Identifier: Apache-2.0 */
/* One request with prompt=none and without a cookie shows whether the real one would be taken. */
#include "login/redirect_probe.h"

#include <string.h>

#include "base/log.h"
#include "crypto/random.h"

enum { PAGE_LIMIT = 16 * 1024 };

bool redirect_probe_is_wanted(const struct login_context *context)
{
    switch (context->config->redirect_probe) {
    case REDIRECT_PROBE_ALWAYS:
        return true;
    case REDIRECT_PROBE_NEVER:
        return false;
    case REDIRECT_PROBE_AUTO:
        break;
    }
    return provider_kind(context->config->issuer) != PROVIDER_OTHER;
}

static char *memory_of(const struct login_context *context, const char *redirect_uri)
{
    return memory_format("%s\n%s", context->config->client_id, redirect_uri);
}

/* The probe looks like the login itself, with values of its own: what it might be given is thrown away. */
static bool probe_url(const struct login_context *context, const char *redirect_uri, char **url)
{
    struct error ignored = {0};
    char state[RANDOM_TOKEN_SIZE], nonce[RANDOM_TOKEN_SIZE], verifier[RANDOM_TOKEN_SIZE];
    cleanup_text_list struct text_list scopes = {0};
    struct pkce pkce;
    if (!random_token(state, &ignored) || !random_token(nonce, &ignored) || !random_token(verifier, &ignored))
        return false;
    pkce_derive(verifier, &pkce);
    login_wire_scopes(context, &scopes);
    struct authorization_request request = {.client_id = context->config->client_id,
                                            .redirect_uri = redirect_uri,
                                            .scopes = &scopes,
                                            .state = state,
                                            .nonce = nonce,
                                            .pkce = context->config->pkce_method == PKCE_NEVER ? NULL : &pkce,
                                            .extra = context->config->extra_params,
                                            .prompt_none = true};
    *url = authorization_url(&context->provider, &request);
    return true;
}

static const char *const verdict_names[] = {
    [PROBE_ACCEPTED] = "accepted",
    [PROBE_REDIRECT_URI_REFUSED] = "the redirect URI is refused",
    [PROBE_CLIENT_REFUSED] = "the client is refused",
    [PROBE_GRANT_REFUSED] = "the grant is refused",
    [PROBE_INCONCLUSIVE] = "inconclusive",
};

enum probe_verdict redirect_probe_ask(struct login_context *context, const char *redirect_uri)
{
    struct error ignored = {0};
    cleanup_string char *url = NULL, *memory = memory_of(context, redirect_uri);
    cleanup_http_response struct http_response response = {0};
    if (text_list_contains(&context->record.accepted_redirects, memory))
        return PROBE_ACCEPTED;
    if (!probe_url(context, redirect_uri, &url))
        return PROBE_INCONCLUSIVE;
    struct http_request request = {.what = "the authorization endpoint's answer",
                                   .url = url,
                                   .accept = "text/html",
                                   .limit = PAGE_LIMIT,
                                   .truncate = true,
                                   .keep_redirects = true};
    if (!http_perform(context->http, &request, &response, &ignored)) {
        log_line(1, "the redirect probe failed, the login goes on: %s", ignored.message);
        return PROBE_INCONCLUSIVE;
    }
    struct probe_answer answer = {response.status, response.location, buffer_text(&response.body),
                                  response.body.length};
    enum probe_verdict verdict = probe_read(provider_kind(context->config->issuer), &answer, redirect_uri);
    log_line(1, "redirect probe of %s: HTTP %ld, %s", safe(redirect_uri), response.status,
             verdict_names[verdict]);
    if (verdict == PROBE_ACCEPTED) {
        text_list_add_once(&context->record.accepted_redirects, memory);
        context->record_changed = true;
    }
    return verdict;
}

void redirect_probe_forget(struct login_context *context, const char *redirect_uri)
{
    cleanup_string char *memory = memory_of(context, redirect_uri);
    struct text_list kept = {0};
    for (size_t i = 0; i < context->record.accepted_redirects.count; i++)
        if (strcmp(context->record.accepted_redirects.items[i], memory) != 0)
            text_list_add(&kept, context->record.accepted_redirects.items[i]);
    text_list_release(&context->record.accepted_redirects);
    context->record.accepted_redirects = kept;
    context->record_changed = true;
}
