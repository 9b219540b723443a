/* SPDX-License-Identifier: Apache-2.0 */
/* The growing string: it doubles up to its limit, and a secret one leaves no copy behind when it moves. */
#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 64 };

static void fail_limit(void) __attribute__((noreturn, cold));

static void fail_limit(void)
{
    static const char line[] = "error: a text grew beyond its bound, this is a bug [internal]\n";
    if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
        _exit(1);
    _exit(1);
}

static void move_data(struct buffer *buffer, size_t capacity)
{
    if (!buffer->secret) {
        buffer->data = memory_resize(buffer->data, capacity);
        return;
    }
    char *moved = memory_allocate(capacity);
    if (buffer->data != NULL) {
        memcpy(moved, buffer->data, buffer->length + 1);
        memory_wipe(buffer->data, buffer->capacity);
        free(buffer->data);
    }
    buffer->data = moved;
}

/* Makes room for LENGTH more bytes and the NUL. */
static bool reserve(struct buffer *buffer, size_t length)
{
    if (buffer->limit == SIZE_MAX || length > buffer->limit || buffer->length > buffer->limit - length)
        return false;
    size_t needed = buffer->length + length + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    if (capacity > buffer->limit + 1)
        capacity = buffer->limit + 1;
    move_data(buffer, capacity);
    buffer->capacity = capacity;
    buffer->data[buffer->length] = '\0';
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (!reserve(buffer, length))
        return false;
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

static bool append_arguments(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Formats in place: a secret must not pass through memory that nobody wipes. */
static bool append_arguments(struct buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0 || !reserve(buffer, (size_t)length))
        return false;
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    buffer->length += (size_t)length;
    return true;
}

bool buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool fits = append_arguments(buffer, format, arguments);
    va_end(arguments);
    return fits;
}

void buffer_add(struct buffer *buffer, const char *text)
{
    if (!buffer_append_text(buffer, text))
        fail_limit();
}

void buffer_add_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool fits = append_arguments(buffer, format, arguments);
    va_end(arguments);
    if (!fits)
        fail_limit();
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data != NULL ? buffer->data : "";
}

char *buffer_steal(struct buffer *buffer)
{
    char *text = buffer->data != NULL ? buffer->data : memory_copy_text("");
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    return text;
}

void buffer_truncate(struct buffer *buffer, size_t length)
{
    if (length >= buffer->length)
        return;
    if (buffer->secret)
        memory_wipe(buffer->data + length, buffer->length - length);
    buffer->length = length;
    buffer->data[length] = '\0';
}

void buffer_clear(struct buffer *buffer)
{
    buffer_truncate(buffer, 0);
}

void buffer_release(struct buffer *buffer)
{
    if (buffer->secret)
        memory_wipe(buffer->data, buffer->capacity);
    free(buffer->data);
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
}
