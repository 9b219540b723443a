/* SPDX-License-Identifier: Apache-2.0 */
/* Where connections begin: nobody can keep the door shut for the browser (security T-06, T-07). */
#ifndef NET_CALLBACK_GATE_H
#define NET_CALLBACK_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/callback_request.h"

/* A new connection is held here, its bytes only looked at (MSG_PEEK), until the head of its request is
 * complete and passed net/callback_request; then it is given to the HTTP library. With TLS it is given away
 * at once, and the library's caller judges the request. Either way it stays in this table until it is
 * forgotten: at 48 connections the oldest is ended for a new one unless it just came (the new one queues
 * then), and anything older than 5 s is ended. A waiting request is exempt. */
enum {
    CALLBACK_GATE_BUSY = 48,       /* connections that may be at work at once */
    CALLBACK_GATE_WAITING = 8,     /* requests that may wait at once */
    CALLBACK_GATE_PATIENCE = 5000, /* milliseconds until the answer */
    CALLBACK_GATE_LOOKS = 256,     /* pieces in which a head may come: every look begins at its start */
    CALLBACK_GATE_GRACE = 200,     /* milliseconds that a crowd leaves to everybody */
    CALLBACK_GATE_SIZE = 64
};
enum callback_phase {
    CALLBACK_PHASE_FREE,
    CALLBACK_PHASE_HEAD,    /* held here */
    CALLBACK_PHASE_GIVEN,   /* with the HTTP library */
    CALLBACK_PHASE_WAITING, /* the same, exempt */
    CALLBACK_PHASE_ENDED    /* the same, shut down: the library is about to notice */
};
struct callback_connection {
    int fd;
    int64_t since;        /* clock_monotonic */
    unsigned long serial; /* many come within a millisecond */
    enum callback_phase phase;
    unsigned looks;
};
/* Takes the connection over. False when it could not (the descriptor is closed then). */
typedef bool callback_gate_pass(void *context, int fd);

struct callback_gate {
    int epoll; /* readable when something is to be done */
    const int *listeners;
    size_t listener_count;
    struct callback_names names;
    callback_gate_pass *pass;
    void *context;
    unsigned long serial;
    bool is_paused; /* nobody is accepted until the next sweep */
    struct callback_connection connections[CALLBACK_GATE_SIZE];
};
/* LISTENERS and what NAMES points to are borrowed. */
bool callback_gate_open(struct callback_gate *gate, const int *listeners, size_t count, struct error *err)
    must_check;
/* Does what is to be done now. */
void callback_gate_run(struct callback_gate *gate);
/* Ends what is too old; to be called a few times per second. */
void callback_gate_sweep(struct callback_gate *gate);
/* To be called before the library closes a descriptor. */
void callback_gate_forget(struct callback_gate *gate, int fd);
/* Exempts the connection; false when too many wait already. */
bool callback_gate_wait(struct callback_gate *gate, int fd) must_check;
/* The opposite of callback_gate_wait; its 5 s begin now. */
void callback_gate_resume(struct callback_gate *gate, int fd);
/* Closes what it holds; not what was given away. */
void callback_gate_release(struct callback_gate *gate);

#endif
