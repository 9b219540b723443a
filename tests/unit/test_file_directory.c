/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of our files: made private under any umask, refused when it is not ours alone. */
#include "ids.h"
#include "scratch.h"

#include "base/file.h"
#include "base/text.h"

enum { OTHER_USER = 12345 };

/* Opens it; the mode, or -1 when it was not found, or the negative of the error's code. */
static int open_directory(const char *path, bool create)
{
    struct error err = {0};
    struct stat status;
    bool found = false;
    cleanup_fd int fd = 4711;
    if (!file_open_directory(path, create, &fd, &found, &err)) {
        assert_int_equal(steal_fd(&fd), 4711);
        assert_true(err.code == ERROR_CACHE_PERM || err.code == ERROR_CACHE_IO);
        return -(int)err.code;
    }
    assert_int_equal(found, fd >= 0);
    if (!found)
        return -1;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    return (int)(status.st_mode & 07777);
}

static mode_t mode_of(const struct scratch *scratch, const char *name)
{
    struct stat status = {0};
    assert_int_equal(fstatat(scratch->fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
    return status.st_mode & 07777;
}

static void make_directory(const struct scratch *scratch, const char *name, mode_t mode)
{
    assert_int_equal(mkdirat(scratch->fd, name, 0700), 0);
    assert_int_equal(fchmodat(scratch->fd, name, mode, 0), 0);
}

static void test_open_and_make(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    assert_int_equal(open_directory(scratch_path(&scratch, "a/b/c"), false), -1);
    assert_int_equal(open_directory(scratch_path(&scratch, "a//b/./c///"), true), 0700);
    assert_int_equal(open_directory(scratch_path(&scratch, "a/b/c"), true), 0700);
    assert_int_equal(open_directory(scratch_path(&scratch, "a/b/c/"), false), 0700);
    assert_int_equal(open_directory("", false), -1);
    assert_int_equal(open_directory("", true), -ERROR_CACHE_IO);
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(chdir(scratch.path), 0);
    assert_int_equal(open_directory("x/y", true), 0700);
    assert_int_equal(open_directory("z", true), 0700);
    assert_int_equal(open_directory("x/../x", true), 0700);
    assert_int_equal(fchdir(before), 0);
    close(before);
    assert_int_equal(mode_of(&scratch, "x/y"), 0700);
}

static void test_umask(void **state)
{
    (void)state;
    test_ids("T-26");
    static const mode_t masks[] = {0000, 0077, 0777};
    cleanup_scratch struct scratch scratch = scratch_make();
    for (size_t i = 0; i < array_length(masks); i++) {
        char name[16];
        snprintf(name, sizeof(name), "a%zu/b", i);
        mode_t before = umask(masks[i]);
        int mode = open_directory(scratch_path(&scratch, name), true);
        assert_int_equal(umask(before), masks[i]);
        assert_int_equal(mode, 0700);
        name[2] = '\0';
        assert_int_equal(mode_of(&scratch, name), 0700);
    }
}

static void test_tightened(void **state)
{
    (void)state;
    test_ids("T-26");
    static const mode_t modes[] = {0755, 0750, 0701, 0775, 0770, 0710};
    cleanup_scratch struct scratch scratch = scratch_make();
    for (size_t i = 0; i < 2 * array_length(modes); i++) {
        make_directory(&scratch, "d", modes[i / 2]);
        assert_int_equal(open_directory(scratch_path(&scratch, "d"), i % 2 == 0), 0700);
        assert_int_equal(unlinkat(scratch.fd, "d", AT_REMOVEDIR), 0);
    }
}

static void test_shared(void **state)
{
    (void)state;
    test_ids("T-26");
    static const mode_t modes[] = {0777, 01777, 02775, 0707, 03777};
    cleanup_scratch struct scratch scratch = scratch_make();
    for (size_t i = 0; i < 2 * array_length(modes); i++) {
        make_directory(&scratch, "d", modes[i / 2]);
        assert_int_equal(open_directory(scratch_path(&scratch, "d"), i % 2 == 0), -ERROR_CACHE_PERM);
        assert_int_equal(mode_of(&scratch, "d"), modes[i / 2]);
        assert_int_equal(unlinkat(scratch.fd, "d", AT_REMOVEDIR), 0);
    }
}

/* A home or a system directory named by mistake keeps its permissions. */
static void test_holds_directories(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    make_directory(&scratch, "home", 0755);
    make_directory(&scratch, "home/work", 0755);
    assert_int_equal(open_directory(scratch_path(&scratch, "home"), true), 0755);
    assert_int_equal(fchmodat(scratch.fd, "home", 0775, 0), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "home"), true), -ERROR_CACHE_PERM);
    assert_int_equal(mode_of(&scratch, "home"), 0775);
    assert_int_equal(unlinkat(scratch.fd, "home/work", AT_REMOVEDIR), 0);
    assert_int_equal(symlinkat("..", scratch.fd, "home/up"), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "home"), true), 0700);
    assert_int_equal(fchmodat(scratch.fd, "home", 0500, 0), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "home"), true), 0500);
}

static void test_links(void **state)
{
    (void)state;
    test_ids("T-26");
    static const char *const names[] = {"link", "link/", "link//", "dangling", "loop", "file", "fifo"};
    cleanup_scratch struct scratch scratch = scratch_make();
    make_directory(&scratch, "real", 0700);
    scratch_write(&scratch, "file", "content", 0600);
    assert_int_equal(mkfifoat(scratch.fd, "fifo", 0600), 0);
    assert_int_equal(symlinkat("real", scratch.fd, "link"), 0);
    assert_int_equal(symlinkat("nowhere", scratch.fd, "dangling"), 0);
    assert_int_equal(symlinkat("loop", scratch.fd, "loop"), 0);
    for (size_t i = 0; i < 2 * array_length(names); i++)
        assert_int_equal(open_directory(scratch_path(&scratch, names[i / 2]), i % 2 == 0), -ERROR_CACHE_PERM);
    assert_int_equal(faccessat(scratch.fd, "nowhere", F_OK, 0), -1);
    assert_int_equal(open_directory(scratch_path(&scratch, "link/sub"), true), 0700);
    assert_int_equal(mode_of(&scratch, "real/sub"), 0700);
    assert_int_equal(open_directory(scratch_path(&scratch, "link/sub"), false), 0700);
    assert_int_equal(open_directory(scratch_path(&scratch, "file/sub"), true), -ERROR_CACHE_IO);
    assert_int_equal(open_directory(scratch_path(&scratch, "dangling/sub"), true), -ERROR_CACHE_IO);
}

static void test_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    make_directory(&scratch, "theirs", 0700);
    assert_int_equal(fchownat(scratch.fd, "theirs", OTHER_USER, OTHER_USER, 0), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "theirs"), true), -ERROR_CACHE_PERM);
    assert_int_equal(open_directory(scratch_path(&scratch, "theirs"), false), -ERROR_CACHE_PERM);
}

/* sudo with HOME kept: nothing of root's may appear in the user's home. */
static void test_root_in_foreign_home(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    make_directory(&scratch, "home", 0755);
    assert_int_equal(fchownat(scratch.fd, "home", OTHER_USER, OTHER_USER, 0), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "home/.kube/cache"), true), -ERROR_CACHE_PERM);
    assert_int_equal(open_directory(scratch_path(&scratch, "home/cache"), true), -ERROR_CACHE_PERM);
    assert_int_equal(open_directory(scratch_path(&scratch, "home/cache"), false), -1);
    assert_int_equal(faccessat(scratch.fd, "home/.kube", F_OK, 0), -1);
    make_directory(&scratch, "home/ours", 0700); /* a directory of root's that is there already may be used */
    assert_int_equal(open_directory(scratch_path(&scratch, "home/ours"), true), 0700);
}

static void test_link_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    make_directory(&scratch, "real", 0700);
    assert_int_equal(symlinkat("real", scratch.fd, "planted"), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "planted/a"), true), 0700);
    assert_int_equal(fchownat(scratch.fd, "planted", OTHER_USER, OTHER_USER, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(open_directory(scratch_path(&scratch, "planted/b"), true), -ERROR_CACHE_PERM);
    assert_int_equal(faccessat(scratch.fd, "real/b", F_OK, 0), -1);
}

/* Without root's powers a directory that may not be entered or written is an error that says so. */
static void open_as_other(void)
{
    struct error err = {0};
    bool found = false;
    int fd = -1;
    const char *path = getenv("LATCHKEY_TEST_DIRECTORY");
    if (geteuid() == 0 && (setgid(OTHER_USER) != 0 || setuid(OTHER_USER) != 0))
        _exit(7);
    if (file_open_directory(path, true, &fd, &found, &err))
        _exit(8);
    fprintf(stderr, "%s: %s", error_code_name(err.code), err.message);
}

static void test_no_permission(void **state)
{
    (void)state;
    test_ids("T-32");
    cleanup_scratch struct scratch scratch = scratch_make();
    make_directory(&scratch, "closed", 0500);
    assert_int_equal(chmod(scratch.path, 0755), 0);
    assert_int_equal(setenv("LATCHKEY_TEST_DIRECTORY", scratch_path(&scratch, "closed/new"), 1), 0);
    char output[2000];
    assert_int_equal(scratch_run_child(open_as_other, output, sizeof(output)), 0);
    assert_true(text_starts_with(output, "cache_perm: cannot open directory '"));
    assert_true(text_ends_with(output, "/closed/new': Permission denied"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_make),
        cmocka_unit_test(test_umask),
        cmocka_unit_test(test_tightened),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_holds_directories),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_root_in_foreign_home),
        cmocka_unit_test(test_link_owner),
        cmocka_unit_test(test_no_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
