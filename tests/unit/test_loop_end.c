/* SPDX-License-Identifier: Apache-2.0 */
/* How the loop is interrupted: by signals, by the end of stdout's reader, by the end of our parent. */
#include "net/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ids.h"

/* An idle machine needs a millisecond. */
enum { SOON = 2000, AT_ONCE = 1900 };

struct fixture {
    struct loop *loop;
    struct error err;
    bool done;
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_allocate(sizeof(*fixture));
    *state = fixture;
    /* A shell ignores it for what runs in the background. */
    signal(SIGINT, SIG_DFL);
    return loop_open(&fixture->loop, &fixture->err) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    loop_close(fixture->loop);
    free(fixture);
    return 0;
}

static enum loop_end run(struct fixture *fixture, int milliseconds)
{
    return loop_run(fixture->loop, &fixture->done, clock_monotonic() + milliseconds, &fixture->err);
}

static void test_signals(void **state)
{
    struct fixture *fixture = *state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    test_ids("T-38");
    loop_close(fixture->loop);
    for (size_t i = 0; i < array_length(signals); i++) {
        sigset_t mask;
        assert_true(loop_open(&fixture->loop, &fixture->err));
        assert_false(loop_interrupted(fixture->loop));
        raise(signals[i]);
        assert_true(loop_interrupted(fixture->loop));
        int64_t start = clock_monotonic();
        assert_int_equal(run(fixture, SOON), LOOP_INTERRUPTED);
        assert_in_range(clock_monotonic() - start, 0, AT_ONCE);
        assert_true(loop_interrupted(fixture->loop));
        assert_int_equal(run(fixture, SOON), LOOP_INTERRUPTED);
        fixture->done = true;
        assert_int_equal(run(fixture, SOON), LOOP_DONE);
        fixture->done = false;
        /* One more that nobody reads must not end the program when the mask is restored. */
        raise(signals[i]);
        loop_close(fixture->loop);
        sigprocmask(SIG_SETMASK, NULL, &mask);
        assert_int_equal(sigismember(&mask, signals[i]), 0);
    }
    assert_true(loop_open(&fixture->loop, &fixture->err));
}

/* As nohup sets it, for us and for what we start. */
static void test_ignored_signal(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-38");
    loop_close(fixture->loop);
    signal(SIGHUP, SIG_IGN);
    assert_true(loop_open(&fixture->loop, &fixture->err));
    raise(SIGHUP);
    assert_false(loop_interrupted(fixture->loop));
    assert_int_equal(run(fixture, 10), LOOP_DEADLINE);
    raise(SIGTERM);
    assert_int_equal(run(fixture, 10), LOOP_INTERRUPTED);
    signal(SIGHUP, SIG_DFL);
}

static void raise_interrupt(void *context)
{
    (void)context;
    raise(SIGINT);
}

static void test_signal_while_waiting(void **state)
{
    struct fixture *fixture = *state;
    int64_t start = clock_monotonic();
    loop_after(fixture->loop, 30, raise_interrupt, fixture);
    assert_int_equal(run(fixture, SOON), LOOP_INTERRUPTED);
    assert_in_range(clock_monotonic() - start, 29, 29 + AT_ONCE);
}

static void test_held_signal(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-38");
    loop_hold_signals(fixture->loop, true);
    raise(SIGINT);
    assert_int_equal(run(fixture, 30), LOOP_DEADLINE);
    assert_true(loop_interrupted(fixture->loop));
    loop_hold_signals(fixture->loop, false);
    assert_int_equal(run(fixture, 30), LOOP_INTERRUPTED);
}

static void test_second_signal_ends_the_hold(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-38");
    loop_hold_signals(fixture->loop, true);
    raise(SIGHUP);
    assert_int_equal(run(fixture, 10), LOOP_DEADLINE);
    raise(SIGHUP);
    assert_int_equal(run(fixture, 10), LOOP_DEADLINE);
    raise(SIGTERM);
    assert_int_equal(run(fixture, 10), LOOP_INTERRUPTED);
}

enum kind { ORDINARY, HOLDING, OUTLIVING };

/* In a child: runs the loop with the mouth of REPORT told how it ended. */
static void report_end(int report, enum kind kind)
{
    struct fixture fixture = {0};
    char end = 'f';
    if (loop_open(&fixture.loop, &fixture.err)) {
        loop_hold_signals(fixture.loop, kind == HOLDING);
        if (kind == OUTLIVING)
            loop_outlive_parent(fixture.loop);
        (void)!write(report, "r", 1);
        end = (char)('0' + (int)run(&fixture, kind == ORDINARY ? 10000 : 700));
        /* It must have slept, not looked at a lost reader again and again. */
        if (clock() > CLOCKS_PER_SEC / 4)
            end = 's';
    }
    (void)!write(report, &end, 1);
    _exit(0);
}

static char read_byte(int fd)
{
    char byte = '-';
    return read(fd, &byte, 1) == 1 ? byte : '-';
}

/* *END is how a loop ended whose stdout lost its reader; gives the milliseconds. */
static int64_t lose_reader(bool hold, char *end)
{
    int report[2], output[2];
    assert_int_equal(pipe(report) + pipe(output), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(output[1], STDOUT_FILENO);
        close(output[0]);
        close(output[1]);
        report_end(report[1], hold ? HOLDING : ORDINARY);
    }
    close(output[1]);
    assert_int_equal(read_byte(report[0]), 'r');
    int64_t start = clock_monotonic();
    close(output[0]);
    *end = read_byte(report[0]);
    waitpid(child, NULL, 0);
    close(report[0]);
    close(report[1]);
    return clock_monotonic() - start;
}

static void test_reader_gone(void **state)
{
    char end;
    (void)state;
    test_ids("T-39");
    assert_in_range(lose_reader(false, &end), 0, 9500);
    assert_int_equal(end, '0' + LOOP_INTERRUPTED);
    /* Not while a rotated refresh token is on its way. */
    assert_in_range(lose_reader(true, &end), 600, 9500);
    assert_int_equal(end, '0' + LOOP_DEADLINE);
}

/* Gives the milliseconds until a loop ended whose parent was killed; *END is how. */
static int64_t lose_parent(enum kind kind, char *end)
{
    int report[2];
    assert_int_equal(pipe(report), 0);
    pid_t parent = fork();
    assert_int_not_equal(parent, -1);
    if (parent == 0) {
        if (fork() == 0) {
            dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
            report_end(report[1], kind);
        }
        pause();
        _exit(0);
    }
    assert_int_equal(read_byte(report[0]), 'r');
    int64_t start = clock_monotonic();
    kill(parent, SIGKILL);
    *end = read_byte(report[0]);
    waitpid(parent, NULL, 0);
    close(report[0]);
    close(report[1]);
    return clock_monotonic() - start;
}

static void test_parent_gone(void **state)
{
    char end;
    (void)state;
    test_ids("T-39");
    assert_in_range(lose_parent(ORDINARY, &end), 0, 9500);
    assert_int_equal(end, '0' + LOOP_INTERRUPTED);
    assert_in_range(lose_parent(OUTLIVING, &end), 600, 9500);
    assert_int_equal(end, '0' + LOOP_DEADLINE);
}

#define with_loop(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_loop(test_signals),
        with_loop(test_ignored_signal),
        with_loop(test_signal_while_waiting),
        with_loop(test_held_signal),
        with_loop(test_second_signal_ends_the_hold),
        cmocka_unit_test(test_reader_gone),
        cmocka_unit_test(test_parent_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
