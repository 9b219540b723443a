/* SPDX-License-Identifier: Apache-2.0 */
/* Binds a library's functions on first use, so that a path pays only for the libraries that it needs. */
#ifndef BASE_LATE_H
#define BASE_LATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The owner of a library lists the functions that it uses once:
 *
 *     #define CURL_FUNCTIONS(X) X(curl_easy_init) X(curl_easy_perform)
 *     static struct { CURL_FUNCTIONS(LATE_MEMBER) } curl;
 *     #define CURL_SYMBOL(function) LATE_SYMBOL(curl, function)
 *     static const struct late_symbol symbols[] = { CURL_FUNCTIONS(CURL_SYMBOL) };
 *     static const struct late_library library = {LATE_CURL, "libcurl4", symbols, array_length(symbols)};
 *     ...
 *     if (!late_bind(&library, err)) return false;
 *     handle = curl.curl_easy_init();
 *
 * The type of each pointer comes from the library's own header. With LATE_BINDING the table is filled by
 * dlopen of the soname found when the program was configured (LATE_CURL, LATE_MICROHTTPD, LATE_CRYPTO,
 * LATE_JWT, ...: string macros from the build) and dlsym, all symbols at once; in a linked build by address.
 */
struct late_symbol {
    const char *name;
    void **slot;
    void *address; /* linked build only */
};
struct late_library {
    const char *soname;  /* for example "libcurl.so.4" */
    const char *package; /* what to install when it is missing, for example "libcurl4" */
    const struct late_symbol *symbols;
    size_t count;
};
/* Cheap when bound already. On failure names the library, the symbol and the package (code "library"). */
bool late_bind(const struct late_library *library, struct error *err) must_check;

#define LATE_MEMBER(function) __typeof__(function) *function;
#ifdef LATE_BINDING
#define LATE_ADDRESS(function) NULL
#else
/* by way of a number: the type of a function without side effects counts as const */
#define LATE_ADDRESS(function) __extension__(void *)(uintptr_t)(function)
#endif
#define LATE_SYMBOL(table, function) {#function, (void **)&(table).function, LATE_ADDRESS(function)},

#endif
