/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the authorization request (RFC 6749 section 4.1.1, OpenID Connect Core 3.1.2.1). */
#include "oidc/authorization.h"

#include <string.h>

#include "base/buffer.h"
#include "base/encoding.h"

/* More than the arguments of a Linux process can hold, percent-encoded: configuration cannot reach it. */
enum { URL_BUILD_LIMIT = 32 * 1024 * 1024 };

static const char *const protected_names[] = {
    "response_type",         "client_id", "redirect_uri", "scope",         "state", "nonce", "code_challenge",
    "code_challenge_method", "request",   "request_uri",  "response_mode",
};

static bool check_extra_name(const char *name, struct error *err)
{
    if (name[0] == '\0')
        return error_set(err, ERROR_CONFIG, "an extra authorization parameter has no name");
    for (size_t i = 0; i < array_length(protected_names); i++) {
        if (strcmp(name, protected_names[i]) != 0)
            continue;
        error_set(err, ERROR_CONFIG,
                  "the extra authorization parameter '%s' would replace one that protects the login",
                  protected_names[i]);
        return error_hint(err, "remove '%s' from --oidc-auth-request-extra-params", protected_names[i]);
    }
    return true;
}

bool authorization_check_extra(const struct text_map *extra, struct error *err)
{
    for (size_t i = 0; extra != NULL && i < extra->count; i++) {
        const char *name = extra->items[i].name;
        if (!check_extra_name(name, err))
            return false;
        if (text_has_control(name) || text_has_control(extra->items[i].value))
            return error_set(err, ERROR_CONFIG,
                             "the extra authorization parameter '%s' has control characters", safe(name));
    }
    return true;
}

static void add(struct buffer *form, const char *name, const char *value)
{
    encoding_form_pair(name, value, form);
}

/* In the order of the peer, which sorts them; servers do not care, people who compare logs do. */
static void add_own_parameters(struct buffer *form, const struct authorization_request *request)
{
    const char *access_type = request->extra != NULL ? text_map_get(request->extra, "access_type") : NULL;
    cleanup_string char *scope = text_list_join(request->scopes, " ");
    add(form, "access_type", access_type != NULL ? access_type : "offline");
    add(form, "client_id", request->client_id);
    if (request->pkce != NULL) {
        add(form, "code_challenge", request->pkce->challenge);
        add(form, "code_challenge_method", "S256");
    }
    add(form, "nonce", request->nonce);
    if (request->prompt_none)
        add(form, "prompt", "none");
    if (request->redirect_uri != NULL)
        add(form, "redirect_uri", request->redirect_uri);
    add(form, "response_type", "code");
    add(form, "scope", scope);
    add(form, "state", request->state);
}

static bool is_added_already(const char *name, const struct authorization_request *request)
{
    if (strcmp(name, "access_type") == 0 || (request->prompt_none && strcmp(name, "prompt") == 0))
        return true;
    for (size_t i = 0; i < array_length(protected_names); i++) {
        if (strcmp(name, protected_names[i]) == 0)
            return true;
    }
    return false;
}

char *authorization_url(const struct provider *provider, const struct authorization_request *request)
{
    const char *endpoint = provider->authorization_endpoint, *question = strchr(endpoint, '?');
    struct buffer url = BUFFER(URL_BUILD_LIMIT);
    cleanup_buffer struct buffer form = BUFFER(URL_BUILD_LIMIT);
    add_own_parameters(&form, request);
    for (size_t i = 0; request->extra != NULL && i < request->extra->count; i++) {
        const struct text_pair *pair = &request->extra->items[i];
        if (!is_added_already(pair->name, request))
            add(&form, pair->name, pair->value);
    }
    buffer_add(&url, endpoint);
    if (question == NULL)
        buffer_add(&url, "?");
    else if (question[1] != '\0' && endpoint[strlen(endpoint) - 1] != '&')
        buffer_add(&url, "&");
    buffer_add(&url, buffer_text(&form));
    return buffer_steal(&url);
}
