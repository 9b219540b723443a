/* SPDX-License-Identifier: Apache-2.0 */
/* Splits an absolute http(s) URL and refuses everything that is not plainly one. */
#include "oidc/endpoint_url.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

static bool is_hex_digit(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Unreserved, gen-delims and sub-delims of RFC 3986, whole escapes; what stands where is judged afterwards.
 */
static bool has_only_url_characters(const char *url)
{
    for (const char *at = url; *at != '\0'; at++) {
        if (*at == '%') {
            if (!is_hex_digit(at[1]) || !is_hex_digit(at[2]))
                return false;
        } else if (!is_letter_or_digit(*at) && strchr("-._~:/?#[]@!$&'()*+,;=", *at) == NULL) {
            return false;
        }
    }
    return true;
}

static bool host_is_ipv6(const char *host, size_t length)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    if (length < 2 || host[length - 1] != ']' || length - 2 >= sizeof(address))
        return false;
    memcpy(address, host + 1, length - 2);
    address[length - 2] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

static bool host_is_name(const char *host, size_t length)
{
    if (length == 0 || length > 253 || !is_letter_or_digit(host[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_letter_or_digit(host[i]) && strchr("-._", host[i]) == NULL)
            return false;
    }
    return true;
}

static bool port_is_valid(const char *port, size_t length)
{
    unsigned number = 0;
    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(port[i]))
            return false;
        number = number * 10 + (unsigned)(port[i] - '0');
    }
    return number >= 1 && number <= 65535;
}

/* HOST [ ":" PORT ], without userinfo. */
static bool split_authority(const char *authority, size_t length, struct endpoint_url *out, const char **why)
{
    const char *end = authority + length, *colon;
    const char *bracket = length > 0 && authority[0] == '[' ? memchr(authority, ']', length) : NULL;
    colon = memchr(bracket != NULL ? bracket : authority, ':',
                   (size_t)(end - (bracket != NULL ? bracket : authority)));

    out->host = authority;
    out->host_length = (size_t)((colon != NULL ? colon : end) - authority);
    if (!(bracket != NULL ? host_is_ipv6 : host_is_name)(out->host, out->host_length)) {
        *why = "has no valid host";
        return false;
    }
    out->port = colon != NULL ? colon + 1 : "";
    out->port_length = colon != NULL ? (size_t)(end - out->port) : 0;
    if (colon != NULL && !port_is_valid(out->port, out->port_length)) {
        *why = "has no valid port";
        return false;
    }
    return true;
}

static bool split_scheme(const char *url, bool *https, const char **rest)
{
    if (strncmp(url, "https://", 8) == 0) {
        *https = true;
        *rest = url + 8;
        return true;
    }
    *https = false;
    *rest = url + 7;
    return strncmp(url, "http://", 7) == 0;
}

static const char *find_offence(const char *url)
{
    if (strnlen(url, ENDPOINT_URL_LIMIT + 1) > ENDPOINT_URL_LIMIT)
        return "is longer than 2048 bytes";
    if (!has_only_url_characters(url))
        return "has characters that a URL cannot have";
    if (strchr(url, '#') != NULL)
        return "has a fragment";
    return NULL;
}

bool endpoint_url_split(const char *url, struct endpoint_url *out, const char **why)
{
    struct endpoint_url parts = {0};
    const char *authority, *path;
    *why = find_offence(url);
    if (*why != NULL)
        return false;
    if (!split_scheme(url, &parts.https, &authority)) {
        *why = "does not begin with https://";
        return false;
    }
    path = authority + strcspn(authority, "/?");
    if (memchr(authority, '@', (size_t)(path - authority)) != NULL) {
        *why = "has a user name or password in it";
        return false;
    }
    if (!split_authority(authority, (size_t)(path - authority), &parts, why))
        return false;
    parts.path = path;
    parts.path_length = strcspn(path, "?");
    if (strcspn(path, "[]") != strlen(path)) {
        *why = "has characters that a URL cannot have";
        return false;
    }
    if (path[parts.path_length] == '?') {
        parts.query = path + parts.path_length + 1;
        parts.query_length = strlen(parts.query);
    }
    *out = parts;
    return true;
}

bool endpoint_url_is_loopback(const struct endpoint_url *url)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < array_length(names); i++) {
        if (url->host_length == strlen(names[i]) && memcmp(url->host, names[i], url->host_length) == 0)
            return true;
    }
    return false;
}
