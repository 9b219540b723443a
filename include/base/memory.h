/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that never fails, ownership that frees itself, secrets that are wiped. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define must_check __attribute__((warn_unused_result))
#define format_check(text, first) __attribute__((format(printf, text, first)))

/* Our own allocations end the process with one line on stderr and status 1 when memory is out: the program
 * is short-lived, and nothing on disk can be torn because files are only ever replaced by rename. */

/* Gives SIZE zeroed bytes. The caller owns them. */
void *memory_allocate(size_t size) must_check;
/* Grows or shrinks POINTER, which is consumed. New bytes are not initialised. */
void *memory_resize(void *pointer, size_t size) must_check;
/* Gives a copy of TEXT; NULL gives NULL. */
char *memory_copy_text(const char *text) must_check;
/* Gives a NUL-terminated copy of LENGTH bytes. */
char *memory_copy_bytes(const char *bytes, size_t length) must_check;
/* Gives the formatted text. */
char *memory_format(const char *format, ...) format_check(1, 2) must_check;
char *memory_format_list(const char *format, va_list arguments) format_check(1, 0) must_check;

/* Overwrites SIZE bytes in a way that the compiler cannot remove. NULL is harmless. */
void memory_wipe(void *pointer, size_t size);
/* Wipes and frees a secret text. NULL is harmless. */
void memory_free_secret(char *text);
/* Frees *TEXT, puts a copy of VALUE (may be NULL) in its place. */
void memory_replace_text(char **text, const char *value);

/* Cleanup attributes for owned locals: `cleanup_string char *url = NULL;`. */
void memory_cleanup_string(char **text);
void memory_cleanup_secret(char **text);
void memory_cleanup_fd(int *fd);
#define cleanup_string __attribute__((cleanup(memory_cleanup_string)))
#define cleanup_secret __attribute__((cleanup(memory_cleanup_secret)))
#define cleanup_fd __attribute__((cleanup(memory_cleanup_fd)))

/* Gives an owned pointer away: the local becomes NULL and its cleanup has nothing to do. */
#define steal(pointer)                                                                                       \
    (__extension__({                                                                                         \
        __typeof__(*(pointer)) *stolen_ = (pointer);                                                         \
        (pointer) = NULL;                                                                                    \
        stolen_;                                                                                             \
    }))
/* The same for a descriptor: the local becomes -1. */
static inline int steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

#define array_length(array) (sizeof(array) / sizeof((array)[0]))

#endif
