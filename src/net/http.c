/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the provider: the client, the life of a transfer, and trying again while nothing was sent. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "http_curl.h"

enum { TIMEOUT_DEFAULT = 30, LOOP_GRACE = 500 };
/* A try needs some time, or the request's limit ends it, which says less than why the others failed. */
enum { RETRY_WINDOW = 5000, RETRY_FIRST = 100, RETRY_MOST = 1000, RETRY_NEEDS = 250 };

struct http_curl curl;
#define CURL_SYMBOL(function) LATE_SYMBOL(curl, function)
static const struct late_symbol curl_symbols[] = {CURL_FUNCTIONS(CURL_SYMBOL)};
static const struct late_library curl_library = {LATE_CURL, "libcurl4", curl_symbols,
                                                 array_length(curl_symbols)};

bool http_bind(struct error *err)
{
    if (!late_bind(&curl_library, err))
        return false;
    if (curl.is_initialised)
        return true;
    /* Debian's libcurl writes TLS secrets to the file that it names. */
    unsetenv("SSLKEYLOGFILE");
    if (curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(err, ERROR_LIBRARY, "cannot initialise libcurl");
    curl.is_initialised = true;
    return true;
}

bool http_library_version(const char **version, struct error *err)
{
    if (!http_bind(err))
        return false;
    *version = curl.curl_version();
    return true;
}

bool http_open(struct loop *loop, const struct http_settings *settings, struct http **out, struct error *err)
{
    cleanup_buffer struct buffer authorities = {0};
    if (!http_headers_check(settings->headers, err) || !http_trust_read(settings, &authorities, err) ||
        !http_bind(err))
        return false;
    if (text_has_control(settings->user_agent))
        return error_set(err, ERROR_CONFIG, "the user agent has a control character");
    struct http *http = memory_allocate(sizeof *http);
    http->loop = loop;
    http->settings = *settings;
    if (http->settings.timeout_seconds <= 0)
        http->settings.timeout_seconds = TIMEOUT_DEFAULT;
    http->authorities = authorities;
    authorities = (struct buffer){0};
    *out = http;
    return true;
}

void http_set_patience(struct http *http, bool patient)
{
    http->hurries = !patient;
}

void http_close(struct http *http)
{
    if (http == NULL)
        return;
    if (http->idle != NULL)
        curl.curl_easy_cleanup(http->idle);
    buffer_release(&http->authorities);
    free(http);
}

void http_cleanup(struct http **http)
{
    http_close(*http);
    *http = NULL;
}

void http_response_release(struct http_response *response)
{
    buffer_release(&response->body);
    free(response->content_type);
    free(response->location);
    free(response->allow);
    free(response->retry_after);
    free(response->request_id);
    *response = (struct http_response){.sent = response->sent};
}

/* A libcurl that was built without a directory of roots has only the bundle. */
static CURL *http_take_handle(struct http *http)
{
    char *directory = NULL;
    if (http->idle != NULL)
        return steal(http->idle);
    CURL *easy = curl.curl_easy_init();
    if (easy != NULL && curl.curl_easy_getinfo(easy, CURLINFO_CAPATH, &directory) == CURLE_OK &&
        directory == NULL && text_is_empty(http->settings.ssl_cert_dir))
        http->reads_bundle = true;
    return easy;
}

static bool request_check(const struct http *http, const struct http_request *request,
                          struct http_target *target, struct error *err)
{
    const char *const values[] = {request->basic_user, request->basic_password, request->bearer,
                                  request->accept};
    for (size_t i = 0; i < array_length(values); i++)
        if (text_has_control(values[i]))
            return error_set(err, ERROR_CONFIG, "cannot fetch %s: a control character in a header value",
                             request->what);
    if (!http_target_parse(request->url, target, err))
        return error_prefix(err, "cannot fetch %s", request->what);
    if (target->is_plain && !(http->settings.allow_plain_http && target->is_loopback))
        return error_set(err, ERROR_ENDPOINT_URL, "cannot fetch %s from '%s': plain http is refused",
                         request->what, safe(target->host));
    return true;
}

static void transfer_finished(void *context, int code);

/* One try. */
static bool transfer_try(struct http_transfer *transfer, struct error *err)
{
    http_answer_clear(transfer);
    transfer->cause[0] = '\0';
    transfer->head_size = 0;
    transfer->in_head = false;
    transfer->sends = 0;
    transfer->socket_cause = 0;
    transfer->refusal = HTTP_NOT_REFUSED;
    return http_prepare(transfer, err) &&
           loop_add_transfer(transfer->http->loop, transfer->easy, transfer_finished, transfer, err);
}

static void transfer_try_again(void *context)
{
    struct http_transfer *transfer = context;
    struct error err = {0};
    /* What cannot even be started keeps the error of the try before. */
    if (!transfer_try(transfer, &err))
        transfer->done = true;
}

/* Only while nothing was sent: a name or a connection that may come with the network in a moment. */
static bool transfer_may_retry(struct http_transfer *transfer)
{
    int64_t now = clock_monotonic();
    if (transfer->code != CURLE_COULDNT_RESOLVE_HOST && transfer->code != CURLE_COULDNT_CONNECT &&
        transfer->code != CURLE_COULDNT_RESOLVE_PROXY)
        return false;
    if (transfer->response.sent || transfer->http->hurries)
        return false;
    if (transfer->first_failure == 0)
        transfer->first_failure = now;
    int64_t end = transfer->first_failure + RETRY_WINDOW;
    if (end > transfer->deadline - RETRY_NEEDS)
        end = transfer->deadline - RETRY_NEEDS;
    if (now + transfer->pause > end)
        transfer->pause = (int)(end - now);
    return transfer->pause > 0;
}

/* The system's roots are looked up in the hashed directory first: reading the bundle costs 20 ms at every
 * connection. What the directory does not know may still be in the bundle. Nothing was sent by then. */
static bool transfer_may_read_bundle(struct http_transfer *transfer)
{
    struct http *http = transfer->http;
    if (transfer->code != CURLE_PEER_FAILED_VERIFICATION && transfer->code != CURLE_SSL_CACERT_BADFILE)
        return false;
    if (transfer->reads_bundle || http->authorities.length > 0 ||
        !text_is_empty(http->settings.ssl_cert_file))
        return false;
    http->reads_bundle = true;
    return true;
}

static void transfer_finished(void *context, int code)
{
    struct http_transfer *transfer = context;
    transfer->code = (CURLcode)code;
    if (transfer_may_read_bundle(transfer)) {
        transfer_try_again(transfer);
        return;
    }
    if (!transfer_may_retry(transfer)) {
        transfer->done = true;
        return;
    }
    log_line(1, "no connection to %s yet, trying again in %d ms", safe(transfer->target.host),
             transfer->pause);
    loop_after(transfer->http->loop, transfer->pause, transfer_try_again, transfer);
    transfer->pause = transfer->pause * 2 > RETRY_MOST ? RETRY_MOST : transfer->pause * 2;
}

bool http_start(struct http *http, const struct http_request *request, struct http_transfer **out,
                struct error *err)
{
    cleanup_target struct http_target target = {0};
    if (!request_check(http, request, &target, err))
        return false;
    struct http_transfer *transfer = memory_allocate(sizeof *transfer);
    transfer->http = http;
    transfer->request = *request;
    transfer->target = target;
    target = (struct http_target){0};
    transfer->started = clock_monotonic();
    transfer->deadline = transfer->started + http->settings.timeout_seconds * INT64_C(1000);
    transfer->pause = RETRY_FIRST;
    transfer->easy = http_take_handle(http);
    if (transfer->easy == NULL)
        error_set(err, ERROR_MEMORY, "cannot fetch %s: out of memory", request->what);
    else if (http_headers_build(transfer, err) && transfer_try(transfer, err)) {
        *out = transfer;
        return true;
    }
    http_cancel(transfer);
    return false;
}

void http_cancel(struct http_transfer *transfer)
{
    if (transfer == NULL)
        return;
    struct http *http = transfer->http;
    loop_never(http->loop, transfer_try_again, transfer);
    if (transfer->easy != NULL) {
        loop_remove_transfer(http->loop, transfer->easy);
        /* It points into the transfer. */
        curl.curl_easy_reset(transfer->easy);
        if (http->idle == NULL)
            http->idle = steal(transfer->easy);
        else
            curl.curl_easy_cleanup(transfer->easy);
    }
    curl.curl_slist_free_all(transfer->headers);
    http_response_release(&transfer->response);
    http_target_release(&transfer->target);
    free(transfer->date);
    free(transfer->encoding);
    free(transfer->issuer);
    free(transfer);
}

static void transfer_cleanup(struct http_transfer **transfer)
{
    http_cancel(*transfer);
}

static void transfer_log(const struct http_transfer *transfer)
{
    log_line(2, "%s %s%s: status %ld, %zu bytes, %lld ms", transfer->request.form != NULL ? "POST" : "GET",
             safe(transfer->target.host), safe(transfer->target.path), transfer->response.status,
             transfer->response.body.length, (long long)(clock_monotonic() - transfer->started));
}

static bool transfer_wait(struct http_transfer *transfer, struct error *err)
{
    const char *what = transfer->request.what, *host = transfer->target.host;
    switch (loop_run(transfer->http->loop, &transfer->done, transfer->deadline + LOOP_GRACE, err)) {
    case LOOP_DONE:
        return true;
    case LOOP_DEADLINE:
        return error_set(err, ERROR_TIMEOUT, "cannot fetch %s from '%s': no answer within %d s", what,
                         safe(host), transfer->http->settings.timeout_seconds);
    case LOOP_INTERRUPTED:
        return error_set(err, ERROR_INTERRUPTED, "interrupted while fetching %s from '%s'", what, safe(host));
    case LOOP_FAILED:
    default:
        return error_prefix(err, "cannot fetch %s from '%s'", what, safe(host));
    }
}

bool http_finish(struct http_transfer *finishing, struct http_response *out, struct error *err)
{
    __attribute__((cleanup(transfer_cleanup))) struct http_transfer *transfer = finishing;
    bool good = transfer_wait(transfer, err) && http_judge(transfer, err);
    transfer_log(transfer);
    if (!good) {
        log_line(1, "%s", err->message);
        out->sent = transfer->response.sent;
        return false;
    }
    *out = transfer->response;
    transfer->response = (struct http_response){0};
    return true;
}

bool http_perform(struct http *http, const struct http_request *request, struct http_response *out,
                  struct error *err)
{
    struct http_transfer *transfer = NULL;
    if (!http_start(http, request, &transfer, err)) {
        out->sent = false;
        return false;
    }
    return http_finish(transfer, out, err);
}
