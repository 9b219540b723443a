/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal without echo, put back by the end of the question and by a signal that ends or stops us. */
#include "../../src/net/terminal_mode.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "ids.h"

/* A terminal whose session has a shell (leader) that starts us in a group of our own, as job control does. */
struct fixture {
    int master, slave;
    struct termios before;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    *state = &fixture;
    fixture.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fixture.master < 0 || grantpt(fixture.master) != 0 || unlockpt(fixture.master) != 0)
        return -1;
    fixture.slave = open(ptsname(fixture.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    return fixture.slave >= 0 ? tcgetattr(fixture.slave, &fixture.before) : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->slave);
    close(fixture->master);
    return 0;
}

static bool echoes(const struct fixture *fixture)
{
    struct termios now;
    assert_int_equal(tcgetattr(fixture->slave, &now), 0);
    return (now.c_lflag & ECHO) != 0;
}

static void test_hide_and_restore(void **state)
{
    struct fixture *fixture = *state;
    struct termios after;
    assert_true(terminal_mode_hide(fixture->slave));
    assert_false(echoes(fixture));
    assert_false(terminal_mode_hide(fixture->slave));
    terminal_mode_restore();
    assert_int_equal(tcgetattr(fixture->slave, &after), 0);
    assert_memory_equal(&after.c_lflag, &fixture->before.c_lflag, sizeof(after.c_lflag));
    terminal_mode_restore();
    assert_true(echoes(fixture));
}

static void test_what_is_no_terminal_is_refused(void **state)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)state;
    assert_false(terminal_mode_hide(fd));
    close(fd);
}

/* Our part as the job: takes the terminal, hides, tells. */
static void hide_as_job(const struct fixture *fixture, int ready)
{
    signal(SIGTTOU, SIG_IGN);
    if (setpgid(0, 0) != 0 || tcsetpgrp(fixture->slave, getpid()) != 0)
        _exit(80);
    signal(SIGTTOU, SIG_DFL);
    if (!terminal_mode_hide(fixture->slave) || write(ready, "h", 1) != 1)
        _exit(81);
}

/* One that gets a signal. */
static void job(const struct fixture *fixture, int ready, int number)
{
    hide_as_job(fixture, ready);
    raise(number);
    if (write(ready, "c", 1) != 1)
        _exit(82);
    for (;;)
        pause();
}

static bool heard(int fd, char expected)
{
    char got = 0;
    return read(fd, &got, 1) == 1 && got == expected;
}

/* What the shell sees; 0 when all is as it should be. */
static int watch_job(const struct fixture *fixture, int number, bool stops)
{
    int pipes[2], status;
    if (setsid() < 0 || ioctl(fixture->slave, TIOCSCTTY, 0) != 0 || pipe(pipes) != 0)
        return 90;
    pid_t pid = fork();
    if (pid == 0)
        job(fixture, pipes[1], number);
    close(pipes[1]);
    if (!heard(pipes[0], 'h') || waitpid(pid, &status, WUNTRACED) != pid)
        return 91;
    if (!echoes(fixture))
        return 92;
    if (!stops)
        return WIFSIGNALED(status) && WTERMSIG(status) == number ? 0 : 93;
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != number)
        return 94;
    kill(pid, SIGCONT);
    int result = heard(pipes[0], 'c') && !echoes(fixture) ? 0 : 95;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return result;
}

static void test_signals(void **state)
{
    static const struct {
        int number;
        bool stops;
    } rows[] = {{SIGTSTP, true},  {SIGTTIN, true},  {SIGTTOU, true},  {SIGUSR2, false},
                {SIGABRT, false}, {SIGUSR1, false}, {SIGALRM, false}, {SIGPWR, false}};
    struct fixture *fixture = *state;
    test_ids("T-38 K7-76");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0)
            _exit(watch_job(fixture, rows[i].number, rows[i].stops));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("signal %d: status %x", rows[i].number, (unsigned)status);
        assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &fixture->before), 0);
    }
}

/* The same, for as long as the shell says: the byte that comes is how it goes on. */
static void obedient_job(const struct fixture *fixture, int told, int ready)
{
    char order = 0;
    hide_as_job(fixture, ready);
    raise(SIGTSTP);
    for (;;) {
        if (write(ready, "c", 1) != 1 || read(told, &order, 1) != 1)
            _exit(82);
        if (order == 'n')
            terminal_mode_renew();
        else if (order == 'e')
            terminal_mode_restore();
        else if (order == 'o')
            raise(SIGTTOU);
        else
            raise(SIGTTIN);
    }
}

/* The shell's side of one step: SIGNAL is what the job stops by, 0 when it goes on by itself. */
static bool step(pid_t pid, const int *pipes, char order, int number)
{
    int status = 0;
    if (write(pipes[1], &order, 1) != 1)
        return false;
    if (number != 0 && (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) ||
                        WSTOPSIG(status) != number || kill(pid, SIGCONT) != 0))
        return false;
    return heard(pipes[0], 'c');
}

/* In the background nothing that is asked of us touches the terminal; back in front it is hidden again. */
static int follow(const struct fixture *fixture, pid_t pid, const int *pipes)
{
    int status;
    if (!heard(pipes[0], 'h') || waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        return 91;
    if (!echoes(fixture) || tcsetpgrp(fixture->slave, getpgrp()) != 0 || kill(pid, SIGCONT) != 0 ||
        !heard(pipes[0], 'c') || !echoes(fixture))
        return 92;
    if (!step(pid, pipes, 'n', 0) || !step(pid, pipes, 'o', SIGTTOU) || !step(pid, pipes, 'i', SIGTTIN) ||
        !echoes(fixture))
        return 93;
    if (tcsetpgrp(fixture->slave, pid) != 0 || !step(pid, pipes, 'n', 0) || echoes(fixture))
        return 94;
    struct termios of_the_shell = fixture->before;
    of_the_shell.c_lflag &= ~(tcflag_t)ISIG;
    if (tcsetpgrp(fixture->slave, getpgrp()) != 0 || tcsetattr(fixture->slave, TCSANOW, &of_the_shell) != 0 ||
        !step(pid, pipes, 'e', 0) || tcgetattr(fixture->slave, &of_the_shell) != 0 ||
        (of_the_shell.c_lflag & ISIG) != 0)
        return 95;
    return 0;
}

static int watch_obedient_job(const struct fixture *fixture)
{
    int told[2], ready[2], status;
    signal(SIGTTOU, SIG_IGN);
    if (setsid() < 0 || ioctl(fixture->slave, TIOCSCTTY, 0) != 0 || pipe(told) != 0 || pipe(ready) != 0)
        return 90;
    pid_t pid = fork();
    if (pid == 0)
        obedient_job(fixture, told[0], ready[1]);
    close(ready[1]);
    int result = follow(fixture, pid, (int[]){ready[0], told[1]});
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return result;
}

static void test_in_the_background(void **state)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(watch_obedient_job(*state));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define with_terminal(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_terminal(test_hide_and_restore),
        with_terminal(test_what_is_no_terminal_is_refused),
        with_terminal(test_signals),
        with_terminal(test_in_the_background),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
