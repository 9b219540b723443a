/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in: header lines and body, counted as they come. */
#include <string.h>
#include <strings.h>

#include "http_curl.h"

static void answer_keep(char **slot, const char *value, size_t length)
{
    if (*slot == NULL)
        *slot = memory_copy_bytes(value, length);
}

static void answer_keep_header(struct http_transfer *transfer, const char *line, size_t length)
{
    struct http_response *response = &transfer->response;
    const struct {
        const char *name;
        char **slot;
    } kept[] = {{"Content-Type", &response->content_type},
                {"Location", &response->location},
                {"Allow", &response->allow},
                {"Retry-After", &response->retry_after},
                {"X-authentik-id", &response->request_id},
                {"Date", &transfer->date},
                {"Content-Encoding", &transfer->encoding}};
    const char *colon = memchr(line, ':', length);
    if (colon == NULL)
        return;
    const char *value = colon + 1, *end = line + length;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (size_t i = 0; i < array_length(kept); i++)
        if ((size_t)(colon - line) == strlen(kept[i].name) &&
            strncasecmp(line, kept[i].name, strlen(kept[i].name)) == 0)
            answer_keep(kept[i].slot, value, (size_t)(end - value));
}

void http_answer_clear(struct http_transfer *transfer)
{
    bool sent = transfer->response.sent;
    http_response_release(&transfer->response);
    transfer->response = (struct http_response){.body = BUFFER_SECRET(transfer->request.limit), .sent = sent};
    memory_replace_text(&transfer->date, NULL);
    memory_replace_text(&transfer->encoding, NULL);
}

/* Every head is seen here: of a proxy's answer to CONNECT, of a 1xx, of the answer itself, and trailers after
 * the body. Only the last head counts; a status line begins a new one, an empty line ends it. */
size_t http_receive_header(char *data, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size_t length = size * count, all = length;
    transfer->head_size += length;
    if (transfer->head_size > HTTP_HEAD_LIMIT) {
        transfer->refusal = HTTP_HEAD_TOO_LARGE;
        return 0;
    }
    while (length > 0 && (data[length - 1] == '\n' || data[length - 1] == '\r'))
        length--;
    if (length > 5 && memcmp(data, "HTTP/", 5) == 0 && !transfer->in_head) {
        http_answer_clear(transfer);
        transfer->in_head = true;
    } else if (length == 0) {
        transfer->in_head = false;
    } else if (transfer->in_head) {
        answer_keep_header(transfer, data, length);
    }
    return all;
}

size_t http_receive_body(char *data, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    struct buffer *body = &transfer->response.body;
    size_t length = size * count, room = body->limit - body->length;
    bool fits = length <= room;
    if (fits && !(transfer->request.truncate && length == room))
        return buffer_append(body, data, length) ? length : 0;
    transfer->refusal = transfer->request.truncate ? HTTP_ENOUGH : HTTP_BODY_TOO_LARGE;
    if (transfer->request.truncate && !buffer_append(body, data, room))
        transfer->refusal = HTTP_BODY_TOO_LARGE;
    return 0;
}
