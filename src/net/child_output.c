/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program for what it prints, bounded in time and size. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "browser_program.h"
#include "net/child.h"

struct run {
    const struct child_command *command;
    struct loop *loop;
    struct child child;
    struct buffer *out;
    int fd;
    int status;
    bool ended, too_long, done;
};

/* Takes what is there; true while more may come. */
static bool drain(struct run *run)
{
    char bytes[4096];
    ssize_t count;
    while ((count = read(run->fd, bytes, sizeof(bytes))) > 0) {
        if (!buffer_append(run->out, bytes, (size_t)count)) {
            run->too_long = run->done = true;
            break;
        }
    }
    bool more = count < 0 && (errno == EAGAIN || errno == EINTR);
    memory_wipe(bytes, sizeof(bytes));
    return more;
}

static void readable(void *context, int fd, short events)
{
    struct run *run = context;
    (void)events;
    if (!drain(run))
        loop_unwatch(run->loop, fd);
}

/* A child of the child may hold the pipe for long: the answer is what was printed until now. */
static void ended(void *context, int status, int64_t age)
{
    struct run *run = context;
    (void)age;
    run->status = status;
    run->ended = run->done = true;
    (void)drain(run);
}

static bool start(struct run *run, struct error *err)
{
    const struct child_command *command = run->command;
    cleanup_fd int output = -1;
    int pipe_fds[2];
    cleanup_string char *program = browser_find_program(command->words->items[0], command->path);
    if (program == NULL) {
        error_set(err, ERROR_IDENTITY_TOKEN, "%s %s: '%s'", command->what,
                  browser_program_fault(command->words->items[0]), safe(command->words->items[0]));
        return error_hint(err, "give an executable in PATH, or its whole path");
    }
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot open a pipe: %s", strerror(errno));
    run->fd = pipe_fds[0];
    run->child.output = output = pipe_fds[1];
    if (fcntl(run->fd, F_SETFL, O_NONBLOCK) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot set up a pipe: %s", strerror(errno));
    int cause = child_start(&run->child, program, command->words, command->secrets);
    if (cause != 0)
        return error_set(err, ERROR_IDENTITY_TOKEN, "%s '%s' cannot be started: %s", command->what,
                         safe(program), strerror(cause));
    log_line(1, "started %s", safe(program));
    return true;
}

static void end_early(struct run *run)
{
    if (run->ended || run->child.pid <= 0)
        return;
    kill(-run->child.pid, SIGKILL);
    while (waitpid(run->child.pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    run->child.pid = 0;
}

static bool judge(const struct run *run, struct error *err)
{
    const char *name = run->command->words->items[0];
    if (run->too_long)
        return error_set(err, ERROR_IDENTITY_TOKEN, "%s '%s' prints more than %zu bytes", run->command->what,
                         safe(name), run->out->limit);
    if (WIFSIGNALED(run->status))
        return error_set(err, ERROR_IDENTITY_TOKEN, "%s '%s' ended by signal %d", run->command->what,
                         safe(name), WTERMSIG(run->status));
    if (WEXITSTATUS(run->status) != 0)
        return error_set(err, ERROR_IDENTITY_TOKEN, "%s '%s' ended with status %d", run->command->what,
                         safe(name), WEXITSTATUS(run->status));
    return true;
}

static bool wait_for_end(struct run *run, struct error *err)
{
    int seconds = run->command->timeout_seconds;
    loop_watch(run->loop, run->fd, POLLIN, readable, run);
    child_watch(&run->child, run->loop, ended, run);
    enum loop_end end = loop_run(run->loop, &run->done, clock_monotonic() + seconds * INT64_C(1000), err);
    loop_unwatch(run->loop, run->fd);
    end_early(run);
    child_forget(&run->child);
    if (end == LOOP_FAILED)
        return false;
    if (end == LOOP_INTERRUPTED)
        return error_set(err, ERROR_INTERRUPTED, "interrupted while %s ran", run->command->what);
    if (end == LOOP_DEADLINE) {
        error_set(err, ERROR_IDENTITY_TOKEN, "%s '%s' has not ended within %d s", run->command->what,
                  safe(run->command->words->items[0]), seconds);
        return error_hint(err, "it gets no standard input; --http-timeout-sec is its limit too");
    }
    return judge(run, err);
}

bool child_read_output(struct loop *loop, const struct child_command *command, struct buffer *out,
                       struct error *err)
{
    struct run run = {.command = command, .loop = loop, .out = out, .fd = -1, .child = {.fd = -1}};
    bool good = start(&run, err) && wait_for_end(&run, err);
    if (run.fd >= 0)
        close(run.fd);
    return good;
}
