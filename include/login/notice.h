/* SPDX-License-Identifier: Apache-2.0 */
/* What a person should read while a login runs. */
#ifndef LOGIN_NOTICE_H
#define LOGIN_NOTICE_H

#include "base/error.h"
#include "base/memory.h"

enum notice_kind {
    NOTICE_INFO,    /* a line of its own */
    NOTICE_WARNING, /* the same, marked "warning: " */
    NOTICE_HINT,    /* the same, marked "hint: " */
    NOTICE_STATUS   /* the one line that is rewritten in place; "" removes it */
};
struct notice {
    void (*say)(void *context, enum notice_kind kind, const char *text);
    void *context;
};
void notice_say(const struct notice *notice, enum notice_kind kind, const char *format, ...)
    format_check(3, 4);
/* The hints of a FAILURE that was just told. */
void notice_say_hints(const struct notice *notice, const struct error *failure);

#endif
