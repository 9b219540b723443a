/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is pasted: a code is taken only with our state or none, and never one that cannot be sent. */
#include "fuzz.h"

#include <string.h>

#include "login/paste.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct callback_expectation expected = {
        .path = "/", .state = "our-state", .issuer = "https://ak.example/"};
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    cleanup_string char *text = memory_copy_bytes((const char *)data, size);
    enum callback_verdict verdict = paste_read(text, strlen(text), &expected, &callback, &err);
    fuzz_check((verdict == CALLBACK_CODE) == (callback.code != NULL));
    fuzz_check((verdict == CALLBACK_ERROR || verdict == CALLBACK_REFUSED) == (err.code != ERROR_NONE));
    fuzz_check(callback.code == NULL ||
               (callback.code[0] != '\0' && strlen(callback.code) <= CALLBACK_CODE_LIMIT));
    for (const char *c = callback.code; c != NULL && *c != '\0'; c++)
        fuzz_check(*c >= 0x20 && *c <= 0x7e);
    return 0;
}
