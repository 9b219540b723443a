/* SPDX-License-Identifier: Apache-2.0 */
/* Tries the callback addresses in order until one is free and its redirect URI is taken by the provider. */
#include "login/redirect.h"

#include <string.h>

#include "advice/authentik.h"
#include "base/clock.h"
#include "login/redirect_probe.h"

enum { RETRY_MILLISECONDS = 250 };

void redirect_release(struct redirect *redirect)
{
    callback_server_close(redirect->server);
    memory_cleanup_string(&redirect->uri);
    memory_cleanup_string(&redirect->origin);
    *redirect = (struct redirect){0};
}

struct search {
    struct login_context *context;
    struct callback_server_settings settings;
    struct text_list taken;   /* addresses that were not free when it was their turn */
    struct text_list refused; /* redirect URIs that the provider does not take */
    char *page;               /* of the last refusal */
    struct redirect found;
    bool opened; /* while waiting for a port */
    int64_t deadline;
};

static void search_release(struct search *search)
{
    text_list_release(&search->taken);
    text_list_release(&search->refused);
    memory_cleanup_string(&search->page);
    redirect_release(&search->found);
}

static void name_redirect(struct search *search)
{
    int port = callback_server_port(search->found.server);
    const struct login_config *config = search->context->config;
    const char *scheme = config->local_certificate != NULL ? "https" : "http";
    const char *host = config->redirect_hostname != NULL ? config->redirect_hostname : "localhost";
    search->found.origin = memory_format("%s://localhost:%d", scheme, port);
    search->found.uri = config->redirect_url != NULL ? memory_copy_text(config->redirect_url)
                                                     : memory_format("%s://%s:%d", scheme, host, port);
}

/* Opens the first free one of ADDRESSES from FIRST on. *INDEX is its place. */
static bool open_from(struct search *search, const struct text_list *addresses, size_t first, size_t *index,
                      struct error *err)
{
    struct text_list rest = {.items = addresses->items + first, .count = addresses->count - first};
    search->settings.addresses = &rest;
    if (!callback_server_open(search->context->loop, &search->settings, &search->found.server, err))
        return false;
    *index = callback_server_index(search->found.server);
    for (size_t i = 0; i < *index; i++)
        text_list_add_once(&search->taken, rest.items[i]);
    *index += first;
    name_redirect(search);
    return true;
}

static bool explain_refused(const struct search *search, struct error *err)
{
    cleanup_string char *uris = text_list_join(&search->refused, "', '");
    error_set(err, ERROR_REDIRECT_URI, "the provider does not take the redirect URI '%s' for the client '%s'",
              safe(uris), safe(search->context->config->client_id));
    if (provider_kind(search->context->config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_redirect_uri(search->refused.items[0], err);
    else
        error_hint(err, "register http://localhost:8000 and http://localhost:18000 as redirect URIs of the "
                        "client, without a "
                        "trailing slash");
    return error_hint(err, "--redirect-probe=never goes on without asking");
}

static bool explain_client(const struct search *search, struct error *err)
{
    const struct login_config *config = search->context->config;
    error_set(err, ERROR_CLIENT_ID, "the provider does not know the client '%s'", safe(config->client_id));
    if (provider_kind(config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_client_id(config->issuer, err);
    else
        error_hint(err, "give --oidc-client-id exactly as the provider spells it");
    return false;
}

static bool explain_grant(struct error *err)
{
    error_set(err, ERROR_OAUTH_ERROR,
              "the provider does not let this client use the authorization code grant");
    authentik_hint_grant_type("authorization_code", err);
    return false;
}

enum probe_step { STEP_TAKEN, STEP_NEXT, STEP_FAILED };

/* Asks the provider about what was just opened; closes it when it is refused. */
static enum probe_step ask(struct search *search, struct error *err)
{
    if (!redirect_probe_is_wanted(search->context))
        return STEP_TAKEN;
    switch (redirect_probe_ask(search->context, search->found.uri, &search->page)) {
    case PROBE_ACCEPTED:
    case PROBE_INCONCLUSIVE:
        return STEP_TAKEN;
    case PROBE_CLIENT_REFUSED:
        explain_client(search, err);
        return STEP_FAILED;
    case PROBE_GRANT_REFUSED:
        explain_grant(err);
        return STEP_FAILED;
    case PROBE_REDIRECT_URI_REFUSED:
        break;
    }
    text_list_add_once(&search->refused, search->found.uri);
    redirect_release(&search->found);
    return STEP_NEXT;
}

static int port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    return colon != NULL && text_to_number(colon + 1, 1, 65535, &port) ? (int)port : 0;
}

static void say_who_holds(const struct search *search)
{
    const struct notice *notice = &search->context->config->notice;
    for (size_t i = 0; i < search->taken.count; i++) {
        int port = port_of(search->taken.items[i]);
        cleanup_string char *holder = callback_server_port_holder(port);
        notice_say(notice, NOTICE_WARNING, "port %d, whose redirect URI may be registered, is taken by %s",
                   port, holder != NULL ? safe(holder) : "another process");
    }
    notice_say(notice, NOTICE_INFO, "waiting for one of them to become free");
}

static void retry_tick(void *data)
{
    struct search *search = data;
    struct error ignored = {0};
    if (search->opened)
        return;
    search->opened =
        callback_server_open(search->context->loop, &search->settings, &search->found.server, &ignored);
    if (search->opened)
        name_redirect(search);
}

/* The provider takes none of the free ports: one of those that somebody else holds may still be the right
 * one. */
static bool wait_for_taken(struct search *search, struct error *err)
{
    say_who_holds(search);
    search->settings.random_fallback = false;
    search->settings.addresses = &search->taken;
    loop_every(search->context->loop, RETRY_MILLISECONDS, retry_tick, search);
    enum loop_end end = loop_run(search->context->loop, &search->opened, search->deadline, err);
    loop_never(search->context->loop, retry_tick, search);
    if (end == LOOP_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for a callback port");
    if (end == LOOP_FAILED)
        return false;
    enum probe_step step = end == LOOP_DONE ? ask(search, err) : STEP_NEXT;
    return step == STEP_NEXT ? explain_refused(search, err) : step == STEP_TAKEN;
}

static bool search_run(struct search *search, struct error *err)
{
    const struct login_config *config = search->context->config;
    const struct text_list *addresses = config->listen_addresses;
    for (size_t first = 0, index = 0; first <= addresses->count; first = index + 1) {
        if (first == addresses->count && !search->settings.random_fallback)
            break;
        if (!open_from(search, addresses, first, &index, err)) {
            if (search->refused.count > 0)
                break;
            return false;
        }
        enum probe_step step = ask(search, err);
        if (step != STEP_NEXT)
            return step == STEP_TAKEN;
        if (config->redirect_url != NULL)
            return explain_refused(search, err);
    }
    return search->taken.count > 0 ? wait_for_taken(search, err) : explain_refused(search, err);
}

bool redirect_open(struct login_context *context, const struct redirect_request *request,
                   struct redirect *out, struct error *err)
{
    const struct login_config *config = context->config;
    cleanup_string char *extra_host =
        config->redirect_url != NULL ? provider_url_host(config->redirect_url) : NULL;
    if (extra_host == NULL && config->redirect_hostname != NULL)
        extra_host = memory_copy_text(config->redirect_hostname);
    struct search search = {.context = context,
                            .deadline = request->deadline,
                            .settings = {.dual_stack = config->listen_default,
                                         .random_fallback = config->listen_default,
                                         .certificate = config->local_certificate,
                                         .key = config->local_key,
                                         .extra_host = extra_host,
                                         .handler = request->handler,
                                         .context = request->handler_context}};
    bool good = search_run(&search, err);
    if (good) {
        *out = search.found;
        search.found = (struct redirect){0};
    }
    search_release(&search);
    return good;
}
