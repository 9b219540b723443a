/* SPDX-License-Identifier: Apache-2.0 */
/* The debug log (-v): what was done, with whom, how long; never a secret at any level. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/memory.h"

/* 0 nothing, 1 steps and decisions, 2 requests (method, host, path, status, sizes), 3 names of parameters. */
void log_set_level(int level);
int log_level(void);
/* One line on stderr, by one write, with the time since the log was switched on, if LEVEL is on. Text from
 * outside must have gone through safe(). */
void log_line(int level, const char *format, ...) format_check(2, 3);
/* One line at level 3 with the names, and no value, of the parameters in FORM: name=value&..., or a URL from
 * its "?" on. */
void log_names(const char *what, const char *form);
/* For values that must be recognisable but not readable: the first 4 hexadecimal digits of their SHA-256. */
struct log_mark {
    char text[5];
};
struct log_mark log_mark(const char *secret);

#endif
