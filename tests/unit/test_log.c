/* SPDX-License-Identifier: Apache-2.0 */
/* The debug log: levels, one write per line, marks that do not give a secret away. */
#include "ids.h"

#include "scratch.h"

#include "base/log.h"

/* Calls log_line with stderr as a pipe that keeps the writes apart; gives the first write, and whether it was
 * the only. */
static bool log_to_pipe(int level, const char *text, char *first, size_t size)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK), 0);
    int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    log_line(level, "value '%s' of %d", text, 7);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t got = read(ends[0], first, size - 1);
    first[got > 0 ? got : 0] = '\0';
    char more;
    bool only = read(ends[0], &more, 1) <= 0;
    close(ends[0]);
    return only;
}

static void test_levels(void **state)
{
    (void)state;
    char line[4096];
    assert_int_equal(log_level(), 0);
    for (int on = 0; on <= 3; on++) {
        log_set_level(on);
        assert_int_equal(log_level(), on);
        for (int level = 1; level <= 3; level++) {
            assert_true(log_to_pipe(level, "x", line, sizeof(line)));
            assert_int_equal(line[0] != '\0', level <= on);
        }
    }
}

static void test_line(void **state)
{
    (void)state;
    char line[4096];
    int seconds = -1;
    int millis = -1;
    char rest[64] = "";
    log_set_level(1);
    assert_true(log_to_pipe(1, "x", line, sizeof(line)));
    assert_memory_equal(line, "latchkey: +", 11);
    char *end = NULL;
    seconds = (int)strtol(line + 11, &end, 10);
    assert_int_equal(*end, '.');
    millis = (int)strtol(end + 1, &end, 10);
    snprintf(rest, sizeof(rest), "%s", end);
    assert_true(seconds >= 0 && seconds < 60 && millis >= 0 && millis < 1000);
    assert_string_equal(rest, " value 'x' of 7\n");
}

static void test_long_line(void **state)
{
    (void)state;
    char text[5000];
    char line[8192];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_set_level(1);
    assert_true(log_to_pipe(1, text, line, sizeof(line)));
    size_t length = strlen(line);
    assert_true(length > 1000 && length <= 2048);
    assert_string_equal(line + length - 2, "x\n");
    assert_ptr_equal(strchr(line, '\n'), line + length - 1);
}

static void test_mark(void **state)
{
    (void)state;
    test_ids("T-25");
    assert_string_equal(log_mark("abc").text, "ba78");
    assert_string_equal(log_mark("").text, "e3b0");
    assert_string_equal(log_mark(NULL).text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
