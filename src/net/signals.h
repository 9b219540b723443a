/* SPDX-License-Identifier: Apache-2.0 */
/* SIGINT, SIGTERM, SIGHUP and SIGQUIT as a readable descriptor, for net/loop alone. */
#ifndef SRC_NET_SIGNALS_H
#define SRC_NET_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

struct signals {
    int fd;          /* readable when a signal waits */
    sigset_t before; /* the mask to restore */
    sigset_t unheld; /* the mask while nothing is held */
    bool holds;
    unsigned seen;    /* signals read so far */
    unsigned insists; /* those among them that a person or a supervisor repeats: not SIGHUP */
};

/* Blocks those of the signals that are not ignored and opens the descriptor. */
bool signals_open(struct signals *signals, struct error *err) must_check;
/* With HOLD the others that somebody may send, and that would end the program, wait as well, until HOLD is
 * false. */
void signals_hold(struct signals *signals, bool hold);
/* Reads what has come. */
void signals_read(struct signals *signals);
/* True when one was read or waits. */
bool signals_have_come(const struct signals *signals);
/* Swallows what waits (the program ends by status 0 or 1, never by a signal) and restores the mask. */
void signals_close(struct signals *signals);

#endif
