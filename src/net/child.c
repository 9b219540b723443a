/* SPDX-License-Identifier: Apache-2.0 */
/* posix_spawn with nothing of ours but the environment, and a pidfd to see the end. */
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "descriptors.h"

enum { TICK = 200 };

extern char **environ;

/* Of the one user that a process has. */
static struct {
    bool is_known;
    mode_t mask;
} users_umask;

void child_set_umask(mode_t mask)
{
    users_umask.is_known = true;
    users_umask.mask = mask;
}

static bool is_secret(const char *variable, const struct text_list *secrets)
{
    size_t length = strcspn(variable, "=");
    for (size_t i = 0; secrets != NULL && i < secrets->count; i++)
        if (strlen(secrets->items[i]) == length && memcmp(secrets->items[i], variable, length) == 0)
            return true;
    return false;
}

/* Borrows the texts. The caller frees the array. */
static char **environment_without(const struct text_list *secrets)
{
    size_t count = 0, kept = 0;
    while (environ != NULL && environ[count] != NULL)
        count++;
    char **environment = memory_allocate((count + 1) * sizeof *environment);
    for (size_t i = 0; i < count; i++)
        if (!is_secret(environ[i], secrets))
            environment[kept++] = environ[i];
    return environment;
}

static int prepare(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, int output)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int cause = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (cause == 0 && output > 0)
        cause = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    else if (cause == 0)
        cause = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (cause == 0 && output <= 0 && log_level() < 1)
        cause = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (cause == 0)
        cause = posix_spawnattr_setsigdefault(attributes, &all);
    if (cause == 0)
        cause = posix_spawnattr_setsigmask(attributes, &none);
    if (cause == 0)
        cause = posix_spawnattr_setflags(
            attributes, (short)(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
    return cause;
}

static int spawn(struct child *child, const char *program, char **argv, char **environment)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int cause = posix_spawn_file_actions_init(&actions);
    if (cause != 0)
        return cause;
    cause = posix_spawnattr_init(&attributes);
    if (cause == 0) {
        cause = prepare(&actions, &attributes, child->output);
        mode_t ours = users_umask.is_known ? umask(users_umask.mask) : 0;
        if (cause == 0)
            cause = posix_spawn(&child->pid, program, &actions, &attributes, argv, environment);
        if (users_umask.is_known)
            umask(ours);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return cause;
}

int child_start(struct child *child, const char *program, const struct text_list *words,
                const struct text_list *secrets)
{
    char **argv = memory_allocate((words->count + 1) * sizeof *argv);
    for (size_t i = 0; i < words->count; i++)
        argv[i] = words->items[i];
    char **environment = environment_without(secrets);
    descriptors_protect();
    int cause = spawn(child, program, argv, environment);
    free(environment);
    free(argv);
    if (cause != 0)
        return cause;
    child->started = clock_monotonic();
    child->fd = -1;
#ifdef SYS_pidfd_open
    child->fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
#endif
    return 0;
}

static void look(void *context)
{
    struct child *child = context;
    int status = 0;
    pid_t result = waitpid(child->pid, &status, WNOHANG);
    if (result == 0 || (result < 0 && errno == EINTR))
        return;
    child->pid = 0;
    child_ended *ended = child->ended;
    void *ended_context = child->context;
    int64_t age = clock_monotonic() - child->started;
    child_forget(child);
    if (result > 0 && ended != NULL)
        ended(ended_context, status, age);
}

static void ready(void *context, int fd, short events)
{
    (void)fd, (void)events;
    look(context);
}

void child_watch(struct child *child, struct loop *loop, child_ended *ended, void *context)
{
    child->loop = loop;
    child->ended = ended;
    child->context = context;
    if (child->fd >= 0)
        loop_watch(loop, child->fd, POLLIN, ready, child);
    else
        loop_every(loop, TICK, look, child);
}

void child_forget(struct child *child)
{
    if (child->loop == NULL)
        return;
    if (child->fd >= 0) {
        loop_unwatch(child->loop, child->fd);
        close(child->fd);
    } else {
        loop_never(child->loop, look, child);
    }
    if (child->pid > 0)
        (void)!waitpid(child->pid, NULL, WNOHANG);
    *child = (struct child){.fd = -1};
}
