/* SPDX-License-Identifier: Apache-2.0 */
/* How long a session is good for, whatever either clock does. */
#include "session/session.h"

#include "base/memory.h"
#include "ids.h"

enum { OBTAINED = 1795284000, HOUR = 3600, DAY = 86400 };

static struct session session_of(int64_t issued_at, int64_t obtained_at, int64_t lifetime)
{
    return (struct session){.issued_at = issued_at,
                            .expires_at = issued_at + lifetime,
                            .obtained_at = obtained_at,
                            .lifetime = lifetime};
}

static void test_remaining_is_the_smaller_opinion(void **state)
{
    (void)state;
    test_ids("T-31");
    static const struct {
        int64_t skew;  /* the provider's clock minus ours, at the login */
        int64_t later; /* our clock, after the login */
        int64_t left;
    } cases[] = {
        {0, 0, HOUR},
        {0, 600, HOUR - 600},
        {0, HOUR, 0},
        {0, HOUR + 1, -1},
        {300, 600, HOUR - 600},
        {HOUR, 600, HOUR - 600},
        {DAY, 600, HOUR - 600}, /* theirs is ahead */
        {-300, 600, HOUR - 900},
        {-HOUR, 0, 0},
        {-DAY, 0, HOUR - DAY}, /* theirs is behind */
        {0, -60, HOUR},
        {0, -61, 0},
        {0, -300, 0}, /* ours was set back */
        {0, -HOUR, 0},
        {0, -DAY, 0},
        {DAY, -300, 0},
        {0, 300, HOUR - 300},
        {0, DAY, HOUR - DAY},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct session session = session_of(OBTAINED + cases[i].skew, OBTAINED, HOUR);
        int64_t left = session_remaining(&session, OBTAINED + cases[i].later);
        if (cases[i].later < 0 &&
            cases[i].later >= -60) /* within the tolerance: never more than the lifetime + 60 */
            assert_in_range(left, HOUR, HOUR + 60);
        else
            assert_int_equal(left, cases[i].left);
    }
}

static void test_far_years(void **state)
{
    (void)state;
    test_ids("T-31");
    static const int64_t moments[] = {
        2147483647,               /* 2038-01-19 */
        2147483648, 4294967295,   /* 2106-02-07 */
        4294967296, 253402300799, /* 9999-12-31 */
    };
    for (size_t i = 0; i < array_length(moments); i++) {
        struct session session = session_of(moments[i] - 10, moments[i] - 10, HOUR);
        assert_int_equal(session_remaining(&session, moments[i]), HOUR - 10);
        assert_false(session_wants_refresh(&session, moments[i]));
        assert_true(session_wants_refresh(&session, moments[i] + HOUR));
    }
}

static void test_absurd_numbers(void **state)
{
    (void)state;
    static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    for (size_t i = 0; i < array_length(extremes); i++) {
        for (size_t j = 0; j < array_length(extremes); j++) {
            struct session session = {
                .expires_at = extremes[i], .obtained_at = extremes[j], .lifetime = extremes[i]};
            int64_t left = session_remaining(&session, OBTAINED);
            if (extremes[i] <= 0)
                assert_true(left <= 0);
            assert_true(left > 0 || session_wants_refresh(&session, OBTAINED));
        }
    }
}

static void test_refresh_margin(void **state)
{
    (void)state;
    test_ids("REF-08 K7-31");
    static const struct {
        int64_t lifetime, left;
        bool wanted;
    } cases[] = {
        {HOUR, 61, false}, {HOUR, 60, false}, {HOUR, 59, true}, {HOUR, 1, true}, {HOUR, 0, true},
        {DAY, 60, false},  {DAY, 59, true},   {600, 60, false}, {600, 59, true}, {300, 31, false},
        {300, 30, false},  {300, 29, true},   {60, 6, false},   {60, 5, true},   {9, 1, false},
        {9, 0, true},      {1, 1, false},     {0, 0, true},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct session session = session_of(OBTAINED, OBTAINED, cases[i].lifetime);
        int64_t now = OBTAINED + cases[i].lifetime - cases[i].left;
        assert_int_equal(session_wants_refresh(&session, now), cases[i].wanted);
    }
}

static void test_release(void **state)
{
    (void)state;
    struct session session = {.token = memory_copy_text("t"), .refresh_token = memory_copy_text("r")};
    session.subject = memory_copy_text("s");
    session_release(&session);
    assert_null(session.token);
    assert_null(session.refresh_token);
    assert_null(session.subject);
    session_release(&session);
}

static void test_the_last_third(void **state)
{
    (void)state;
    static const struct {
        int64_t lifetime, age;
        bool ageing;
    } cases[] = {
        {HOUR, 0, false},   {HOUR, 2399, false}, {HOUR, 2400, true}, {HOUR, HOUR - 1, true},
        {HOUR, HOUR, true}, {HOUR, DAY, true},   {12, 7, false},     {12, 8, true},
        {1, 0, false},      {0, 0, true},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct session session = session_of(OBTAINED, OBTAINED, cases[i].lifetime);
        assert_int_equal(session_is_ageing(&session, OBTAINED + cases[i].age), cases[i].ageing);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remaining_is_the_smaller_opinion),
        cmocka_unit_test(test_far_years),
        cmocka_unit_test(test_absurd_numbers),
        cmocka_unit_test(test_refresh_margin),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_the_last_third),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
