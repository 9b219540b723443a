/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and how times are written. */
#include "ids.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

static bool without_boottime;

/* Stands before libc's: a kernel or a sandbox may not have every clock. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (without_boottime && clock == CLOCK_BOOTTIME) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_clock_gettime, clock, now);
}

static void test_wall(void **state)
{
    (void)state;
    int64_t now = clock_wall();
    assert_true(now > 1700000000 && now - time(NULL) <= 1 && time(NULL) - now <= 1);
}

static void test_monotonic(void **state)
{
    (void)state;
    struct timespec now;
    int64_t first = clock_monotonic();
    assert_int_equal(syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now), 0);
    int64_t second = clock_monotonic();
    int64_t between = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    assert_true(first <= between && between <= second);
    without_boottime = true;
    first = clock_monotonic();
    assert_int_equal(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now), 0);
    second = clock_monotonic();
    without_boottime = false;
    between = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    assert_true(first <= between && between <= second && first > 0);
}

static void test_rfc3339(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1, "1970-01-01T00:00:01Z"},
        {951782399, "2000-02-28T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1795284000, "2026-11-21T18:00:00Z"},
        {2147483647, "2038-01-19T03:14:07Z"},
        {2147483648, "2038-01-19T03:14:08Z"},
        {4294967296, "2106-02-07T06:28:16Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {253402300800, "9999-12-31T23:59:59Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z"},
        {-1, "1970-01-01T00:00:00Z"},
        {INT64_MIN, "1970-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        char text[CLOCK_RFC3339_SIZE];
        clock_format_rfc3339(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Every day of two centuries, then every 97th, as the C library counts them. */
static void test_rfc3339_calendar(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 2932897; day += day < 73049 ? 1 : 97) {
        time_t moment = (time_t)(day * 86400 + day % 86400);
        struct tm parts;
        char text[CLOCK_RFC3339_SIZE];
        char expected[CLOCK_RFC3339_SIZE];
        assert_non_null(gmtime_r(&moment, &parts));
        assert_int_equal(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &parts), 20);
        clock_format_rfc3339(moment, text);
        assert_string_equal(text, expected);
    }
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0 s"},
        {45, "45 s"},
        {60, "1 min"},
        {61, "1 min 1 s"},
        {3599, "59 min 59 s"},
        {3600, "1 h"},
        {3601, "1 h"},
        {12000, "3 h 20 min"},
        {86399, "23 h 59 min"},
        {86400, "1 d"},
        {180000, "2 d 2 h"},
        {-45, "-45 s"},
        {-12000, "-3 h 20 min"},
        {INT64_MAX, "106751991167300 d 15 h"},
        {INT64_MIN, "-106751991167300 d 15 h"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        char text[CLOCK_DURATION_SIZE];
        clock_format_duration(cases[i].seconds, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_parse_duration(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: no duration */
    } cases[] = {
        {"0", 0},
        {"90", 90},
        {"90s", 90},
        {"15m", 900},
        {"1h30m", 5400},
        {"1h5s", 3605},
        {"2d", 172800},
        {"1d1h1m1s", 90061},
        {"365d", 31536000},
        {"00000001m", 60},
        {"", -1},
        {"m", -1},
        {"-5", -1},
        {"5 m", -1},
        {" 5", -1},
        {"1m1h", -1},
        {"1m1m", -1},
        {"1h30", -1},
        {"1.5h", -1},
        {"5min", -1},
        {"366d", -1},
        {"365d1s", -1},
        {"99999999d", -1},
        {"123456789", -1},
        {"1w", -1},
        {"5M", -1},
        {"99999999999999999999h", -1},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        int64_t seconds = -1;
        assert_int_equal(clock_parse_duration(cases[i].text, &seconds), cases[i].seconds >= 0);
        assert_int_equal(seconds, cases[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall),     cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_rfc3339),  cmocka_unit_test(test_rfc3339_calendar),
        cmocka_unit_test(test_duration), cmocka_unit_test(test_parse_duration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
