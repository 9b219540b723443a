/* SPDX-License-Identifier: Apache-2.0 */
/* One small rule per function: what a request head looks like, and which requests are for us. */
#include "net/callback_request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

enum { HTTP = 80, HTTPS = 443, METHOD_LIMIT = 32, VERSION_LENGTH = 8, NAME_SIZE = 32, ANSWER_LIMIT = 2048 };

#define POLICY                                                                                               \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "                   \
    "frame-ancestors 'none'"

const struct callback_header callback_headers[] = {
    {"Content-Security-Policy", POLICY},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
    {"Connection", "close"},
    {NULL, NULL},
};

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {400, "Bad Request"},
    {405, "Method Not Allowed"},
    {414, "URI Too Long"},
    {421, "Misdirected Request"},
    {431, "Request Header Fields Too Large"},
};

char *callback_request_refusal(unsigned status)
{
    struct buffer answer = BUFFER(ANSWER_LIMIT);
    const char *reason = "Refused";
    for (size_t i = 0; i < array_length(reasons); i++)
        if (reasons[i].status == status)
            reason = reasons[i].reason;
    buffer_add_format(&answer, "HTTP/1.1 %u %s\r\nContent-Length: 0\r\n%s", status, reason,
                      status == 405 ? "Allow: GET\r\n" : "");
    for (const struct callback_header *header = callback_headers; header->name != NULL; header++)
        buffer_add_format(&answer, "%s: %s\r\n", header->name, header->value);
    buffer_add(&answer, "\r\n");
    return buffer_steal(&answer);
}

static bool equals(struct callback_text text, const char *other)
{
    return text.length == strlen(other) && memcmp(text.bytes, other, text.length) == 0;
}

static bool equals_in_any_case(struct callback_text text, const char *other)
{
    return text.length == strlen(other) && strncasecmp(text.bytes, other, text.length) == 0;
}

/* RFC 9110 section 5.6.2 */
static bool is_token(struct callback_text text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return text.length > 0;
}

static bool is_printable(struct callback_text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.bytes[i] <= ' ' || text.bytes[i] > '~')
            return false;
    return true;
}

/* The bytes before the separator; REST is what comes after it. Without one everything, and an empty rest. */
static struct callback_text cut(struct callback_text text, char separator, struct callback_text *rest)
{
    const char *found = memchr(text.bytes, separator, text.length);
    size_t length = found != NULL ? (size_t)(found - text.bytes) : text.length;
    size_t skip = found != NULL ? length + 1 : length;
    *rest = (struct callback_text){text.bytes + skip, text.length - skip};
    return (struct callback_text){text.bytes, length};
}

static struct callback_text trim(struct callback_text text)
{
    while (text.length > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t')) {
        text.bytes++;
        text.length--;
    }
    while (text.length > 0 && (text.bytes[text.length - 1] == ' ' || text.bytes[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* NUL, other control bytes, and a CR or LF that is not part of a CR LF. */
static bool has_wrong_bytes(struct callback_text head)
{
    for (size_t i = 0; i < head.length; i++) {
        unsigned char c = (unsigned char)head.bytes[i];
        bool follows_cr = i > 0 && head.bytes[i - 1] == '\r';
        if ((c == '\n') != follows_cr || c == 0x7f || (c < ' ' && c != '\t' && c != '\r' && c != '\n'))
            return true;
    }
    return false;
}

static unsigned parse_request_line(struct callback_text line, struct callback_request *out)
{
    struct callback_text rest;
    out->method = cut(line, ' ', &rest);
    out->target = cut(rest, ' ', &out->version);
    if (!is_token(out->method) || out->method.length > METHOD_LIMIT || out->target.length == 0)
        return 400;
    return equals(out->version, "HTTP/1.1") || equals(out->version, "HTTP/1.0") ? 200 : 400;
}

static unsigned parse_header(struct callback_text line, struct callback_request *out)
{
    struct callback_text value;
    struct callback_text name = cut(line, ':', &value);
    if (!is_token(name) || name.length == line.length)
        return 400;
    if (equals_in_any_case(name, "Host")) {
        out->host = trim(value);
        out->host_count++;
    }
    return 200;
}

/* The next line, without its CR LF. */
static struct callback_text next_line(struct callback_text *head)
{
    struct callback_text line = cut(*head, '\r', head);
    head->bytes++;
    head->length--;
    return line;
}

/* A head that is not complete: is it too long already? */
static unsigned judge_part(struct callback_text part)
{
    bool has_line = memchr(part.bytes, '\n', part.length) != NULL;
    if (part.bytes[0] == '\r') /* an empty line */
        return 400;
    if (!has_line && part.length > CALLBACK_TARGET_LIMIT + METHOD_LIMIT + VERSION_LENGTH + 2)
        return 414;
    return part.length >= CALLBACK_HEAD_LIMIT ? 431 : 0;
}

unsigned callback_request_parse(const char *bytes, size_t length, struct callback_request *out)
{
    const char *end = length > 0 ? memmem(bytes, length, "\r\n\r\n", 4) : NULL;
    struct callback_text head = {bytes, end != NULL ? (size_t)(end - bytes) + 2 : length};
    if (has_wrong_bytes(head))
        return 400;
    if (end == NULL)
        return length > 0 ? judge_part(head) : 0;
    if (head.length + 2 > CALLBACK_HEAD_LIMIT)
        return 431;
    struct callback_request request = {0};
    unsigned status = parse_request_line(next_line(&head), &request);
    while (status == 200 && head.length > 0)
        status = parse_header(next_line(&head), &request);
    if (status == 200)
        *out = request;
    return status;
}

static unsigned judge_target(struct callback_text target)
{
    if (target.length > CALLBACK_TARGET_LIMIT)
        return 414;
    if (target.length == 0 || target.bytes[0] != '/' || !is_printable(target))
        return 400;
    bool has_fragment = memchr(target.bytes, '#', target.length) != NULL;
    return has_fragment || memmem(target.bytes, target.length, "%00", 3) != NULL ? 400 : 200;
}

/* Without the port when that is the one of the scheme, as browsers write it. What has another port before it
 * is no host and stays as it is. */
static struct callback_text without_default_port(struct callback_text host, bool encrypted)
{
    struct callback_text port = {encrypted ? ":443" : ":80", encrypted ? 4 : 3};
    if (host.length <= port.length ||
        memcmp(host.bytes + host.length - port.length, port.bytes, port.length) != 0)
        return host;
    struct callback_text name = {host.bytes, host.length - port.length};
    bool is_name = memchr(name.bytes, ':', name.length) == NULL || name.bytes[name.length - 1] == ']';
    return is_name ? name : host;
}

static bool names_us(struct callback_text host, const struct callback_names *names)
{
    static const char *const ours[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < array_length(ours); i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "%s:%d", ours[i], names->port);
        if (equals_in_any_case(host, names->port == (names->encrypted ? HTTPS : HTTP) ? ours[i] : name))
            return true;
    }
    return false;
}

/* The redirect URL may be https in front of us where we speak http: the default port of either may be left
 * out. */
static bool names_extra(struct callback_text host, const char *extra_host)
{
    if (extra_host == NULL)
        return false;
    for (int encrypted = 0; encrypted <= 1; encrypted++) {
        struct callback_text extra = {extra_host, strlen(extra_host)};
        extra = without_default_port(extra, encrypted != 0);
        struct callback_text given = without_default_port(host, encrypted != 0);
        if (given.length == extra.length && strncasecmp(given.bytes, extra.bytes, given.length) == 0)
            return true;
    }
    return false;
}

unsigned callback_request_judge(const struct callback_request *request, const struct callback_names *names)
{
    unsigned status = judge_target(request->target);
    if (status != 200)
        return status;
    if (request->host_count != 1)
        return 400;
    if (!names_us(without_default_port(request->host, names->encrypted), names) &&
        !names_extra(request->host, names->extra_host))
        return 421;
    return equals(request->method, "GET") ? 200 : 405;
}
