/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of requests, understood by libcurl's own parser and no second one. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_curl.h"

static void url_cleanup(CURLU **url)
{
    if (*url != NULL)
        curl.curl_url_cleanup(*url);
}
#define cleanup_curl_url __attribute__((cleanup(url_cleanup)))

/* NULL when the URL has no such part. */
static char *url_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    if (curl.curl_url_get(url, part, &text, 0) != CURLUE_OK)
        return NULL;
    char *copy = memory_copy_text(text);
    curl.curl_free(text);
    return copy;
}

static char *url_shown_host(CURLU *url)
{
    cleanup_string char *host = url_part(url, CURLUPART_HOST);
    cleanup_string char *port = url_part(url, CURLUPART_PORT);
    if (host == NULL)
        return NULL;
    return port == NULL ? steal(host) : memory_format("%s:%s", host, port);
}

static bool host_is_loopback(const char *host)
{
    return host != NULL && (strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
                            strcmp(host, "[::1]") == 0);
}

bool http_target_parse(const char *url, struct http_target *out, struct error *err)
{
    cleanup_curl_url CURLU *parts = NULL;
    struct http_target target = {0};
    if (text_has_control(url) || strchr(url, ' ') != NULL)
        return error_set(err, ERROR_CONFIG, "the address has a control character or a space in it");
    parts = curl.curl_url();
    if (parts == NULL)
        return error_set(err, ERROR_MEMORY, "cannot read the address: out of memory");
    CURLUcode code = curl.curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return error_set(err, ERROR_ENDPOINT_URL, "the address holds a user name or password");
    if (code == CURLUE_UNSUPPORTED_SCHEME)
        return error_set(err, ERROR_ENDPOINT_URL, "the address is not an https URL");
    if (code != CURLUE_OK)
        return error_set(err, ERROR_ENDPOINT_URL, "the address is not a valid URL");
    cleanup_string char *scheme = url_part(parts, CURLUPART_SCHEME);
    cleanup_string char *host = url_part(parts, CURLUPART_HOST);
    target.is_plain = text_equal(scheme, "http");
    if (!target.is_plain && !text_equal(scheme, "https"))
        return error_set(err, ERROR_ENDPOINT_URL, "the address is not an https URL");
    target.is_loopback = host_is_loopback(host);
    target.host = url_shown_host(parts);
    target.path = url_part(parts, CURLUPART_PATH);
    target.url = url_part(parts, CURLUPART_URL);
    if (text_is_empty(target.host) || target.url == NULL || target.path == NULL) {
        http_target_release(&target);
        return error_set(err, ERROR_ENDPOINT_URL, "the address is not a valid URL");
    }
    *out = target;
    return true;
}

void http_target_release(struct http_target *target)
{
    free(target->url);
    free(target->host);
    free(target->path);
    *target = (struct http_target){0};
}

char *http_target_of_redirect(const char *url, const char *location)
{
    cleanup_curl_url CURLU *parts = curl.curl_url();
    if (parts == NULL || curl.curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl.curl_url_set(parts, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return NULL;
    return url_shown_host(parts);
}
