/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the program when memory is out, and wiping of secrets. */
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail_memory(void) __attribute__((noreturn, cold));

static void fail_memory(void)
{
    static const char line[] = "error: out of memory [memory]\n";
    if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
        _exit(1);
    _exit(1);
}

void *memory_allocate(size_t size)
{
    void *pointer = calloc(1, size > 0 ? size : 1);
    if (pointer == NULL)
        fail_memory();
    return pointer;
}

void *memory_resize(void *pointer, size_t size)
{
    void *resized = realloc(pointer, size > 0 ? size : 1);
    if (resized == NULL)
        fail_memory();
    return resized;
}

char *memory_copy_text(const char *text)
{
    return text != NULL ? memory_copy_bytes(text, strlen(text)) : NULL;
}

char *memory_copy_bytes(const char *bytes, size_t length)
{
    if (length == SIZE_MAX)
        fail_memory();
    char *copy = memory_allocate(length + 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

/* Appends to OUT (NULL: only counts) what FORMAT, whose conversions are all %s, gives. */
static size_t join(const char *format, va_list arguments, char *out)
{
    size_t length = 0;
    for (const char *c = format; *c != '\0'; c++) {
        const char *part = *c == '%' ? va_arg(arguments, const char *) : c;
        if (part == NULL)
            part = "(null)"; /* as printf has it */
        size_t size = *c == '%' ? strlen(part) : 1;
        if (out != NULL)
            memcpy(out + length, part, size);
        length += size;
        c += *c == '%';
    }
    return length;
}

static bool has_only_text(const char *format)
{
    for (const char *percent = strchr(format, '%'); percent != NULL; percent = strchr(percent + 2, '%'))
        if (percent[1] != 's')
            return false;
    return true;
}

/* Plain joining needs nothing of printf, whose code and tables the cached path would have to map. */
static char *join_text(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    char *text = memory_allocate(join(format, arguments, NULL) + 1);
    join(format, again, text);
    va_end(again);
    return text;
}

char *memory_format_list(const char *format, va_list arguments)
{
    char *text = NULL;
    if (has_only_text(format))
        return join_text(format, arguments);
    if (vasprintf(&text, format, arguments) < 0)
        fail_memory();
    return text;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = memory_format_list(format, arguments);
    va_end(arguments);
    return text;
}

void memory_wipe(void *pointer, size_t size)
{
    if (pointer != NULL && size > 0)
        explicit_bzero(pointer, size);
}

void memory_free_secret(char *text)
{
    if (text == NULL)
        return;
    memory_wipe(text, strlen(text));
    free(text);
}

void memory_replace_text(char **text, const char *value)
{
    char *copy = memory_copy_text(value);
    free(*text);
    *text = copy;
}

void memory_cleanup_string(char **text)
{
    free(*text);
    *text = NULL;
}

void memory_cleanup_secret(char **text)
{
    memory_free_secret(*text);
    *text = NULL;
}

void memory_cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
