/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and judges the head of a request, strictly, before anybody else sees it. Computes only. */
#ifndef NET_CALLBACK_REQUEST_H
#define NET_CALLBACK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

enum {
    CALLBACK_TARGET_LIMIT = 8192, /* bytes of the request target */
    CALLBACK_HEAD_LIMIT = 16384   /* bytes of the whole head (security T-06) */
};

/* Borrowed bytes. */
struct callback_text {
    const char *bytes;
    size_t length;
};
struct callback_request {
    struct callback_text method, target, version;
    struct callback_text host; /* the last one */
    size_t host_count;
};
/* Reads a head (RFC 9112, without any of its leniencies: no bare LF, no folding, no leading empty line,
 * single spaces). Gives 0 when more bytes are needed, 200 when *OUT holds it (borrowing from BYTES), else the
 * status to refuse it with: 400, 414, 431. Wrong bytes are refused as soon as they are seen. */
unsigned callback_request_parse(const char *bytes, size_t length, struct callback_request *out);

/* Whom a request may name. EXTRA_HOST is host[:port], NULL for none. */
struct callback_names {
    int port;
    bool encrypted;
    const char *extra_host;
};
/* Gives 200, or the status to refuse it with: 400, 405, 414, 421 (security CB-05, CB-06, T-02). */
unsigned callback_request_judge(const struct callback_request *request, const struct callback_names *names);

/* What every answer carries besides its own (security CB-12). The list ends with a name of NULL. */
struct callback_header {
    const char *name, *value;
};
extern const struct callback_header callback_headers[];
/* The whole answer to a refused request. The caller owns it. */
char *callback_request_refusal(unsigned status) must_check;

#endif
