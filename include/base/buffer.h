/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string with a maximum from birth. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/* DATA is NUL-terminated as soon as anything was appended; NULL before. {0} is valid and can hold nothing. */
struct buffer {
    char *data;
    size_t length, capacity, limit;
    bool secret; /* wiped when it grows and when it is released */
};

#define BUFFER(maximum) ((struct buffer){.limit = (maximum)})
#define BUFFER_SECRET(maximum) ((struct buffer){.limit = (maximum), .secret = true})

/* Each gives false, and appends nothing, when the result would be longer than the limit. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) must_check;
bool buffer_append_text(struct buffer *buffer, const char *text) must_check;
bool buffer_append_format(struct buffer *buffer, const char *format, ...) format_check(2, 3) must_check;
/* For building text whose size the caller has bounded: at the limit the program ends with an internal
 * error. */
void buffer_add(struct buffer *buffer, const char *text);
void buffer_add_format(struct buffer *buffer, const char *format, ...) format_check(2, 3);

/* The text so far, "" when nothing was appended. Borrowed. */
const char *buffer_text(const struct buffer *buffer);
/* Gives the text away (never NULL); the buffer is empty afterwards. */
char *buffer_steal(struct buffer *buffer) must_check;
/* Cuts to LENGTH, which is at most the present one (wipes the rest of a secret). */
void buffer_truncate(struct buffer *buffer, size_t length);
/* Empties but keeps the memory. */
void buffer_clear(struct buffer *buffer);
/* Frees (wipes) everything. Harmless twice. */
void buffer_release(struct buffer *buffer);
#define cleanup_buffer __attribute__((cleanup(buffer_release)))

#endif
