/* SPDX-License-Identifier: Apache-2.0 */
/* What a cached answer costs in system calls: kubectl asks for it at every call. */
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "session_fixture.h"

enum { MOST_CALLS = 10 };

/* Two calls of getppid mark what is counted. */
static int read_cached(struct fixture *fixture)
{
    const char *candidates[] = {fixture->path, NULL};
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        return CHILD_SKIPPED;
    raise(SIGSTOP);
    cleanup_session_cache struct session_cache cache = {.directory = -1};
    cleanup_session struct session session = {0};
    bool found = false;
    (void)syscall(SYS_getppid);
    session_cache_open(candidates, false, &cache, NULL);
    session_cache_load(&cache, &fixture->key, &session, &found, NULL);
    session_cache_close(&cache);
    (void)syscall(SYS_getppid);
    return found ? CHILD_GOOD : CHILD_BAD;
}

struct count {
    bool counting;
    unsigned calls, forbidden;
};

/* No lock, no socket, nothing written, nothing made. */
static bool is_forbidden(uint64_t number)
{
    static const uint64_t forbidden[] = {SYS_flock,   SYS_fcntl,     SYS_socket, SYS_write,
                                         SYS_mkdirat, SYS_renameat2, SYS_fsync};
    for (size_t i = 0; i < array_length(forbidden); i++) {
        if (forbidden[i] == number)
            return true;
    }
    return false;
}

/* Depends on the C library and on what ran before. */
static bool is_of_allocator(uint64_t number)
{
    return number == SYS_brk || number == SYS_mmap || number == SYS_munmap || number == SYS_getrandom;
}

static void count_call(pid_t pid, struct count *count)
{
    struct __ptrace_syscall_info info = {0};
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    if (info.entry.nr == SYS_getppid) {
        count->counting = !count->counting;
        return;
    }
    if (!count->counting || is_of_allocator(info.entry.nr))
        return;
    count->calls++;
    count->forbidden += is_forbidden(info.entry.nr);
}

/* The child's exit status. */
static int trace(pid_t pid, struct count *count)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSTOPPED(status))
        assert_int_equal(
            ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)), 0);
    while (WIFSTOPPED(status)) {
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            count_call(pid, count);
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    }
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_cached_path(void **state)
{
    struct fixture *fixture = *state;
#ifdef SANITIZED
    skip(); /* a sanitizer makes calls of its own */
#endif
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    struct count count = {0};
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(read_cached(fixture));
    int result = trace(pid, &count);
    if (result == CHILD_SKIPPED)
        skip();
    test_ids("K7-26");
    assert_int_equal(result, CHILD_GOOD);
    assert_in_range(count.calls, 5, MOST_CALLS);
    assert_int_equal(count.forbidden, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {fixture_test(test_cached_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
