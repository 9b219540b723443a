/* SPDX-License-Identifier: Apache-2.0 */
/* Which drafts are swept: those that nobody will use any more, and nothing else. */
#include "ids.h"
#include "scratch.h"

#include <sys/syscall.h>
#include <time.h>

#include "base/file.h"

static pid_t dead_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return child;
}

static void make_draft(const struct scratch *scratch, char *name, size_t size, pid_t pid, int64_t age)
{
    snprintf(name, size, ".tok.%ld.%016lx", (long)pid, (unsigned long)age);
    scratch_write(scratch, name, "x", 0600);
    const struct timespec times[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    assert_int_equal(utimensat(scratch->fd, name, times, 0), 0);
}

static void test_sweep(void **state)
{
    (void)state;
    test_ids("T-33");
    cleanup_scratch struct scratch scratch = scratch_make();
    pid_t dead = dead_process();
    const struct {
        pid_t pid;
        int64_t age;
        bool stays;
    } cases[] = {
        {getpid(), 0, true}, {getpid(), 3599, true}, {getpid(), 3602, false},
        {dead, 0, false},    {dead, 3602, false},    {1, 10, true},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        char name[64];
        make_draft(&scratch, name, sizeof(name), cases[i].pid, cases[i].age);
        file_sweep_drafts(scratch.fd, time(NULL));
        assert_int_equal(faccessat(scratch.fd, name, F_OK, 0) == 0, cases[i].stays);
        unlinkat(scratch.fd, name, 0);
    }
    file_sweep_drafts(-1, 0);
}

/* A process that we cannot see, in another namespace or on another host, still holds the lock of its draft.
 */
static void test_sweep_spares_locked(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    cleanup_file_draft struct file_draft draft = {0};
    assert_true(file_draft_open(scratch.fd, 10, &draft, &err));
    char name[64];
    snprintf(name, sizeof(name), ".tok.%ld.0", (long)dead_process());
    assert_int_equal(syscall(SYS_renameat2, scratch.fd, draft.name, scratch.fd, name, 0), 0);
    file_sweep_drafts(scratch.fd, time(NULL));
    assert_int_equal(faccessat(scratch.fd, name, F_OK, 0), 0);
    /* nor does its age count: the clock may have jumped, the machine may have slept */
    file_sweep_drafts(scratch.fd, time(NULL) + 100000);
    assert_int_equal(faccessat(scratch.fd, name, F_OK, 0), 0);
    close(steal_fd(&draft.fd));
    file_sweep_drafts(scratch.fd, time(NULL));
    assert_int_equal(faccessat(scratch.fd, name, F_OK, 0), -1);
}

static void test_sweep_spares_others(void **state)
{
    (void)state;
    static const char *const names[] = {"session.json",       ".tok",       ".tok.",     ".tok.x.1",
                                        ".tok.1x.1",          ".tok..1",    ".tok.-1.1", ".tok.0.1",
                                        ".tok.99999999999.1", ".token.1.1", "a.tok.1.1"};
    cleanup_scratch struct scratch scratch = scratch_make();
    for (size_t i = 0; i < array_length(names); i++)
        scratch_write(&scratch, names[i], "x", 0600);
    char name[64];
    snprintf(name, sizeof(name), ".tok.%ld.1", (long)dead_process());
    assert_int_equal(mkdirat(scratch.fd, name, 0700), 0);
    strncat(name, "1", 2);
    assert_int_equal(symlinkat("session.json", scratch.fd, name), 0);
    file_sweep_drafts(scratch.fd, time(NULL) + 100000);
    assert_int_equal(faccessat(scratch.fd, name, F_OK, AT_SYMLINK_NOFOLLOW), 0);
    name[strlen(name) - 1] = '\0';
    assert_int_equal(faccessat(scratch.fd, name, F_OK, 0), 0);
    for (size_t i = 0; i < array_length(names); i++)
        assert_string_equal(scratch_read(&scratch, names[i]), "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_sweep_spares_locked),
        cmocka_unit_test(test_sweep_spares_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
