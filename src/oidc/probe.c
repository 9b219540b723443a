/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the authorization endpoint's answer to prompt=none: does it take our client and redirect URI? */
#include <string.h>

#include "oidc/authorization.h"
#include "oidc/endpoint_url.h"
#include "oidc/query.h"

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* WORDS as a whole: "invalid_client" is not found in "invalid_client_metadata". */
static bool page_says(const char *page, size_t length, const char *words)
{
    size_t size = strlen(words);
    const char *end = page + length, *at = page;
    while ((at = memmem(at, (size_t)(end - at), words, size)) != NULL) {
        const char *after = at + size;
        if ((at == page || !is_word_byte(at[-1])) && (after == end || !is_word_byte(*after)))
            return true;
        at++;
    }
    return false;
}

/* Authentik's card title: the heading alone decides, the page's <title> never says more than "authentik". */
static bool find_card_title(const char *page, size_t length, const char **title, size_t *title_length)
{
    static const char mark[] = "data-test-id=\"card-title\"";
    const char *end = page + length, *open, *close;
    const char *at = memmem(page, length, mark, sizeof(mark) - 1);
    if (at == NULL)
        return false;
    open = memchr(at, '>', (size_t)(end - at));
    if (open == NULL)
        return false;
    open++;
    close = memmem(open, (size_t)(end - open), "</h1>", 5);
    if (close == NULL)
        return false;
    *title = open;
    *title_length = (size_t)(close - open);
    return true;
}

static bool title_is(const char *title, size_t length, const char *words)
{
    static const char space[] = " \t\r\n";
    while (length > 0 && memchr(space, title[0], sizeof(space) - 1) != NULL) {
        title++;
        length--;
    }
    while (length > 0 && memchr(space, title[length - 1], sizeof(space) - 1) != NULL)
        length--;
    return length == strlen(words) && memcmp(title, words, length) == 0;
}

static enum probe_verdict judge_authentik(const char *page, size_t length)
{
    const char *title;
    size_t title_length;
    if (!find_card_title(page, length, &title, &title_length))
        return PROBE_INCONCLUSIVE;
    if (title_is(title, title_length, "Redirect URI Error"))
        return PROBE_REDIRECT_URI_REFUSED;
    return title_is(title, title_length, "Client ID Error") ? PROBE_CLIENT_REFUSED : PROBE_INCONCLUSIVE;
}

static enum probe_verdict judge_keycloak(const char *page, size_t length)
{
    if (page_says(page, length, "Invalid parameter: redirect_uri"))
        return PROBE_REDIRECT_URI_REFUSED;
    return page_says(page, length, "Client not found.") ? PROBE_CLIENT_REFUSED : PROBE_INCONCLUSIVE;
}

static enum probe_verdict judge_codes(const char *page, size_t length)
{
    if (page_says(page, length, "invalid_redirect_uri"))
        return PROBE_REDIRECT_URI_REFUSED;
    return page_says(page, length, "invalid_client") ? PROBE_CLIENT_REFUSED : PROBE_INCONCLUSIVE;
}

static enum probe_verdict judge_page(enum provider_kind kind, const char *page, size_t length)
{
    enum probe_verdict verdict = PROBE_INCONCLUSIVE;
    if (kind != PROVIDER_KEYCLOAK)
        verdict = judge_authentik(page, length);
    if (verdict == PROBE_INCONCLUSIVE && kind != PROVIDER_AUTHENTIK)
        verdict = judge_keycloak(page, length);
    if (verdict == PROBE_INCONCLUSIVE && kind == PROVIDER_OTHER)
        verdict = judge_codes(page, length);
    return verdict;
}

/* "http://localhost:8000" and "http://localhost:8000/" are one URI (RFC 3986 6.2.3), and some providers
 * normalise it. */
static bool has_empty_path(const char *redirect_uri)
{
    struct endpoint_url parts;
    const char *why;
    return endpoint_url_split(redirect_uri, &parts, &why) && parts.path_length == 0 && parts.query == NULL;
}

/* What follows our redirect URI in LOCATION; NULL when it leads elsewhere. */
static const char *find_parameters(const char *location, const char *redirect_uri)
{
    if (location == NULL || !text_starts_with(location, redirect_uri))
        return NULL;
    location += strlen(redirect_uri);
    if (*location == '/' && has_empty_path(redirect_uri))
        location++;
    return *location == '\0' || strchr("?&#", *location) != NULL ? location : NULL;
}

/* Authentik 2026.5 says no more than this when the provider's grant types lack ours; every other
 * invalid_request (challenge method, DPoP) has a description of its own. */
static bool refuses_grant(const char *parameters)
{
    cleanup_query struct query query = {0};
    const char *description;
    if (*parameters == '\0' || !query_parse(parameters + 1, strcspn(parameters + 1, "#"), &query))
        return false;
    description = query_get(&query, "error_description");
    return text_equal(query_get(&query, "error"), "invalid_request") &&
           (description == NULL || text_equal(description, "The request is otherwise malformed"));
}

enum probe_verdict probe_read(enum provider_kind kind, const struct probe_answer *answer,
                              const char *redirect_uri)
{
    const char *parameters;
    if (answer->status >= 300 && answer->status < 400) {
        parameters = find_parameters(answer->location, redirect_uri);
        if (parameters == NULL)
            return PROBE_INCONCLUSIVE;
        return kind == PROVIDER_AUTHENTIK && refuses_grant(parameters) ? PROBE_GRANT_REFUSED : PROBE_ACCEPTED;
    }
    if (answer->status < 400 || answer->status >= 500 || answer->body == NULL)
        return PROBE_INCONCLUSIVE;
    return judge_page(kind, answer->body, answer->length);
}
