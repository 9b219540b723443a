/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests to the provider: libcurl with every limit of security 5.3 and T-12. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "net/loop.h"

/* All borrowed, for the life of the client. */
struct http_settings {
    const struct text_list *ca_files; /* given: they replace the system's roots, several are combined */
    const struct text_list *ca_data;  /* standard base64 of PEM */
    const char *ssl_cert_file;        /* SSL_CERT_FILE; NULL unset */
    const char *ssl_cert_dir;         /* SSL_CERT_DIR; NULL unset */
    bool insecure_skip_tls_verify;
    const struct text_map *headers; /* --oidc-request-header, sent with every request */
    int timeout_seconds;            /* of one whole request; 30 unless --http-timeout-sec */
    bool allow_plain_http;          /* the issuer is plain http on loopback; elsewhere it is refused anyway */
    const char *user_agent;         /* "latchkey/VERSION"; NULL means "latchkey" */
};
struct http;
/* Reads and checks the CA files now: one that is unreadable or empty is an error (config), never skipped. */
bool http_open(struct loop *loop, const struct http_settings *settings, struct http **out, struct error *err)
    must_check;
/* Not PATIENT: what is sent from now on is worth little waiting. A connection gets a short time to stand and
 * is not tried again. A new client is patient. */
void http_set_patience(struct http *http, bool patient);
/* Every transfer must have been finished or cancelled. */
void http_close(struct http *http);
void http_cleanup(struct http **http);
#define cleanup_http __attribute__((cleanup(http_cleanup)))

/* All borrowed until the request ends. */
struct http_request {
    const char *what; /* "the discovery document", for messages */
    const char *url;
    const char *form;       /* POST body, form-urlencoded; NULL for GET */
    const char *basic_user; /* Authorization: Basic, given already form-encoded; NULL for none */
    const char *basic_password;
    const char *bearer;  /* Authorization: Bearer; NULL for none */
    const char *accept;  /* NULL means application/json */
    size_t limit;        /* of the body */
    bool truncate;       /* the probe: keep the first LIMIT bytes, ignore the rest */
    bool keep_redirects; /* the probe: a 3xx is an answer, not an error */
    bool never_retry;    /* an authorization code: sent once (TOK-08) */
};
struct http_response {
    long status;
    struct buffer body; /* secret: wiped */
    /* Headers, NULL when absent; REQUEST_ID is X-authentik-id. */
    char *content_type, *location, *allow, *retry_after, *request_id;
    int64_t date; /* the Date header, 0 when absent */
    bool sent;    /* false only when provably nothing left us; set on failure as well */
};
void http_response_release(struct http_response *response);
#define cleanup_http_response __attribute__((cleanup(http_response_release)))

/* Sends and waits. Connect and name failures are tried again for 5 s (a laptop that wakes up), since nothing
 * was sent then; what fails later is never sent again, but for a GET on a reused connection that was closed
 * under it. A redirect (redirect), a Content-Encoding (unsupported) and a head or body over its limit
 * (too_large) are errors. Errors: network, tls, timeout, too_large, redirect, unsupported, interrupted, and
 * for a request that cannot be made config and endpoint_url. An HTTP status is not an error here. On failure
 * only OUT->sent is written. */
bool http_perform(struct http *http, const struct http_request *request, struct http_response *out,
                  struct error *err) must_check;

/* The same in the background, while the loop runs for something else. */
struct http_transfer;
bool http_start(struct http *http, const struct http_request *request, struct http_transfer **out,
                struct error *err) must_check;
/* Waits for the end if it has not come; frees the transfer. */
bool http_finish(struct http_transfer *transfer, struct http_response *out, struct error *err) must_check;
/* Gives it up and frees it. NULL is harmless. */
void http_cancel(struct http_transfer *transfer);

/* Binds libcurl and gives its version text, borrowed. */
bool http_library_version(const char **version, struct error *err) must_check;

#endif
