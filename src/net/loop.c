/* SPDX-License-Identifier: Apache-2.0 */
/* The poll loop: watched descriptors, timers and signals by poll, transfers by curl_multi_poll. */
#include "net/loop.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/late.h"
#include "base/memory.h"
#include "signals.h"

/* clang-format off */
#define CURL_FUNCTIONS(X)                                                      \
    X(curl_multi_init) X(curl_multi_cleanup)                                   \
    X(curl_multi_add_handle) X(curl_multi_remove_handle)                       \
    X(curl_multi_perform) X(curl_multi_poll)                                   \
    X(curl_multi_info_read) X(curl_multi_strerror)
/* clang-format on */
static struct {
    CURL_FUNCTIONS(LATE_MEMBER)
} curl;
#define CURL_SYMBOL(function) LATE_SYMBOL(curl, function)
static const struct late_symbol curl_symbols[] = {CURL_FUNCTIONS(CURL_SYMBOL)};
static const struct late_library curl_library = {LATE_CURL, "libcurl4", curl_symbols,
                                                 array_length(curl_symbols)};

/* How long a pass may wait when nothing happens: the end of our parent is seen by looking. */
enum { LOOP_GLANCE = 500 };

struct watch {
    int fd;
    short events;
    unsigned serial; /* an entry made after the poll must not get the events of its predecessor */
    loop_ready *ready;
    void *context;
};
struct timer {
    int64_t next;
    int interval; /* 0: once */
    loop_tick *tick;
    void *context;
};
struct transfer {
    void *easy;
    loop_finished *finished;
    void *context;
};
struct loop {
    CURLM *multi; /* NULL until the first transfer: a loop without one needs no libcurl */
    struct signals signals;
    pid_t parent; /* 0: its end does not matter */
    bool has_reader, reader_gone; /* stdout is a pipe or socket; nobody reads it any more */
    bool held;
    unsigned serial;
    struct watch *watches;
    size_t watch_count;
    struct timer *timers;
    size_t timer_count;
    struct transfer *transfers;
    size_t transfer_count;
};

bool loop_open(struct loop **out, struct error *err)
{
    struct signals signals;
    if (!signals_open(&signals, err))
        return false;
    struct loop *loop = memory_allocate(sizeof *loop);
    struct stat status;
    loop->signals = signals;
    loop->parent = getppid();
    loop->has_reader =
        fstat(STDOUT_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
    *out = loop;
    return true;
}

void loop_close(struct loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->multi != NULL)
        curl.curl_multi_cleanup(loop->multi);
    signals_close(&loop->signals);
    free(loop->watches);
    free(loop->timers);
    free(loop->transfers);
    free(loop);
}

void loop_cleanup(struct loop **loop)
{
    loop_close(*loop);
    *loop = NULL;
}

static struct watch *loop_find_watch(const struct loop *loop, int fd)
{
    for (size_t i = 0; i < loop->watch_count; i++)
        if (loop->watches[i].fd == fd)
            return &loop->watches[i];
    return NULL;
}

void loop_watch(struct loop *loop, int fd, short events, loop_ready *ready, void *context)
{
    struct watch *watch = loop_find_watch(loop, fd);
    if (watch == NULL) {
        loop->watches = memory_resize(loop->watches, (loop->watch_count + 1) * sizeof *loop->watches);
        watch = &loop->watches[loop->watch_count++];
    }
    *watch = (struct watch){fd, events, ++loop->serial, ready, context};
}

void loop_unwatch(struct loop *loop, int fd)
{
    struct watch *watch = loop_find_watch(loop, fd);
    if (watch != NULL)
        *watch = loop->watches[--loop->watch_count];
}

static void loop_add_timer(struct loop *loop, struct timer timer)
{
    loop->timers = memory_resize(loop->timers, (loop->timer_count + 1) * sizeof *loop->timers);
    loop->timers[loop->timer_count++] = timer;
}

void loop_every(struct loop *loop, int interval, loop_tick *tick, void *context)
{
    if (interval < 1)
        interval = 1;
    loop_add_timer(loop, (struct timer){clock_monotonic() + interval, interval, tick, context});
}

void loop_after(struct loop *loop, int milliseconds, loop_tick *tick, void *context)
{
    loop_add_timer(loop, (struct timer){clock_monotonic() + milliseconds, 0, tick, context});
}

void loop_never(struct loop *loop, loop_tick *tick, void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < loop->timer_count; i++)
        if (loop->timers[i].tick != tick || loop->timers[i].context != context)
            loop->timers[kept++] = loop->timers[i];
    loop->timer_count = kept;
}

/* No position in the list is kept across a call: a tick may add and forget timers. */
static void loop_run_timers(struct loop *loop)
{
    int64_t now = clock_monotonic();
    for (size_t i = 0; i < loop->timer_count;) {
        struct timer timer = loop->timers[i];
        if (timer.next > now) {
            i++;
            continue;
        }
        if (timer.interval > 0)
            loop->timers[i].next = now + timer.interval;
        else
            loop->timers[i] = loop->timers[--loop->timer_count];
        timer.tick(timer.context);
        i = 0;
    }
}

void loop_hold_signals(struct loop *loop, bool hold)
{
    loop->held = hold;
    signals_hold(&loop->signals, hold);
}

bool loop_interrupted(const struct loop *loop)
{
    return signals_have_come(&loop->signals);
}

static bool loop_must_stop(struct loop *loop)
{
    signals_read(&loop->signals);
    if (loop->held)
        return loop->signals.seen > 1 && loop->signals.insists > 0;
    bool orphaned = loop->parent != 0 && getppid() != loop->parent;
    return loop->signals.seen > 0 || loop->reader_gone || orphaned;
}

void loop_outlive_parent(struct loop *loop)
{
    loop->parent = 0;
}

static int loop_patience(const struct loop *loop, int64_t deadline)
{
    int64_t now = clock_monotonic();
    int64_t until = deadline - LOOP_GLANCE > now ? now + LOOP_GLANCE : deadline;
    for (size_t i = 0; i < loop->timer_count; i++)
        if (loop->timers[i].next < until)
            until = loop->timers[i].next;
    return until > now ? (int)(until - now) : 0;
}

/* What one pass polls: the signals, stdout, then the watches as they were when it began. */
struct pass {
    struct pollfd *fds;
    struct curl_waitfd *waits;
    unsigned *serials;
    unsigned count;
};

static void pass_add(struct pass *pass, int fd, short events, unsigned serial)
{
    short waits =
        (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) | (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
    pass->fds[pass->count] = (struct pollfd){fd, events, 0};
    pass->waits[pass->count] = (struct curl_waitfd){fd, waits, 0};
    pass->serials[pass->count] = serial;
    pass->count++;
}

static void pass_init(struct pass *pass, const struct loop *loop)
{
    size_t most = loop->watch_count + 2;
    *pass =
        (struct pass){memory_allocate(most * sizeof *pass->fds), memory_allocate(most * sizeof *pass->waits),
                      memory_allocate(most * sizeof *pass->serials), 0};
    pass_add(pass, loop->signals.fd, POLLIN, 0);
    for (size_t i = 0; i < loop->watch_count; i++)
        pass_add(pass, loop->watches[i].fd, loop->watches[i].events, loop->watches[i].serial);
    /* Last, because a reader that has gone is reported for ever: while held nobody would take notice of it.
     */
    if (loop->has_reader && !loop->held)
        pass_add(pass, STDOUT_FILENO, 0, 0);
}

static void pass_release(struct pass *pass)
{
    free(pass->fds);
    free(pass->waits);
    free(pass->serials);
}

static bool loop_wait(struct loop *loop, struct pass *pass, int patience, struct error *err)
{
    if (loop->multi != NULL) {
        CURLMcode code = curl.curl_multi_poll(loop->multi, pass->waits, pass->count, patience, NULL);
        if (code != CURLM_OK)
            return error_set(err, ERROR_INTERNAL, "cannot wait for the network: %s",
                             curl.curl_multi_strerror(code));
        /* libcurl does not hand out POLLERR and POLLHUP. */
        patience = 0;
    }
    if (poll(pass->fds, pass->count, patience) < 0 && errno != EINTR)
        return error_set(err, ERROR_INTERNAL, "cannot wait for the network: %s", strerror(errno));
    return true;
}

static void loop_dispatch(struct loop *loop, const struct pass *pass)
{
    for (unsigned i = 0; i < pass->count; i++) {
        const struct pollfd *polled = &pass->fds[i];
        struct watch *watch = loop_find_watch(loop, polled->fd);
        if (polled->revents == 0)
            continue;
        if (pass->serials[i] == 0 && polled->fd == STDOUT_FILENO)
            loop->reader_gone = true;
        if (watch == NULL || watch->serial != pass->serials[i])
            continue;
        struct watch called = *watch;
        if (polled->revents & POLLNVAL)
            loop_unwatch(loop, called.fd);
        called.ready(called.context, called.fd, polled->revents);
    }
}

static void loop_finish_transfer(struct loop *loop, CURL *easy, CURLcode code)
{
    for (size_t i = 0; i < loop->transfer_count; i++) {
        struct transfer transfer = loop->transfers[i];
        if (transfer.easy != easy)
            continue;
        loop_remove_transfer(loop, easy);
        transfer.finished(transfer.context, (int)code);
        return;
    }
}

static bool loop_run_transfers(struct loop *loop, struct error *err)
{
    int left;
    if (loop->multi == NULL)
        return true;
    CURLMcode code = curl.curl_multi_perform(loop->multi, &left);
    if (code != CURLM_OK)
        return error_set(err, ERROR_INTERNAL, "cannot run a transfer: %s", curl.curl_multi_strerror(code));
    for (;;) {
        CURLMsg *message = curl.curl_multi_info_read(loop->multi, &left);
        if (message == NULL)
            return true;
        if (message->msg == CURLMSG_DONE)
            loop_finish_transfer(loop, message->easy_handle, message->data.result);
    }
}

static bool loop_pass(struct loop *loop, int64_t deadline, struct error *err)
{
    struct pass pass;
    pass_init(&pass, loop);
    bool good = loop_wait(loop, &pass, loop_patience(loop, deadline), err);
    if (good)
        loop_dispatch(loop, &pass);
    pass_release(&pass);
    if (!good || !loop_run_transfers(loop, err))
        return false;
    loop_run_timers(loop);
    return true;
}

enum loop_end loop_run(struct loop *loop, const bool *done, int64_t deadline, struct error *err)
{
    for (;;) {
        if (*done)
            return LOOP_DONE;
        if (loop_must_stop(loop))
            return LOOP_INTERRUPTED;
        if (!loop_pass(loop, deadline, err))
            return LOOP_FAILED;
        if (!*done && clock_monotonic() >= deadline)
            return loop_must_stop(loop) ? LOOP_INTERRUPTED : LOOP_DEADLINE;
    }
}

bool loop_add_transfer(struct loop *loop, void *easy, loop_finished *finished, void *context,
                       struct error *err)
{
    if (loop->multi == NULL) {
        if (!late_bind(&curl_library, err))
            return false;
        loop->multi = curl.curl_multi_init();
        if (loop->multi == NULL)
            return error_set(err, ERROR_MEMORY, "cannot prepare transfers: out of memory");
    }
    CURLMcode code = curl.curl_multi_add_handle(loop->multi, easy);
    if (code != CURLM_OK)
        return error_set(err, ERROR_INTERNAL, "cannot start a transfer: %s", curl.curl_multi_strerror(code));
    loop->transfers = memory_resize(loop->transfers, (loop->transfer_count + 1) * sizeof *loop->transfers);
    loop->transfers[loop->transfer_count++] = (struct transfer){easy, finished, context};
    return true;
}

void loop_remove_transfer(struct loop *loop, void *easy)
{
    for (size_t i = 0; i < loop->transfer_count; i++) {
        if (loop->transfers[i].easy != easy)
            continue;
        curl.curl_multi_remove_handle(loop->multi, easy);
        loop->transfers[i] = loop->transfers[--loop->transfer_count];
        return;
    }
}
