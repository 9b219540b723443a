/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificate the server showed, so that a person can see an inspecting proxy in the message. */
#include <string.h>

#include "base/clock.h"
#include "http_curl.h"

enum { LOOK_LIMIT = 3000 };

static void look_finished(void *context, int code)
{
    bool *done = context;
    (void)code;
    *done = true;
}

static char *look_read_issuer(CURL *easy)
{
    struct curl_certinfo *info = NULL;
    if (curl.curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1)
        return NULL;
    for (const struct curl_slist *line = info->certinfo[0]; line != NULL; line = line->next)
        if (text_starts_with(line->data, "Issuer:"))
            return memory_copy_text(line->data + strlen("Issuer:"));
    return NULL;
}

/* libcurl forgets a certificate when OpenSSL ends the handshake because of it, so it takes a second one. */
char *http_look_at_issuer(const struct http_transfer *transfer)
{
    struct loop *loop = transfer->http->loop;
    struct error ignored = {0};
    char *issuer = NULL;
    bool done = false;
    CURL *easy = curl.curl_easy_init();
    if (easy == NULL)
        return NULL;
    if (http_prepare_look(transfer, easy, &ignored) &&
        loop_add_transfer(loop, easy, look_finished, &done, &ignored)) {
        if (loop_run(loop, &done, clock_monotonic() + LOOK_LIMIT, &ignored) == LOOP_DONE)
            issuer = look_read_issuer(easy);
        loop_remove_transfer(loop, easy);
    }
    curl.curl_easy_cleanup(easy);
    return issuer;
}
