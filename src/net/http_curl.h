/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of net/http share; src/net/http*.c alone includes it. */
#ifndef SRC_NET_HTTP_CURL_H
#define SRC_NET_HTTP_CURL_H

/* libcurl checks the type of a value only in calls by name, which these are not. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/late.h"
#include "net/http.h"

/* clang-format off */
#define CURL_FUNCTIONS(X)                                                      \
    X(curl_global_init) X(curl_version) X(curl_getdate) X(curl_free)           \
    X(curl_easy_init) X(curl_easy_reset) X(curl_easy_cleanup)                  \
    X(curl_easy_setopt) X(curl_easy_getinfo) X(curl_easy_strerror)             \
    X(curl_slist_append) X(curl_slist_free_all)                                \
    X(curl_url) X(curl_url_cleanup) X(curl_url_set) X(curl_url_get)
/* clang-format on */
struct http_curl {
    CURL_FUNCTIONS(LATE_MEMBER)
    bool is_initialised;
};
extern struct http_curl curl;

/* Binds libcurl and initialises it once. */
bool http_bind(struct error *err) must_check;

/* A URL, taken apart by libcurl. */
struct http_target {
    char *url;  /* rebuilt, with the query */
    char *host; /* "host" or "host:port" as in the URL, for messages */
    char *path; /* for the log */
    bool is_plain, is_loopback;
};
bool http_target_parse(const char *url, struct http_target *out, struct error *err) must_check;
void http_target_release(struct http_target *target);
#define cleanup_target __attribute__((cleanup(http_target_release)))
/* The host that LOCATION leads to from URL, for messages; NULL when it cannot be understood. The caller owns
 * it. */
char *http_target_of_redirect(const char *url, const char *location) must_check;

/* The certificates of --certificate-authority and --certificate-authority-data in one PEM text; empty when
 * none is given. */
bool http_trust_read(const struct http_settings *settings, struct buffer *pem, struct error *err) must_check;

struct http {
    struct loop *loop;
    struct http_settings settings;
    struct buffer authorities; /* what http_trust_read gave */
    CURL *idle;                /* the handle that waits for the next request */
    bool reads_bundle;         /* of the system's roots, not only the hashed directory */
    bool hurries;              /* not patient */
};

/* Why we ended a transfer ourselves. */
enum http_refusal {
    HTTP_NOT_REFUSED,
    HTTP_ENOUGH, /* the beginning that a probe wants */
    HTTP_BODY_TOO_LARGE,
    HTTP_HEAD_TOO_LARGE,
    HTTP_SENT_TWICE
};
enum { HTTP_HEAD_LIMIT = 64 * 1024 };

struct http_transfer {
    struct http *http;
    struct http_request request;
    struct http_target target;
    CURL *easy;
    struct curl_slist *headers;
    struct http_response response;
    char cause[CURL_ERROR_SIZE]; /* libcurl's words */
    int socket_cause;            /* errno of a socket that could not be made */
    enum http_refusal refusal;
    CURLcode code;
    char *issuer; /* of a server certificate that was not accepted; NULL when unknown */
    size_t head_size;
    bool in_head;
    bool reads_bundle;     /* as it was for this try */
    char *date, *encoding; /* header values that the response does not carry as such */
    unsigned sends;        /* requests that began to leave in the current try */
    bool done;
    int64_t started, deadline, first_failure; /* clock_monotonic */
    int pause;
};

/* Sets every option for the next try of TRANSFER. */
bool http_prepare(struct http_transfer *transfer, struct error *err) must_check;
/* Sets EASY up to connect to the same server, whatever its certificate is, and to send nothing. */
bool http_prepare_look(const struct http_transfer *transfer, CURL *easy, struct error *err) must_check;
/* Who issued the certificate that the server shows, by one more connection that sends nothing; NULL when that
 * fails. */
char *http_look_at_issuer(const struct http_transfer *transfer) must_check;
/* The list of header lines; checked when the client was opened. */
bool http_headers_check(const struct text_map *headers, struct error *err) must_check;
bool http_headers_build(struct http_transfer *transfer, struct error *err) must_check;
/* Forgets what came in so far, but not that something was sent. */
void http_answer_clear(struct http_transfer *transfer);
/* libcurl's callbacks for what comes in. */
size_t http_receive_header(char *data, size_t size, size_t count, void *transfer);
size_t http_receive_body(char *data, size_t size, size_t count, void *transfer);
/* True when what came in is an acceptable answer; else says what it failed at. */
bool http_judge(struct http_transfer *transfer, struct error *err) must_check;

#endif
