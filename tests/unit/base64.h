/* SPDX-License-Identifier: Apache-2.0 */
/* Standard base64, which the program only reads. */
#ifndef TESTS_BASE64_H
#define TESTS_BASE64_H

#include <string.h>

#include "base/encoding.h"

/* The caller owns it. */
static inline char *base64(const char *bytes, size_t length)
{
    char *text = memory_allocate((length + 2) / 3 * 4 + 1);
    encoding_base64url((const uint8_t *)bytes, length, text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    memcpy(text + strlen(text), "==", (3 - length % 3) % 3);
    return text;
}

#endif
