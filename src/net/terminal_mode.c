/* SPDX-License-Identifier: Apache-2.0 */
/* Switches echo off, and back on before a signal takes the process away. */
#include "terminal_mode.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"

/* All that end or stop a process by default, but for those that the loop reads (INT, TERM, HUP, QUIT) and
 * KILL and STOP; and the one that comes after a stop. */
static const int numbers[] = {SIGILL,    SIGTRAP, SIGABRT,   SIGBUS,  SIGFPE,  SIGUSR1, SIGSEGV,
                              SIGUSR2,   SIGALRM, SIGSTKFLT, SIGTSTP, SIGTTIN, SIGTTOU, SIGXCPU,
                              SIGVTALRM, SIGPROF, SIGIO,     SIGPWR,  SIGSYS,  SIGCONT};

/* Of the one terminal that a process has: a signal handler has no other way to know it. */
static struct {
    int fd;
    struct termios before, hidden;
    struct sigaction actions[array_length(numbers)];
    volatile sig_atomic_t is_hidden; /* whenever the terminal is ours */
    volatile sig_atomic_t is_known;  /* what was before */
} mode = {.fd = -1};

/* In the background the terminal is the shell's, and so is its mode. One that is nobody's has no groups. */
static bool is_ours(void)
{
    pid_t foreground = tcgetpgrp(mode.fd);
    return foreground < 0 || foreground == getpgrp();
}

/* SIGTTOU, for one who is sent to the background meanwhile, would come here again. */
static bool change(int when, const struct termios *to)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTTOU);
    sigprocmask(SIG_BLOCK, &set, &before);
    bool changed = !is_ours() || tcsetattr(mode.fd, when, to) == 0;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return changed;
}

/* Whoever is in the background sees the mode of the shell's own prompt, which must not be put back later. */
static bool hide(int when)
{
    if (!is_ours())
        return true;
    if (!mode.is_known && tcgetattr(mode.fd, &mode.before) != 0)
        return false;
    mode.is_known = 1;
    mode.hidden = mode.before;
    mode.hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    return change(when, &mode.hidden);
}

static void show(int when)
{
    if (mode.is_known)
        change(when, &mode.before);
}

static void restore_and_obey(int number);

static void hide_again(int number)
{
    int cause = errno;
    (void)number;
    terminal_mode_renew();
    errno = cause;
}

static void watch(size_t place)
{
    struct sigaction action = {.sa_handler = numbers[place] == SIGCONT ? hide_again : restore_and_obey,
                               .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(numbers[place], &action, &mode.actions[place]);
}

/* The signal does what it would have done; after a stop the question goes on. */
static void restore_and_obey(int number)
{
    int cause = errno;
    show(TCSANOW);
    for (size_t i = 0; i < array_length(numbers); i++) {
        if (numbers[i] != number)
            continue;
        sigaction(number, &mode.actions[i], NULL);
        raise(number);
        watch(i);
    }
    terminal_mode_renew();
    errno = cause;
}

bool terminal_mode_hide(int fd)
{
    struct termios now;
    if (mode.is_hidden || tcgetattr(fd, &now) != 0)
        return false;
    mode.fd = fd;
    mode.is_known = 0;
    for (size_t i = 0; i < array_length(numbers); i++)
        watch(i);
    mode.is_hidden = 1;
    if (hide(TCSAFLUSH))
        return true;
    terminal_mode_restore();
    return false;
}

void terminal_mode_renew(void)
{
    if (mode.is_hidden)
        hide(TCSANOW);
}

void terminal_mode_restore(void)
{
    if (!mode.is_hidden)
        return;
    mode.is_hidden = 0;
    show(TCSAFLUSH);
    for (size_t i = 0; i < array_length(numbers); i++)
        sigaction(numbers[i], &mode.actions[i], NULL);
}
