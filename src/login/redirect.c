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
    struct text_list refused; /* redirect URIs that the provider does not take, that of a random port apart */
    char *random_refused;     /* this is that one */
    struct redirect found;
    bool is_random; /* the port of FOUND */
    bool opened;    /* while waiting for a port */
    int64_t deadline;
};

static void search_release(struct search *search)
{
    text_list_release(&search->taken);
    text_list_release(&search->refused);
    memory_cleanup_string(&search->random_refused);
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
    search->is_random = *index == addresses->count;
    name_redirect(search);
    return true;
}

static int port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    return colon != NULL && text_to_number(colon + 1, 1, 65535, &port) ? (int)port : 0;
}

static void hint_holders(const struct search *search, struct error *err)
{
    for (size_t i = 0; i < search->taken.count; i++) {
        int port = port_of(search->taken.items[i]);
        cleanup_string char *holder = callback_server_port_holder(port);
        error_hint(err, "port %d stayed taken by %s: end it if the redirect URI of that port is registered",
                   port, holder != NULL ? safe(holder) : "another process");
    }
}

/* Nobody should register a random port, so it is named only where there is nothing else to name. */
static bool explain_refused(const struct search *search, struct error *err)
{
    cleanup_string char *uris = text_list_join(&search->refused, "', '");
    bool only_random = search->refused.count == 0;
    error_set(err, ERROR_REDIRECT_URI, "the provider does not take '%s'%s as redirect URI of the client '%s'",
              safe(only_random ? search->random_refused : uris), only_random ? ", a random port," : "",
              safe(search->context->config->client_id));
    hint_holders(search, err);
    if (provider_kind(search->context->config->issuer) == PROVIDER_AUTHENTIK)
        authentik_hint_redirect_uri(only_random ? NULL : search->refused.items[0], err);
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
    switch (redirect_probe_ask(search->context, search->found.uri)) {
    case PROBE_INCONCLUSIVE: /* nobody who pressed Ctrl-C wants to see a browser open */
        if (loop_interrupted(search->context->loop)) {
            error_set(err, ERROR_INTERRUPTED, "the login was interrupted");
            return STEP_FAILED;
        }
        return STEP_TAKEN;
    case PROBE_ACCEPTED:
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
    if (search->is_random)
        memory_replace_text(&search->random_refused, search->found.uri);
    else
        text_list_add_once(&search->refused, search->found.uri);
    redirect_release(&search->found);
    return STEP_NEXT;
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

static enum loop_end wait_for_one(struct search *search, struct error *err)
{
    search->opened = search->is_random = search->settings.random_fallback = false;
    search->settings.addresses = &search->taken;
    loop_every(search->context->loop, RETRY_MILLISECONDS, retry_tick, search);
    enum loop_end end = loop_run(search->context->loop, &search->opened, search->deadline, err);
    loop_never(search->context->loop, retry_tick, search);
    return end;
}

/* The address that was just opened is free: whatever the provider says, it need not be waited for again. */
static void forget_taken(struct search *search)
{
    struct text_list kept = {0};
    for (size_t i = 0; i < search->taken.count; i++)
        if (i != callback_server_index(search->found.server))
            text_list_add(&kept, search->taken.items[i]);
    text_list_release(&search->taken);
    search->taken = kept;
}

/* The provider takes none of the free ports: one of those that somebody else holds may still be the right
 * one. */
static bool wait_for_taken(struct search *search, struct error *err)
{
    say_who_holds(search);
    while (search->taken.count > 0) {
        enum loop_end end = wait_for_one(search, err);
        if (end == LOOP_INTERRUPTED)
            return error_set(err, ERROR_INTERRUPTED, "interrupted while waiting for a callback port");
        if (end == LOOP_FAILED)
            return false;
        if (end == LOOP_DEADLINE)
            break;
        forget_taken(search);
        enum probe_step step = ask(search, err);
        if (step != STEP_NEXT)
            return step == STEP_TAKEN;
    }
    return explain_refused(search, err);
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
                break; /* the refusal says more than the ports do */
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
