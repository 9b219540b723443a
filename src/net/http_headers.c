/* SPDX-License-Identifier: Apache-2.0 */
/* The header lines of a request, checked so that configuration cannot smuggle in another (T-18). */
#include <string.h>
#include <strings.h>

#include "http_curl.h"

/* How much of NAME is a token: RFC 9110 section 5.6.2. */
static size_t token_length(const char *name)
{
    return strspn(name, "!#$%&'*+-.^_`|~0123456789"
                        "abcdefghijklmnopqrstuvwxyz"
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* "Authorization: Bearer c2VjcmV0=" has its secret in the name: only the token before it is shown. */
static bool check_name(const char *name, struct error *err)
{
    enum { SHOWN = 40 };
    size_t length = token_length(name);
    if (length > 0 && name[length] == '\0')
        return true;
    error_set(err, ERROR_CONFIG, "request header '%.*s%s': not a valid name",
              length < SHOWN ? (int)length : 0, name, name[length] != '\0' ? "..." : "");
    return error_hint(err, "write it as --oidc-request-header=NAME=VALUE");
}

/* What libcurl must decide, because it frames the message by it. */
static bool header_is_ours(const char *name)
{
    static const char *const names[] = {
        "Host", "Content-Length", "Transfer-Encoding", "Connection",       "Expect",
        "TE",   "Trailer",        "Accept-Encoding",   "Content-Encoding", "Upgrade"};
    for (size_t i = 0; i < array_length(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

bool http_headers_check(const struct text_map *headers, struct error *err)
{
    for (size_t i = 0; headers != NULL && i < headers->count; i++) {
        const struct text_pair *header = &headers->items[i];
        if (!check_name(header->name, err))
            return false;
        if (text_has_control(header->value))
            return error_set(err, ERROR_CONFIG, "request header '%s': its value has a control character",
                             safe(header->name));
        if (header_is_ours(header->name)) {
            error_set(err, ERROR_CONFIG, "request header '%s' cannot be chosen", safe(header->name));
            return error_hint(err, "leave it out of --oidc-request-header: every request has the right one");
        }
    }
    return true;
}

static bool headers_have(const struct text_map *headers, const char *name)
{
    for (size_t i = 0; headers != NULL && i < headers->count; i++)
        if (strcasecmp(headers->items[i].name, name) == 0)
            return true;
    return false;
}

static bool headers_add(struct http_transfer *transfer, const char *line, struct error *err)
{
    struct curl_slist *grown = curl.curl_slist_append(transfer->headers, line);
    if (grown == NULL)
        return error_set(err, ERROR_MEMORY, "cannot prepare a request: out of memory");
    transfer->headers = grown;
    return true;
}

static bool headers_add_custom(struct http_transfer *transfer, const struct text_pair *header,
                               struct error *err)
{
    /* To libcurl "Name:" removes a header and "Name;" is an empty one. */
    const char *value = header->value + strspn(header->value, " ");
    cleanup_secret char *line =
        *value == '\0' ? memory_format("%s;", header->name) : memory_format("%s: %s", header->name, value);
    return headers_add(transfer, line, err);
}

bool http_headers_build(struct http_transfer *transfer, struct error *err)
{
    const struct text_map *custom = transfer->http->settings.headers;
    const char *accept = transfer->request.accept != NULL ? transfer->request.accept : "application/json";
    cleanup_string char *accept_line = memory_format("Accept: %s", accept);
    if (!headers_add(transfer, "Expect:", err))
        return false;
    if (!headers_have(custom, "Accept") && !headers_add(transfer, accept_line, err))
        return false;
    for (size_t i = 0; custom != NULL && i < custom->count; i++)
        if (!headers_add_custom(transfer, &custom->items[i], err))
            return false;
    return true;
}
