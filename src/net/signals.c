/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by signalfd, which Linux alone has. */
#include "signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/memory.h"

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
/* The others that end a process by default and that somebody sends: not those by which it fails. */
static const int held[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT};

/* What our parent wants us to ignore, as nohup does, is no signal for us: blocking would bring it back. */
static sigset_t signals_set(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < array_length(numbers); i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, numbers[i]);
    }
    return set;
}

bool signals_open(struct signals *signals, struct error *err)
{
    sigset_t set = signals_set(), before;
    if (sigprocmask(SIG_BLOCK, &set, &before) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot block signals: %s", strerror(errno));
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        int cause = errno;
        sigprocmask(SIG_SETMASK, &before, NULL);
        return error_set(err, ERROR_INTERNAL, "cannot watch for signals: %s", strerror(cause));
    }
    *signals = (struct signals){.fd = fd, .before = before};
    return true;
}

void signals_hold(struct signals *signals, bool hold)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < array_length(held); i++)
        sigaddset(&set, held[i]);
    if (hold && !signals->holds)
        sigprocmask(SIG_BLOCK, &set, &signals->unheld);
    if (!hold && signals->holds)
        sigprocmask(SIG_SETMASK, &signals->unheld, NULL);
    signals->holds = hold;
}

void signals_read(struct signals *signals)
{
    struct signalfd_siginfo info;
    while (read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        signals->seen++;
        /* A closing terminal sends SIGHUP more than once by itself. */
        if (info.ssi_signo != SIGHUP)
            signals->insists++;
    }
}

bool signals_have_come(const struct signals *signals)
{
    sigset_t waiting, ours = signals_set();
    if (signals->seen > 0)
        return true;
    if (sigpending(&waiting) != 0)
        return false;
    for (size_t i = 0; i < array_length(numbers); i++)
        if (sigismember(&waiting, numbers[i]) == 1 && sigismember(&ours, numbers[i]) == 1)
            return true;
    return false;
}

void signals_close(struct signals *signals)
{
    signals_read(signals);
    close(signals->fd);
    signals->fd = -1;
    sigprocmask(SIG_SETMASK, &signals->before, NULL);
}
