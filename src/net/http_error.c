/* SPDX-License-Identifier: Apache-2.0 */
/* How a request failed, in words: what to look at, never a query or a proxy's password. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "http_curl.h"

/* CURLE_TOO_LARGE, which the oldest supported header does not have. */
enum { TOO_LARGE_SINCE_8_6 = 100 };

static long transfer_number(const struct http_transfer *transfer, CURLINFO info)
{
    long number = 0;
    if (curl.curl_easy_getinfo(transfer->easy, info, &number) != CURLE_OK)
        return 0;
    return number;
}

/* "cannot fetch the token from 'host': CAUSE". */
static bool fail(const struct http_transfer *transfer, enum error_code code, const char *cause,
                 struct error *err)
{
    return error_set(err, code, "cannot fetch %s from '%s': %s", transfer->request.what,
                     safe(transfer->target.host), cause);
}

/* libcurl quotes a proxy setting as a whole when it cannot read it, with the password in it. */
static bool cause_is_harmless(const char *cause)
{
    return *cause != '\0' && strpbrk(cause, "@?") == NULL && strstr(cause, "://") == NULL;
}

static struct text_safe transfer_cause(const struct http_transfer *transfer)
{
    const char *cause = transfer->cause;
    struct text_safe shown;
    if (!cause_is_harmless(cause))
        cause = curl.curl_easy_strerror(transfer->code);
    shown = text_make_safe(cause);
    if (isupper((unsigned char)shown.text[0]) && islower((unsigned char)shown.text[1]))
        shown.text[0] = (char)tolower((unsigned char)shown.text[0]);
    return shown;
}

static bool fail_by_cause(const struct http_transfer *transfer, enum error_code code, struct error *err)
{
    return fail(transfer, code, transfer_cause(transfer).text, err);
}

static bool fail_proxy(const struct http_transfer *transfer, struct error *err)
{
    fail_by_cause(transfer, ERROR_NETWORK, err);
    return error_hint(
        err, "the proxy is taken from https_proxy or all_proxy; hosts that need none belong in no_proxy");
}

static bool fail_resolve(const struct http_transfer *transfer, struct error *err)
{
    fail_by_cause(transfer, ERROR_NETWORK, err);
    return error_hint(err, "check the spelling of the host, and that the network or VPN is up");
}

/* libcurl says "failed to connect to HOST port PORT after 1 ms: Couldn't connect to server", where HOST may
 * be a proxy; the reason is in a number beside it, which keeps an old value in all other cases. */
static bool fail_connect(const struct http_transfer *transfer, struct error *err)
{
    struct text_safe cause = transfer_cause(transfer);
    char *after = strstr(cause.text, " after ");
    long number = transfer_number(transfer, CURLINFO_OS_ERRNO);
    if (transfer->socket_cause != 0)
        return fail(transfer, ERROR_NETWORK, strerror(transfer->socket_cause), err);
    if (after == NULL || number == 0)
        return fail_proxy(transfer, err);
    *after = '\0';
    cleanup_string char *reason = memory_format("%s: %s", cause.text, strerror((int)number));
    fail(transfer, ERROR_NETWORK, reason, err);
    return error_hint(err,
                      "check that the host and port are right, and that the network, VPN or proxy is up");
}

static bool fail_timeout(const struct http_transfer *transfer, struct error *err)
{
    fail_by_cause(transfer, ERROR_TIMEOUT, err);
    return error_hint(err,
                      "check that the network, VPN or proxy is up; for a slow link --http-timeout-sec allows "
                      "more than %d s",
                      transfer->http->settings.timeout_seconds);
}

static bool fail_receive(const struct http_transfer *transfer, struct error *err)
{
    if (strstr(transfer->cause, "CONNECT") != NULL || strstr(transfer->cause, "roxy") != NULL)
        return fail_proxy(transfer, err);
    return fail_by_cause(transfer, ERROR_NETWORK, err);
}

static bool fail_certificate(const struct http_transfer *transfer, struct error *err)
{
    struct text_safe cause = transfer_cause(transfer);
    if (transfer->issuer == NULL)
        fail(transfer, ERROR_TLS, cause.text, err);
    else
        error_set(err, ERROR_TLS, "cannot fetch %s from '%s': %s; the certificate seen was issued by '%s'",
                  transfer->request.what, safe(transfer->target.host), cause.text, safe(transfer->issuer));
    if (strstr(cause.text, "expired") != NULL || strstr(cause.text, "not yet valid") != NULL)
        error_hint(err, "compare this machine's clock with the certificate's validity");
    if (strstr(cause.text, "subject name") != NULL || strstr(cause.text, "does not match") != NULL)
        error_hint(err, "the certificate is for other names; use one of them in the URL");
    return error_hint(
        err,
        "if a private authority or an inspecting proxy issued it, give that authority's certificate with "
        "--certificate-authority");
}

static bool cause_is_broken_connection(const char *cause)
{
    /* libcurl names the call only when the connection broke under it. */
    static const char *const signs[] = {"SSL_connect: ", "ecv failure", "end failure", "unexpected eof"};
    for (size_t i = 0; i < array_length(signs); i++)
        if (strstr(cause, signs[i]) != NULL)
            return true;
    return false;
}

static bool fail_tls(const struct http_transfer *transfer, struct error *err)
{
    if (cause_is_broken_connection(transfer->cause))
        return fail(transfer, ERROR_NETWORK, "the connection was cut while TLS was being set up", err);
    fail_by_cause(transfer, ERROR_TLS, err);
    if (strstr(transfer->cause, "wrong version number") != NULL)
        error_hint(err, "that port does not speak TLS; is it the right one?");
    return false;
}

static bool fail_by_refusal(const struct http_transfer *transfer, struct error *err)
{
    char cause[96];
    if (transfer->refusal == HTTP_SENT_TWICE)
        return fail(transfer, ERROR_NETWORK, "the connection was closed before an answer came", err);
    if (transfer->refusal == HTTP_HEAD_TOO_LARGE)
        snprintf(cause, sizeof cause, "the answer's header is larger than %d KiB", HTTP_HEAD_LIMIT / 1024);
    else
        snprintf(cause, sizeof cause, "the answer is larger than %zu bytes", transfer->request.limit);
    return fail(transfer, ERROR_TOO_LARGE, cause, err);
}

static bool fail_by_code(const struct http_transfer *transfer, struct error *err)
{
    int code = (int)transfer->code;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return fail_resolve(transfer, err);
    case CURLE_COULDNT_CONNECT:
        return fail_connect(transfer, err);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return fail_proxy(transfer, err);
    case CURLE_OPERATION_TIMEDOUT:
        return fail_timeout(transfer, err);
    case CURLE_FILESIZE_EXCEEDED:
        return fail_by_refusal(transfer, err);
    case CURLE_OUT_OF_MEMORY:
    case TOO_LARGE_SINCE_8_6:
        /* libcurl has a limit of its own for one header line, which it once called so. */
        if (!transfer->in_head)
            return fail_by_cause(transfer, ERROR_MEMORY, err);
        return fail(transfer, ERROR_TOO_LARGE, "a line of the answer's header is too long", err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return fail_certificate(transfer, err);
    case CURLE_SSL_CACERT_BADFILE:
        fail_by_cause(transfer, ERROR_TLS, err);
        return error_hint(err, "install the package ca-certificates, or give --certificate-authority");
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return fail_tls(transfer, err);
    default:
        return fail_receive(transfer, err);
    }
}

static bool fail_redirect(const struct http_transfer *transfer, long status, struct error *err)
{
    const char *location = transfer->response.location;
    cleanup_string char *host =
        location != NULL ? http_target_of_redirect(transfer->target.url, location) : NULL;
    cleanup_string char *cause = NULL;
    if (location == NULL)
        cause = memory_format("status %ld, which is no answer", status);
    else
        cause = memory_format("it redirects (status %ld) to '%s', and redirects are not followed", status,
                              host != NULL ? safe(host) : "an address that cannot be read");
    fail(transfer, ERROR_REDIRECT, cause, err);
    return error_hint(
        err, "check the scheme, host and path of the issuer URL, and whether a proxy asks for a login");
}

static bool fail_by_code_of(struct http_transfer *transfer, struct error *err)
{
    if (transfer->code == CURLE_PEER_FAILED_VERIFICATION)
        transfer->issuer = http_look_at_issuer(transfer);
    return fail_by_code(transfer, err);
}

bool http_judge(struct http_transfer *transfer, struct error *err)
{
    long status = transfer_number(transfer, CURLINFO_RESPONSE_CODE);
    if (transfer->refusal != HTTP_NOT_REFUSED && transfer->refusal != HTTP_ENOUGH)
        return fail_by_refusal(transfer, err);
    if (transfer->refusal == HTTP_NOT_REFUSED && transfer->code != CURLE_OK)
        return fail_by_code_of(transfer, err);
    if (status >= 300 && status < 400 && !transfer->request.keep_redirects)
        return fail_redirect(transfer, status, err);
    if (transfer->encoding != NULL)
        return fail(transfer, ERROR_UNSUPPORTED, "the answer is compressed although that was not asked for",
                    err);
    transfer->response.status = status;
    if (transfer->date != NULL) {
        time_t date = curl.curl_getdate(transfer->date, NULL);
        transfer->response.date = date > 0 ? (int64_t)date : 0;
    }
    return true;
}
