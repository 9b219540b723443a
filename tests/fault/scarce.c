/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded into the program: fails one allocation, or all from one on, and counts them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);

static atomic_long seen;
static long first = -1, last = -1;
static int report = -1;

__attribute__((constructor)) static void read_orders(void)
{
    const char *from = getenv("SCARCE_FROM"), *to = getenv("SCARCE_TO"), *file = getenv("SCARCE_REPORT");
    report = file != NULL ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    first = from != NULL ? strtol(from, NULL, 10) : -1;
    last = to != NULL ? strtol(to, NULL, 10) : -1;
    seen = 0;
}

__attribute__((destructor)) static void write_report(void)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%ld\n", (long)seen);
    if (report >= 0 && write(report, text, (size_t)length) < 0)
        return;
}

static int is_scarce(void)
{
    long number = ++seen;
    if (first < 0 || number < first || number > last)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return is_scarce() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_scarce() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
    return is_scarce() ? NULL : __libc_realloc(pointer, size);
}
