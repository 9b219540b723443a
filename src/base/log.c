/* SPDX-License-Identifier: Apache-2.0 */
/* The debug log: one write per line, so that lines of processes that share a terminal do not mix. */
#include "base/log.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/sha256.h"

enum { NAMES_LEVEL = 3, NAMES_LIMIT = 1 << 16 };

static int current_level;
static int64_t started; /* when the log was switched on */

void log_set_level(int level)
{
    if (level == current_level) /* most calls log nothing, and need no page of memory for it */
        return;
    if (current_level == 0)
        started = clock_monotonic();
    current_level = level;
}

int log_level(void)
{
    return current_level;
}

void log_line(int level, const char *format, ...)
{
    if (level > current_level)
        return;
    char line[2048];
    int64_t elapsed = clock_monotonic() - started;
    int start =
        snprintf(line, sizeof(line), "latchkey: +%d.%03d ", (int)(elapsed / 1000), (int)(elapsed % 1000));
    size_t used = start > 0 ? (size_t)start : 0;
    size_t room = sizeof(line) - used - 1;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        used += (size_t)length < room ? (size_t)length : room - 1;
    line[used++] = '\n';
    if (write(STDERR_FILENO, line, used) < 0)
        return; /* a closed stderr must not end a login */
}

void log_names(const char *what, const char *form)
{
    cleanup_buffer struct buffer names = BUFFER(NAMES_LIMIT);
    if (current_level < NAMES_LEVEL)
        return;
    form += *form == '?';
    while (*form != '\0') {
        size_t length = strcspn(form, "&");
        if (!buffer_append_format(&names, "%s%.*s", names.length > 0 ? ", " : "", (int)strcspn(form, "=&"),
                                  form))
            break;
        form += length + (form[length] == '&');
    }
    log_line(NAMES_LEVEL, "%s: %s", what, buffer_text(&names));
}

struct log_mark log_mark(const char *secret)
{
    struct log_mark mark = {.text = ""};
    if (secret == NULL)
        return mark;
    uint8_t digest[SHA256_SIZE];
    sha256(secret, strlen(secret), digest);
    encoding_hex(digest, 2, mark.text);
    return mark;
}
