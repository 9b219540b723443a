/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into the keyring and what is believed of it, without a keyring. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/encoding.h"
#include "base/memory.h"
#include "base/text.h"
#include "session/keyring.h"

const char *keyring_value_fault(const char *value, size_t length)
{
    if (length == 0)
        return "is empty";
    if (length > KEYRING_VALUE_LIMIT)
        return "is longer than 64 KiB";
    for (size_t i = 0; i < length; i++)
        if (value[i] < 0x20 || value[i] > 0x7e)
            return "holds characters that no refresh token has";
    return NULL;
}

/* The last "/" of PATH before END that is not doubled; NULL when only the root is left. */
static char *last_slash(const char *path, size_t end)
{
    while (end > 0 && path[end - 1] != '/')
        end--;
    return end > 1 ? memory_copy_bytes(path, end - 1) : NULL;
}

char *keyring_directory_name(const char *path)
{
    char real[PATH_MAX];
    cleanup_string char *known = memory_copy_text(path);
    while (known != NULL && realpath(known, real) == NULL) {
        char *parent = last_slash(known, strlen(known));
        free(known);
        known = parent;
    }
    const char *rest = known != NULL ? path + strlen(known) : path;
    cleanup_string char *whole = known != NULL ? memory_format("%s%s", real, rest) : memory_copy_text(path);
    size_t length = strlen(whole);
    while (length > 1 && whole[length - 1] == '/')
        whole[--length] = '\0';
    if (text_is_plain(whole))
        return steal(whole);
    cleanup_string char *hex = memory_allocate(2 * length + 1);
    encoding_hex((const uint8_t *)whole, length, hex);
    return memory_format("hex:%s", hex);
}
