/* SPDX-License-Identifier: Apache-2.0 */
/* The loop without transfers: descriptors, timers, deadline, nesting. */
#include "net/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ids.h"

enum { SOON = 2000 };

struct fixture {
    struct loop *loop;
    struct error err;
    bool done;
    unsigned calls;
    short events;
    int fd;
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_allocate(sizeof(*fixture));
    *state = fixture;
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

static void make_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
}

static void note_ready(void *context, int fd, short events)
{
    struct fixture *fixture = context;
    char byte;
    fixture->calls++;
    fixture->events = events;
    fixture->fd = fd;
    fixture->done = true;
    (void)!read(fd, &byte, 1);
}

static void finish(void *context)
{
    struct fixture *fixture = context;
    fixture->calls++;
    fixture->done = true;
}

static void count(void *context)
{
    struct fixture *fixture = context;
    fixture->calls++;
}

static void test_readable(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    make_pipe(ends);
    loop_watch(fixture->loop, ends[0], POLLIN, note_ready, fixture);
    assert_int_equal(run(fixture, 20), LOOP_DEADLINE);
    assert_int_equal(fixture->calls, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_int_equal(fixture->fd, ends[0]);
    assert_int_equal(fixture->events & POLLIN, POLLIN);
    fixture->done = false;
    close(ends[1]);
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_int_equal(fixture->events & POLLHUP, POLLHUP);
    loop_unwatch(fixture->loop, ends[0]);
    fixture->done = false;
    assert_int_equal(run(fixture, 20), LOOP_DEADLINE);
    assert_int_equal(fixture->calls, 2);
    close(ends[0]);
}

static void test_watch_replaces(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    make_pipe(ends);
    loop_watch(fixture->loop, ends[1], POLLIN, note_ready, fixture);
    assert_int_equal(run(fixture, 20), LOOP_DEADLINE);
    loop_watch(fixture->loop, ends[1], POLLOUT, note_ready, fixture);
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_int_equal(fixture->events, POLLOUT);
    loop_unwatch(fixture->loop, ends[1]);
    loop_unwatch(fixture->loop, ends[1]);
    close(ends[0]);
    close(ends[1]);
}

/* A descriptor that its owner closed while it was watched is reported once and forgotten; the loop does not
 * spin. */
static void test_closed_descriptor(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    make_pipe(ends);
    loop_watch(fixture->loop, ends[0], POLLIN, note_ready, fixture);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_int_equal(fixture->events, POLLNVAL);
    fixture->done = false;
    assert_int_equal(run(fixture, 30), LOOP_DEADLINE);
    assert_int_equal(fixture->calls, 1);
}

struct swap {
    struct fixture *fixture;
    int first, second;
};

/* Of two readable descriptors the first replaces the other by a silent one with the same number. */
static void swap_other(void *context, int fd, short events)
{
    struct swap *swap = context;
    int other = fd == swap->first ? swap->second : swap->first, ends[2];
    (void)events;
    loop_unwatch(swap->fixture->loop, fd);
    loop_unwatch(swap->fixture->loop, other);
    make_pipe(ends);
    assert_int_equal(dup2(ends[0], other), other);
    loop_watch(swap->fixture->loop, other, POLLIN, note_ready, swap->fixture);
    close(ends[0]);
}

static void test_stale_event(void **state)
{
    struct fixture *fixture = *state;
    int one[2], two[2];
    make_pipe(one);
    make_pipe(two);
    struct swap swap = {fixture, one[0], two[0]};
    assert_int_equal(write(one[1], "x", 1) + write(two[1], "x", 1), 2);
    loop_watch(fixture->loop, one[0], POLLIN, swap_other, &swap);
    loop_watch(fixture->loop, two[0], POLLIN, swap_other, &swap);
    /* The new descriptor's writer stays open, so it has nothing to report. */
    assert_int_equal(run(fixture, 30), LOOP_DEADLINE);
    assert_int_equal(fixture->calls, 0);
}

static void test_timers(void **state)
{
    struct fixture *fixture = *state;
    unsigned others = 0;
    int64_t start = clock_monotonic();
    loop_every(fixture->loop, 20, count, fixture);
    loop_after(fixture->loop, 10000, finish, &others);
    loop_never(fixture->loop, finish, &others);
    assert_int_equal(run(fixture, 300), LOOP_DEADLINE);
    assert_in_range(fixture->calls, 2, 15);
    assert_in_range(clock_monotonic() - start, 300, 9500);
    loop_never(fixture->loop, count, fixture);
    fixture->calls = 0;
    loop_after(fixture->loop, 30, finish, fixture);
    start = clock_monotonic();
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_in_range(clock_monotonic() - start, 29, SOON);
    fixture->done = false;
    assert_int_equal(run(fixture, 50), LOOP_DEADLINE);
    assert_int_equal(fixture->calls, 1);
}

static void add_another(void *context)
{
    struct fixture *fixture = context;
    loop_never(fixture->loop, add_another, fixture);
    loop_after(fixture->loop, 1, finish, fixture);
}

static void test_timer_changes_timers(void **state)
{
    struct fixture *fixture = *state;
    loop_every(fixture->loop, 1, add_another, fixture);
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_int_equal(fixture->calls, 1);
}

/* A deadline that is over still makes one pass, so that what is ready is seen. */
static void test_one_pass(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    make_pipe(ends);
    assert_int_equal(write(ends[1], "x", 1), 1);
    loop_watch(fixture->loop, ends[0], POLLIN, note_ready, fixture);
    assert_int_equal(run(fixture, -5), LOOP_DONE);
    assert_int_equal(run(fixture, -5), LOOP_DONE);
    assert_int_equal(fixture->calls, 1);
}

static void run_inside(void *context)
{
    struct fixture *fixture = context;
    bool never = false;
    loop_never(fixture->loop, run_inside, fixture);
    loop_every(fixture->loop, 1, count, fixture);
    assert_int_equal(loop_run(fixture->loop, &never, clock_monotonic() + 50, &fixture->err), LOOP_DEADLINE);
    fixture->done = true;
}

static void test_nested(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    make_pipe(ends);
    loop_watch(fixture->loop, ends[0], POLLIN, note_ready, fixture);
    loop_every(fixture->loop, 1, run_inside, fixture);
    assert_int_equal(run(fixture, SOON), LOOP_DONE);
    assert_in_range(fixture->calls, 1, 60);
    close(ends[0]);
    close(ends[1]);
}

#define with_loop(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_loop(test_readable),    with_loop(test_watch_replaces), with_loop(test_closed_descriptor),
        with_loop(test_stale_event), with_loop(test_timers),         with_loop(test_timer_changes_timers),
        with_loop(test_one_pass),    with_loop(test_nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
