/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks and how times are written. Below command/ and login/ time is an argument. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* Seconds since 1970, UTC. */
int64_t clock_wall(void);
/* Milliseconds that never jump; runs on during suspend (CLOCK_BOOTTIME where there is one). */
int64_t clock_monotonic(void);
/* "2026-11-21T18:00:00Z" (RFC 3339); years beyond 9999 are written as 9999-12-31T23:59:59Z. */
enum { CLOCK_RFC3339_SIZE = 21 };
void clock_format_rfc3339(int64_t seconds, char out[static CLOCK_RFC3339_SIZE]);
/* "3 h 20 min", "45 s": two units at most, for people. */
enum { CLOCK_DURATION_SIZE = 64 };
void clock_format_duration(int64_t seconds, char out[static CLOCK_DURATION_SIZE]);
/* Seconds of "90", "90s", "15m", "1h30m", "1d": whole numbers, falling units, each at most once, at most a
 * year. */
bool clock_parse_duration(const char *text, int64_t *seconds) must_check;

#endif
