/* SPDX-License-Identifier: Apache-2.0 */
/* One strict idea of what an absolute http(s) URL is (RFC 3986), for issuers, endpoints and redirect URIs. */
#ifndef OIDC_ENDPOINT_URL_H
#define OIDC_ENDPOINT_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

enum { ENDPOINT_URL_LIMIT = 2048 };

/* Borrowed parts of the URL that was split. HOST has its brackets when it is an IPv6 address. */
struct endpoint_url {
    bool https;
    const char *host, *port, *path, *query; /* PORT is "" and QUERY NULL when absent; PATH may be "" */
    size_t host_length, port_length, path_length, query_length;
};
/* Takes "http://" and "https://" in lower case, a host of letters, digits, '.', '-', '_' or a bracketed IPv6
 * address, a port of 1..65535, and only characters of RFC 3986 with whole percent escapes; never userinfo or
 * a fragment; at most ENDPOINT_URL_LIMIT bytes. On false WHY is a static text that says what is wrong ("has a
 * fragment"). */
bool endpoint_url_split(const char *url, struct endpoint_url *out, const char **why) must_check;
/* localhost, 127.0.0.1 or [::1], literally. */
bool endpoint_url_is_loopback(const struct endpoint_url *url);

#endif
