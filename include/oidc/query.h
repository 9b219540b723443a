/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a query string, decoded strictly, with repeats kept for the caller to judge. */
#ifndef OIDC_QUERY_H
#define OIDC_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

struct query_parameter {
    char *name, *value; /* values may be secret: wiped on release */
};
struct query {
    struct query_parameter *items;
    size_t count;
};
enum { QUERY_PARAMETERS_LIMIT = 64 };
/* TEXT is what follows '?'. False on a bad escape, a decoded NUL or more than QUERY_PARAMETERS_LIMIT
 * parameters. Empty parameters ("&&") are skipped; a name without '=' has the value "". OUT is released by
 * the caller on success only. */
bool query_parse(const char *text, size_t length, struct query *out) must_check;
/* The value of the first parameter of that name, borrowed; NULL when absent. */
const char *query_get(const struct query *query, const char *name);
/* How often the name occurs. */
size_t query_count(const struct query *query, const char *name);
void query_release(struct query *query);
#define cleanup_query __attribute__((cleanup(query_release)))

#endif
