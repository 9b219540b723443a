/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the two clocks and writes times for machines and for people. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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

struct date {
    unsigned year, month, day;
};

/* DAY counts from 1970-01-01. Years are taken to begin in March, so that the leap day ends them and months
 * follow a line. The C library would read the time zone's file for this. */
static struct date date_of_day(int64_t day)
{
    uint64_t shifted = (uint64_t)day + 719468; /* days since 0000-03-01 */
    uint64_t era = shifted / 146097, in_era = shifted % 146097;
    uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * in_year + 2) / 153;
    struct date date = {.day = (unsigned)(in_year - (153 * month + 2) / 5 + 1),
                        .month = (unsigned)(month < 10 ? month + 3 : month - 9)};
    date.year = (unsigned)(year + era * 400 + (date.month <= 2));
    return date;
}

static void put_digits(char *out, unsigned number)
{
    out[0] = (char)('0' + number / 10 % 10);
    out[1] = (char)('0' + number % 10);
}

void clock_format_rfc3339(int64_t seconds, char out[static CLOCK_RFC3339_SIZE])
{
    const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
    if (seconds < 0)
        seconds = 0;
    if (seconds > last)
        seconds = last;
    struct date date = date_of_day(seconds / 86400);
    unsigned second = (unsigned)(seconds % 86400);
    memcpy(out, "0000-00-00T00:00:00Z", CLOCK_RFC3339_SIZE);
    put_digits(out, date.year / 100);
    put_digits(out + 2, date.year % 100);
    put_digits(out + 5, date.month);
    put_digits(out + 8, date.day);
    put_digits(out + 11, second / 3600);
    put_digits(out + 14, second / 60 % 60);
    put_digits(out + 17, second % 60);
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

bool clock_parse_duration(const char *text, int64_t *seconds)
{
    static const struct {
        char name;
        int64_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    const int64_t most = INT64_C(365) * 86400;
    const char *at = text;
    int64_t sum = 0;
    for (size_t unit = 0; *at != '\0'; unit++) {
        int64_t number = 0;
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 8)
            return false;
        for (size_t i = 0; i < digits; i++)
            number = number * 10 + (at[i] - '0');
        at += digits;
        char name = *at == '\0' && unit == 0 ? 's' : *at;
        while (unit < array_length(units) && units[unit].name != name)
            unit++;
        if (unit == array_length(units))
            return false;
        sum += number * units[unit].seconds;
        at += *at != '\0';
    }
    if (at == text || sum > most)
        return false;
    *seconds = sum;
    return true;
}
