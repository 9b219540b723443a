/* SPDX-License-Identifier: Apache-2.0 */
/* Errors in a fixed struct: text that does not fit is cut visibly, a hint that does not fit is left out. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
#define ERROR_NAME(identifier, name) name,
    ERROR_CODES(ERROR_NAME)
#undef ERROR_NAME
};

/* Ends TEXT, which wanted LENGTH bytes, with "..." at a character boundary when they do not fit into SIZE. */
static void mark_cut(char *text, size_t size, size_t length)
{
    if (length < size)
        return;
    size_t cut = size - sizeof("...");
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
        cut--;
    memcpy(text + cut, "...", sizeof("..."));
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
    /* an argument may be the message of this very error */
    char message[sizeof(err->message)] = "";
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    mark_cut(message, sizeof(message), length > 0 ? (size_t)length : 0);
    err->code = code;
    memcpy(err->message, message, sizeof(message));
    err->hint[0] = '\0';
    return false;
}

bool error_hint(struct error *err, const char *format, ...)
{
    char line[sizeof(err->hint)] = "";
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (written <= 0)
        return false;
    size_t length = (size_t)written;
    size_t used = strlen(err->hint);
    size_t separator = used > 0 ? 1 : 0;
    if (used + separator + length >= sizeof(err->hint))
        return false;
    if (separator > 0)
        err->hint[used] = '\n';
    memcpy(err->hint + used + separator, line, length + 1);
    return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
    char prefix[sizeof(err->message)] = "";
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(prefix, sizeof(prefix), format, arguments);
    va_end(arguments);
    mark_cut(prefix, sizeof(prefix), written > 0 ? (size_t)written : 0);
    char message[sizeof(err->message) * 2 + 2];
    int length = snprintf(message, sizeof(message), "%s: %s", prefix, err->message);
    mark_cut(message, sizeof(err->message), length > 0 ? (size_t)length : 0);
    memcpy(err->message, message, sizeof(err->message));
    err->message[sizeof(err->message) - 1] = '\0';
    return false;
}

const char *error_code_name(enum error_code code)
{
    return (size_t)code < array_length(code_names) ? code_names[code] : "internal";
}

bool error_is_network(const struct error *err)
{
    return err->code == ERROR_NETWORK || err->code == ERROR_TLS || err->code == ERROR_TIMEOUT;
}

bool error_is_temporary(const struct error *err)
{
    return error_is_network(err) || err->code == ERROR_SERVER;
}

void error_clear(struct error *err)
{
    err->code = ERROR_NONE;
    err->message[0] = '\0';
    err->hint[0] = '\0';
}
