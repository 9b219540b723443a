/* SPDX-License-Identifier: Apache-2.0 */
/* The one poll loop: transfers, sockets, signals, deadline, on curl_multi_poll. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* One per process. Opening it blocks SIGINT, SIGTERM and SIGHUP, closing restores the mask. */
struct loop;
bool loop_open(struct loop **out, struct error *err) must_check;
/* Every transfer must have been removed. */
void loop_close(struct loop *loop);
void loop_cleanup(struct loop **loop);
#define cleanup_loop __attribute__((cleanup(loop_cleanup)))

/* Calls READY from loop_run whenever FD has one of EVENTS (POLLIN, POLLOUT; POLLERR and POLLHUP always).
 * Watching an FD that is watched replaces its entry; unwatch before closing. READY and TICK may watch,
 * unwatch and start transfers. */
typedef void loop_ready(void *context, int fd, short events);
void loop_watch(struct loop *loop, int fd, short events, loop_ready *ready, void *context);
void loop_unwatch(struct loop *loop, int fd);

/* Calls TICK about every INTERVAL milliseconds while the loop runs. */
typedef void loop_tick(void *context);
void loop_every(struct loop *loop, int interval, loop_tick *tick, void *context);
/* Calls TICK once, MILLISECONDS from now, or as soon as the loop runs after that. */
void loop_after(struct loop *loop, int milliseconds, loop_tick *tick, void *context);
/* Forgets both kinds. */
void loop_never(struct loop *loop, loop_tick *tick, void *context);

/* Runs until *DONE, DEADLINE (clock_monotonic milliseconds) or an interruption: a signal, or nobody reads our
 * stdout any more (POLLERR), or our parent ended (security T-38, T-39). DONE goes before an interruption. An
 * interruption lasts: every later loop_run gives it at once, so that nobody can overlook it. LOOP_FAILED sets
 * ERR. At least one pass is made even when DEADLINE is over. */
enum loop_end { LOOP_DONE, LOOP_DEADLINE, LOOP_INTERRUPTED, LOOP_FAILED };
enum loop_end loop_run(struct loop *loop, const bool *done, int64_t deadline, struct error *err) must_check;

/* Between sending a rotating refresh token and saving its answer a first signal is remembered, not obeyed;
 * the second ends the wait (but no SIGHUP does: a closing terminal sends several). The end of our parent or
 * of stdout's reader waits as well. Releasing gives loop_run LOOP_INTERRUPTED at its next call when one was
 * remembered. Another signal that somebody sends, and that would end the program, does so after the release.
 */
void loop_hold_signals(struct loop *loop, bool hold);
/* For a process that is made to outlive its parent: that end is no interruption. */
void loop_outlive_parent(struct loop *loop);
/* True when a signal has come (also while held). */
bool loop_interrupted(const struct loop *loop);

/* For net/http alone: adds a curl easy handle; FINISHED is called from loop_run with its CURLcode. */
typedef void loop_finished(void *context, int curl_code);
bool loop_add_transfer(struct loop *loop, void *easy, loop_finished *finished, void *context,
                       struct error *err) must_check;
void loop_remove_transfer(struct loop *loop, void *easy);

#endif
