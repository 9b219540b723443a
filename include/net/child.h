/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a program that is not waited for, and reaps it when it ends. */
#ifndef NET_CHILD_H
#define NET_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "net/loop.h"

/* STATUS as waitpid gives it, AGE in milliseconds. */
typedef void child_ended(void *context, int status, int64_t age);
struct child {
    struct loop *loop; /* NULL when nothing runs */
    pid_t pid;
    int fd; /* pidfd; -1 where the system has none */
    int64_t started;
    child_ended *ended;
    void *context;
};
/* Runs PROGRAM with the words as its argv: a session of its own, default signals, none blocked, our
 * environment without the variables named in SECRETS (NULL for none), standard input and output on /dev/null,
 * standard error too unless the log is on, no other descriptor. *CHILD stays where it is until child_forget.
 * On failure gives the errno, else 0. */
int child_start(struct child *child, const char *program, const struct text_list *words,
                const struct text_list *secrets) must_check;
/* Calls ENDED from the loop, once, when it ended. */
void child_watch(struct child *child, struct loop *loop, child_ended *ended, void *context);
/* Stops watching; the program stays. Harmless twice. */
void child_forget(struct child *child);

#endif
