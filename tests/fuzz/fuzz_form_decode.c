/* SPDX-License-Identifier: Apache-2.0 */
/* A form value decodes to text without NUL, and encoding that text again decodes to the same. */
#include "fuzz.h"

#include <string.h>

#include "base/encoding.h"

enum { LIMIT = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buffer struct buffer value = BUFFER(LIMIT);
    if (!encoding_form_decode((const char *)data, size, &value)) {
        fuzz_check(value.length == 0);
        return 0;
    }
    fuzz_check(value.length <= size && strlen(buffer_text(&value)) == value.length);
    cleanup_buffer struct buffer form = BUFFER(3 * LIMIT);
    cleanup_buffer struct buffer percent = BUFFER(3 * LIMIT);
    cleanup_buffer struct buffer again = BUFFER(LIMIT);
    encoding_form(buffer_text(&value), &form);
    encoding_percent(buffer_text(&value), &percent);
    fuzz_check(strpbrk(buffer_text(&form), " &=?#/\"'<>\r\n") == NULL);
    fuzz_check(strpbrk(buffer_text(&percent), " +&=?#/\"'<>\r\n") == NULL);
    fuzz_check(encoding_form_decode(buffer_text(&form), form.length, &again));
    fuzz_check(again.length == value.length && strcmp(buffer_text(&again), buffer_text(&value)) == 0);
    buffer_clear(&again);
    fuzz_check(encoding_form_decode(buffer_text(&percent), percent.length, &again));
    fuzz_check(again.length == value.length && strcmp(buffer_text(&again), buffer_text(&value)) == 0);
    return 0;
}
