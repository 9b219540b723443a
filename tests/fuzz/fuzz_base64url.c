/* SPDX-License-Identifier: Apache-2.0 */
/* What base64url and base64 decode encodes to the very text that was given: one spelling per value. */
#include "fuzz.h"

#include <string.h>

#include "../unit/base64.h"

enum { LIMIT = 1 << 16 };

static void check_base64url(const char *text, size_t size)
{
    cleanup_buffer struct buffer out = BUFFER(LIMIT);
    fuzz_check(buffer_append_text(&out, "kept"));
    if (!encoding_base64url_decode(text, size, &out)) {
        fuzz_check(strcmp(buffer_text(&out), "kept") == 0 && out.length == 4);
        return;
    }
    size_t length = out.length - 4;
    cleanup_string char *again = memory_allocate(BASE64URL_SIZE(length));
    encoding_base64url((const uint8_t *)out.data + 4, length, again);
    fuzz_check(strlen(again) == size && memcmp(again, text, size) == 0);
}

static void check_base64(const char *text, size_t size)
{
    cleanup_buffer struct buffer out = BUFFER(LIMIT);
    if (!encoding_base64_decode(text, size, &out)) {
        fuzz_check(out.length == 0);
        return;
    }
    cleanup_string char *again = base64(buffer_text(&out), out.length);
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\r' && text[i] != '\n')
            fuzz_check(again[at] != '\0' && again[at++] == text[i]);
    }
    fuzz_check(again[at] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_base64url((const char *)data, size);
    check_base64((const char *)data, size);
    return 0;
}
