/* SPDX-License-Identifier: Apache-2.0 */
/* Switches echo off, and back on before a signal takes the process away. */
#include "terminal_mode.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>

#include "base/memory.h"

/* All that end or stop a process by default, but for those that the loop reads (INT, TERM, HUP, QUIT) and
 * KILL and STOP. */
static const int numbers[] = {SIGILL,    SIGTRAP, SIGABRT,   SIGBUS,  SIGFPE,  SIGUSR1, SIGSEGV,
                              SIGUSR2,   SIGALRM, SIGSTKFLT, SIGTSTP, SIGTTIN, SIGTTOU, SIGXCPU,
                              SIGVTALRM, SIGPROF, SIGIO,     SIGPWR,  SIGSYS};

/* Of the one terminal that a process has: a signal handler has no other way to know it. */
static struct {
    int fd;
    struct termios before, hidden;
    struct sigaction actions[array_length(numbers)];
    volatile sig_atomic_t is_hidden;
} mode = {.fd = -1};

static void restore_and_obey(int number);

static void watch(size_t place)
{
    struct sigaction action = {.sa_handler = restore_and_obey, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(numbers[place], &action, &mode.actions[place]);
}

/* The signal does what it would have done; after a stop the question goes on. */
static void restore_and_obey(int number)
{
    int cause = errno;
    tcsetattr(mode.fd, TCSANOW, &mode.before);
    for (size_t i = 0; i < array_length(numbers); i++) {
        if (numbers[i] != number)
            continue;
        sigaction(number, &mode.actions[i], NULL);
        raise(number);
        watch(i);
    }
    if (mode.is_hidden)
        tcsetattr(mode.fd, TCSANOW, &mode.hidden);
    errno = cause;
}

bool terminal_mode_hide(int fd)
{
    if (mode.is_hidden || tcgetattr(fd, &mode.before) != 0)
        return false;
    mode.fd = fd;
    mode.hidden = mode.before;
    mode.hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    for (size_t i = 0; i < array_length(numbers); i++)
        watch(i);
    mode.is_hidden = 1;
    if (tcsetattr(fd, TCSAFLUSH, &mode.hidden) == 0)
        return true;
    terminal_mode_restore();
    return false;
}

void terminal_mode_restore(void)
{
    if (!mode.is_hidden)
        return;
    mode.is_hidden = 0;
    tcsetattr(mode.fd, TCSAFLUSH, &mode.before);
    for (size_t i = 0; i < array_length(numbers); i++)
        sigaction(numbers[i], &mode.actions[i], NULL);
}
