/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the two clocks and writes times for machines and for people. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/memory.h"

int64_t clock_wall(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

int64_t clock_monotonic(void)
{
    struct timespec now = {0};
#ifdef CLOCK_BOOTTIME
    if (clock_gettime(CLOCK_BOOTTIME, &now) == 0)
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
#endif
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_format_rfc3339(int64_t seconds, char out[static CLOCK_RFC3339_SIZE])
{
    const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
    if (seconds < 0)
        seconds = 0;
    time_t moment = (time_t)(seconds > last ? last : seconds);
    struct tm parts = {0};
    if (gmtime_r(&moment, &parts) == NULL ||
        strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, CLOCK_RFC3339_SIZE, "%s", "1970-01-01T00:00:00Z");
}

void clock_format_duration(int64_t seconds, char out[static CLOCK_DURATION_SIZE])
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    uint64_t left = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
    const char *sign = seconds < 0 ? "-" : "";
    size_t unit = 0;
    while (unit + 1 < array_length(units) && left < units[unit].seconds)
        unit++;
    uint64_t major = left / units[unit].seconds;
    uint64_t minor =
        unit + 1 < array_length(units) ? left % units[unit].seconds / units[unit + 1].seconds : 0;
    if (minor == 0)
        snprintf(out, CLOCK_DURATION_SIZE, "%s%" PRIu64 " %s", sign, major, units[unit].name);
    else
        snprintf(out, CLOCK_DURATION_SIZE, "%s%" PRIu64 " %s %" PRIu64 " %s", sign, major, units[unit].name,
                 minor, units[unit + 1].name);
}
