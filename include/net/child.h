/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a program, reaps it when it ends, and reads what it prints where that is wanted. */
#ifndef NET_CHILD_H
#define NET_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buffer.h"
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
    int output; /* before child_start: a pipe for its standard output, standard error stays ours; 0 for none
                 */
    child_ended *ended;
    void *context;
};
/* The file mode creation mask that programs are started with, when ours is stricter than the user's. */
void child_set_umask(mode_t mask);
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

/* What is run for its answer. All borrowed. */
struct child_command {
    const char *what;                /* "the command of --client-assertion-source", for messages */
    const struct text_list *words;   /* its argv */
    const char *path;                /* $PATH */
    const struct text_list *secrets; /* as in child_start; NULL for none */
    int timeout_seconds;
};
/* Runs a program to its end and appends its standard output to OUT, whose limit bounds it. What it says on
 * standard error is for people and goes to ours. One that fails, prints too much or takes too long is an
 * error (identity_token), and its whole session is ended with it; so is an interruption (interrupted). */
bool child_read_output(struct loop *loop, const struct child_command *command, struct buffer *out,
                       struct error *err) must_check;

#endif
