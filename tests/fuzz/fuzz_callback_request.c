/* SPDX-License-Identifier: Apache-2.0 */
/* A head that is taken is one GET for us, byte by byte, in however many pieces it arrived. */
#include "fuzz.h"

#include <string.h>

#include "net/callback_request.h"

static const struct callback_names names = {.port = 8000, .extra_host = "redirect.example:9000"};

static unsigned decide(const char *bytes, size_t length, struct callback_request *request)
{
    unsigned status = callback_request_parse(bytes, length, request);
    return status == 200 ? callback_request_judge(request, &names) : status;
}

static void check_taken(const char *bytes, size_t size, const struct callback_request *request)
{
    fuzz_check(size >= 4 && memcmp(bytes, "GET ", 4) == 0);
    fuzz_check(request->host_count == 1 && request->host.length > 0);
    fuzz_check(request->target.length > 0 && request->target.length <= CALLBACK_TARGET_LIMIT);
    fuzz_check(request->target.bytes == bytes + 4 && request->target.bytes[0] == '/');
    for (size_t i = 0; i < request->target.length; i++)
        fuzz_check(request->target.bytes[i] > ' ' && request->target.bytes[i] <= '~');
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    fuzz_check(end != NULL && end - bytes + 4 <= CALLBACK_HEAD_LIMIT);
    fuzz_check(memchr(bytes, '\0', (size_t)(end - bytes)) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct callback_request request = {0};
    const char *bytes = (const char *)data;
    unsigned status = decide(bytes, size, &request);
    fuzz_check(status == 0 || status == 200 || status == 400 || status == 405 || status == 414 ||
               status == 421 || status == 431);
    if (status == 200)
        check_taken(bytes, size, &request);
    /* No part of it gets another answer than "more", unless that is a refusal that the whole gets as well. */
    size_t step = size / 64 + 1;
    for (size_t length = 0; length < size; length += step) {
        struct callback_request part = {0};
        unsigned early = decide(bytes, length, &part);
        fuzz_check(early != 200 || status == 200);
        fuzz_check(early == 0 || early == 200 || status != 200);
    }
    return 0;
}
