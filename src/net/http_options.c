/* SPDX-License-Identifier: Apache-2.0 */
/* Every option of a libcurl handle that net/http decides; one that cannot be set fails the request. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http_curl.h"

/* Of the request's limit, 30 s unless the user says otherwise: the third part for a connection with its TLS
 * handshake and for silence, the fifteenth for a connection that is worth no waiting. A limit that was made
 * shorter is meant for the whole request, not to be cut in parts. */
enum { PATIENT_PART = 3, PATIENT_LEAST = 10, HURRIED_PART = 15, HURRIED_LEAST = 2, SILENCE_BYTES = 16 };

/* After the first option that fails nothing more is set. */
struct options {
    CURL *easy;
    CURLcode code;
    CURLoption failed;
};

/* Nobody checks the type of an option's value in a call through a pointer: there is a setter for each. */
static void options_note(struct options *options, CURLoption option, CURLcode code)
{
    options->code = code;
    options->failed = option;
}

static void set_number(struct options *options, CURLoption option, long value)
{
    if (options->code == CURLE_OK)
        options_note(options, option, curl.curl_easy_setopt(options->easy, option, value));
}

static void set_size(struct options *options, CURLoption option, curl_off_t value)
{
    if (options->code == CURLE_OK)
        options_note(options, option, curl.curl_easy_setopt(options->easy, option, value));
}

static void set_text(struct options *options, CURLoption option, const char *value)
{
    if (options->code == CURLE_OK)
        options_note(options, option, curl.curl_easy_setopt(options->easy, option, value));
}

static void set_pointer(struct options *options, CURLoption option, void *value)
{
    if (options->code == CURLE_OK)
        options_note(options, option, curl.curl_easy_setopt(options->easy, option, value));
}

static void set_receiver(struct options *options, CURLoption option, curl_write_callback callback)
{
    if (options->code == CURLE_OK)
        options_note(options, option, curl.curl_easy_setopt(options->easy, option, callback));
}

static const struct {
    CURLoption option;
    long value;
} constants[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_NOPROGRESS, 1},
    {CURLOPT_VERBOSE, 0},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_MAXREDIRS, 0},
    {CURLOPT_UNRESTRICTED_AUTH, 0},
    {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_OPTIONS, 0},
    {CURLOPT_PROXY_SSL_OPTIONS, 0},
    {CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC},
    {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
    /* 1.1, because one to three requests in a row gain nothing from streams, because nghttp2 is a parser less
     * to trust, and because HTTP/2 lets libcurl send a request a second time by itself when a stream is
     * refused. */
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_HTTP_CONTENT_DECODING, 0},
    {CURLOPT_LOW_SPEED_LIMIT, SILENCE_BYTES},
    /* A laptop that has just changed its network must not be sent to the old address. */
    {CURLOPT_DNS_CACHE_TIMEOUT, 0},
    /* A resolver that hangs must not keep the program from ending. */
    {CURLOPT_QUICK_EXIT, 1},
};

static void options_set_system_trust(struct options *options, const struct http *http)
{
    const char *file = http->settings.ssl_cert_file, *directory = http->settings.ssl_cert_dir;
    if (!text_is_empty(file)) {
        set_text(options, CURLOPT_CAINFO, file);
        set_text(options, CURLOPT_PROXY_CAINFO, file);
    } else if (!http->reads_bundle) {
        set_text(options, CURLOPT_CAINFO, NULL);
        set_text(options, CURLOPT_PROXY_CAINFO, NULL);
    }
    if (!text_is_empty(directory)) {
        set_text(options, CURLOPT_CAPATH, directory);
        set_text(options, CURLOPT_PROXY_CAPATH, directory);
    }
}

static void options_set_trust(struct options *options, const struct http *http)
{
    long verify = http->settings.insecure_skip_tls_verify ? 0 : 1;
    set_number(options, CURLOPT_SSL_VERIFYPEER, verify);
    set_number(options, CURLOPT_SSL_VERIFYHOST, 2 * verify);
    set_number(options, CURLOPT_PROXY_SSL_VERIFYPEER, verify);
    set_number(options, CURLOPT_PROXY_SSL_VERIFYHOST, 2 * verify);
    if (http->authorities.length == 0) {
        options_set_system_trust(options, http);
        return;
    }
    /* The blob alone replaces the default file; the default directory would still be believed. */
    struct curl_blob blob = {http->authorities.data, http->authorities.length, CURL_BLOB_NOCOPY};
    set_pointer(options, CURLOPT_CAINFO_BLOB, &blob);
    set_pointer(options, CURLOPT_PROXY_CAINFO_BLOB, &blob);
    set_text(options, CURLOPT_CAPATH, NULL);
    set_text(options, CURLOPT_PROXY_CAPATH, NULL);
}

static long part_of(long seconds, int part, long least)
{
    return seconds / part > least ? seconds / part : least;
}

static void options_set_limits(struct options *options, const struct http_transfer *transfer)
{
    int64_t left = transfer->deadline - clock_monotonic();
    long whole = transfer->http->settings.timeout_seconds;
    long silence = part_of(whole, PATIENT_PART, PATIENT_LEAST);
    long connect = transfer->http->hurries ? part_of(whole, HURRIED_PART, HURRIED_LEAST) : silence;
    if (left < 1)
        left = 1;
    set_number(options, CURLOPT_TIMEOUT_MS, (long)left);
    set_number(options, CURLOPT_CONNECTTIMEOUT_MS, left < connect * 1000 ? (long)left : connect * 1000);
    set_number(options, CURLOPT_LOW_SPEED_TIME, silence);
    /* Spares the bytes of a body that is announced too long; the others are counted as they come. */
    if (!transfer->request.truncate)
        set_size(options, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->request.limit);
}

static void options_set_authentication(struct options *options, const struct http_request *request)
{
    if (request->bearer != NULL) {
        set_number(options, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        set_text(options, CURLOPT_XOAUTH2_BEARER, request->bearer);
    } else if (request->basic_user != NULL) {
        set_number(options, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        set_text(options, CURLOPT_USERNAME, request->basic_user);
        set_text(options, CURLOPT_PASSWORD, request->basic_password != NULL ? request->basic_password : "");
    } else {
        set_number(options, CURLOPT_HTTPAUTH, (long)CURLAUTH_NONE);
    }
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    int *cause = context;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    /* One family may be missing; that only matters when the other fails as well. */
    if (fd < 0 && cause != NULL && errno != EAFNOSUPPORT)
        *cause = errno;
    return fd;
}

static void options_set_address(struct options *options, const struct http_target *target)
{
    set_text(options, CURLOPT_PROTOCOLS_STR, target->is_plain ? "http" : "https");
    set_text(options, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    set_text(options, CURLOPT_URL, target->url);
    if (target->is_loopback)
        set_text(options, CURLOPT_PROXY, "");
    if (options->code == CURLE_OK)
        options_note(options, CURLOPT_OPENSOCKETFUNCTION,
                     curl.curl_easy_setopt(options->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket));
}

static void options_set_request(struct options *options, const struct http_transfer *transfer)
{
    const struct http_request *request = &transfer->request;
    const char *agent = transfer->http->settings.user_agent;
    set_text(options, CURLOPT_USERAGENT, agent != NULL ? agent : "latchkey");
    set_text(options, CURLOPT_ACCEPT_ENCODING, NULL);
    set_pointer(options, CURLOPT_HTTPHEADER, transfer->headers);
    if (request->form == NULL) {
        set_number(options, CURLOPT_HTTPGET, 1);
        return;
    }
    set_number(options, CURLOPT_POST, 1);
    set_size(options, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->form));
    set_text(options, CURLOPT_POSTFIELDS, request->form);
    /* A connection from before may die while the request is on its way, and a code must not be sent again. */
    set_number(options, CURLOPT_FRESH_CONNECT, request->never_retry ? 1 : 0);
}

/* Called when a connection stands and before the request goes out, also when libcurl repeats a request on its
 * own because a reused connection was closed under it. What changes something at the server must not be
 * repeated. */
static int transfer_leaves(void *context, char *address, char *own_address, int port, int own_port)
{
    struct http_transfer *transfer = context;
    (void)address, (void)own_address, (void)port, (void)own_port;
    if (transfer->sends > 0 && transfer->request.form != NULL) {
        transfer->refusal = HTTP_SENT_TWICE;
        return CURL_PREREQFUNC_ABORT;
    }
    transfer->sends++;
    transfer->response.sent = true;
    return CURL_PREREQFUNC_OK;
}

static void options_set_callbacks(struct options *options, struct http_transfer *transfer)
{
    set_receiver(options, CURLOPT_WRITEFUNCTION, http_receive_body);
    set_pointer(options, CURLOPT_WRITEDATA, transfer);
    set_receiver(options, CURLOPT_HEADERFUNCTION, http_receive_header);
    set_pointer(options, CURLOPT_HEADERDATA, transfer);
    set_pointer(options, CURLOPT_ERRORBUFFER, transfer->cause);
    if (options->code == CURLE_OK)
        options_note(options, CURLOPT_PREREQFUNCTION,
                     curl.curl_easy_setopt(options->easy, CURLOPT_PREREQFUNCTION, transfer_leaves));
    set_pointer(options, CURLOPT_PREREQDATA, transfer);
    set_pointer(options, CURLOPT_OPENSOCKETDATA, &transfer->socket_cause);
}

static bool options_end(const struct options *options, struct error *err)
{
    if (options->code == CURLE_OK)
        return true;
    return error_set(err, ERROR_LIBRARY, "cannot set up libcurl: option %d: %s", (int)options->failed,
                     curl.curl_easy_strerror(options->code));
}

static struct options options_begin(CURL *easy)
{
    struct options options = {.easy = easy};
    curl.curl_easy_reset(easy);
    for (size_t i = 0; i < array_length(constants); i++)
        set_number(&options, constants[i].option, constants[i].value);
    return options;
}

bool http_prepare(struct http_transfer *transfer, struct error *err)
{
    struct options options = options_begin(transfer->easy);
    transfer->reads_bundle = transfer->http->reads_bundle;
    options_set_trust(&options, transfer->http);
    options_set_limits(&options, transfer);
    options_set_authentication(&options, &transfer->request);
    options_set_address(&options, &transfer->target);
    options_set_request(&options, transfer);
    options_set_callbacks(&options, transfer);
    return options_end(&options, err);
}

bool http_prepare_look(const struct http_transfer *transfer, CURL *easy, struct error *err)
{
    struct options options = options_begin(easy);
    options_set_trust(&options, transfer->http);
    options_set_limits(&options, transfer);
    options_set_address(&options, &transfer->target);
    set_number(&options, CURLOPT_SSL_VERIFYPEER, 0);
    set_number(&options, CURLOPT_SSL_VERIFYHOST, 0);
    set_number(&options, CURLOPT_CERTINFO, 1);
    set_number(&options, CURLOPT_CONNECT_ONLY, 1);
    set_number(&options, CURLOPT_FRESH_CONNECT, 1);
    set_number(&options, CURLOPT_FORBID_REUSE, 1);
    set_number(&options, CURLOPT_SSL_SESSIONID_CACHE, 0);
    return options_end(&options, err);
}
