/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing a file: what is synced when, what a fault leaves behind. */
#include "ids.h"
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/text.h"

/* The calls below stand before libc's: they note their order and fail when a test says so. */
static struct {
    char order[200];
    int fail_fsync; /* the number of the call that fails */
    int fsyncs;
    int fsync_errno;
    int rename_errno;  /* 0: none */
    bool rename_works; /* although it reports an error */
    int fallocate_result;
    bool random_repeats;
} faults;

static void note(const char *call)
{
    strncat(faults.order, call, sizeof(faults.order) - strlen(faults.order) - 1);
}

int fsync(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0)
        note(S_ISDIR(status.st_mode) ? "sync-directory " : "sync ");
    if (++faults.fsyncs == faults.fail_fsync) {
        errno = faults.fsync_errno;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int renameat(int from, const char *old, int to, const char *new)
{
    note("rename ");
    if (faults.rename_errno != 0 && !faults.rename_works) {
        errno = faults.rename_errno;
        return -1;
    }
    int result = (int)syscall(SYS_renameat2, from, old, to, new, 0);
    if (result == 0 && faults.rename_errno == 0)
        return 0;
    errno = result == 0 ? faults.rename_errno : errno;
    return -1;
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    note("allocate ");
    if (faults.fallocate_result != 0)
        return faults.fallocate_result;
    return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    if (!faults.random_repeats)
        return syscall(SYS_getrandom, bytes, size, flags);
    memset(bytes, 0x5a, size);
    return (ssize_t)size;
}

static int start_without_faults(void **state)
{
    (void)state;
    memset(&faults, 0, sizeof(faults));
    return 0;
}

static int count_entries(const struct scratch *scratch)
{
    int count = 0;
    DIR *list = opendir(scratch->path);
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list))
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(list);
    return count;
}

static void test_replace(void **state)
{
    (void)state;
    test_ids("T-33");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    assert_true(file_replace(scratch.fd, "file", "new content", 11, &err));
    assert_string_equal(faults.order, "allocate sync sync rename sync-directory ");
    assert_string_equal(scratch_read(&scratch, "file"), "new content");
    assert_true(file_replace(scratch.fd, "file", "x", 1, &err));
    assert_string_equal(scratch_read(&scratch, "file"), "x");
    assert_true(file_replace(scratch.fd, "file", "", 0, &err));
    assert_string_equal(scratch_read(&scratch, "file"), "");
    assert_int_equal(count_entries(&scratch), 1);
}

static void test_replace_at_once(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct stat status;
    assert_true(file_replace_at_once(scratch.fd, "file", "new content", 11, &err));
    assert_true(file_replace_at_once(scratch.fd, "file", "newer", 5, &err));
    assert_string_equal(faults.order, "sync rename sync-directory sync rename sync-directory ");
    assert_string_equal(scratch_read(&scratch, "file"), "newer");
    assert_int_equal(fstatat(scratch.fd, "file", &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    faults.fail_fsync = 5;
    faults.fsync_errno = EIO;
    assert_false(file_replace_at_once(scratch.fd, "file", "lost", 4, &err));
    faults.rename_errno = EACCES;
    assert_false(file_replace_at_once(scratch.fd, "file", "lost", 4, &err));
    assert_int_equal(err.code, ERROR_CACHE_IO);
    assert_string_equal(scratch_read(&scratch, "file"), "newer");
    assert_int_equal(count_entries(&scratch), 1);
}

static void test_draft(void **state)
{
    (void)state;
    test_ids("T-32 T-33");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct stat status;
    struct file_draft draft = {0};
    file_draft_release(&draft);
    assert_true(file_draft_open(scratch.fd, 65536, &draft, &err));
    assert_int_equal(fstatat(scratch.fd, draft.name, &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(status.st_size, 65536);
    assert_true(status.st_blocks * 512 >= 65536);
    assert_int_equal(fcntl(draft.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    cleanup_string char *prefix = memory_format(".tok.%ld.", (long)getpid());
    assert_true(text_starts_with(draft.name, prefix));
    assert_int_equal(strlen(draft.name), strlen(prefix) + 16);
    struct file_draft copy = draft;
    assert_true(file_draft_commit(&draft, "file", "content", 7, &err));
    assert_string_equal(draft.name, "");
    assert_int_equal(fcntl(copy.fd, F_GETFD), -1);
    assert_string_equal(scratch_read(&scratch, "file"), "content");
    assert_int_equal(fstatat(scratch.fd, "file", &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(status.st_size, 7);
    assert_true(file_draft_open(scratch.fd, 1, &draft, &err));
    assert_int_equal(count_entries(&scratch), 2);
    file_draft_release(&draft);
    file_draft_release(&draft);
    assert_int_equal(count_entries(&scratch), 1);
}

static void test_umask(void **state)
{
    (void)state;
    test_ids("T-26");
    static const mode_t masks[] = {0000, 0077, 0777};
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct stat status;
    for (size_t i = 0; i < array_length(masks); i++) {
        mode_t before = umask(masks[i]);
        bool good = file_replace(scratch.fd, "file", "content", 7, &err);
        umask(before);
        assert_true(good);
        assert_int_equal(fstatat(scratch.fd, "file", &status, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
}

/* Whatever stands where our file should be is replaced, and what it leads to is left alone. */
static void test_victims(void **state)
{
    (void)state;
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct stat status;
    scratch_write(&scratch, "victim", "content", 0644);
    assert_int_equal(symlinkat("victim", scratch.fd, "link"), 0);
    assert_int_equal(symlinkat("nowhere", scratch.fd, "dangling"), 0);
    assert_int_equal(linkat(scratch.fd, "victim", scratch.fd, "hard", 0), 0);
    assert_int_equal(mkfifoat(scratch.fd, "fifo", 0600), 0);
    scratch_write(&scratch, "loose", "old", 0666);
    static const char *const names[] = {"link", "dangling", "hard", "fifo", "loose"};
    for (size_t i = 0; i < array_length(names); i++) {
        assert_true(file_replace(scratch.fd, names[i], "secret", 6, &err));
        assert_int_equal(fstatat(scratch.fd, names[i], &status, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(status.st_mode) && (status.st_mode & 07777) == 0600 && status.st_nlink == 1);
    }
    assert_string_equal(scratch_read(&scratch, "victim"), "content");
    assert_int_equal(faccessat(scratch.fd, "nowhere", F_OK, 0), -1);
    assert_int_equal(mkdirat(scratch.fd, "directory", 0700), 0);
    assert_false(file_replace(scratch.fd, "directory", "secret", 6, &err));
    assert_int_equal(err.code, ERROR_CACHE_IO);
    assert_int_equal(count_entries(&scratch), 7);
}

/* A planted draft name is never opened: another one is found, or there is an error. */
static void test_planted_draft(void **state)
{
    (void)state;
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct file_draft draft = {0};
    cleanup_string char *name = memory_format(".tok.%ld.5a5a5a5a5a5a5a5a", (long)getpid());
    scratch_write(&scratch, "victim", "content", 0600);
    assert_int_equal(symlinkat("victim", scratch.fd, name), 0);
    faults.random_repeats = true;
    assert_false(file_draft_open(scratch.fd, 10, &draft, &err));
    assert_string_equal(err.message, "cannot create a temporary file: File exists");
    assert_string_equal(scratch_read(&scratch, "victim"), "content");
    faults.random_repeats = false;
    assert_true(file_draft_open(scratch.fd, 10, &draft, &err));
    assert_string_not_equal(draft.name, name);
    file_draft_release(&draft);
}

/* Each sync and the rename in turn: the old file stays as it was, no draft stays, the save is an error. */
static void test_faults_before_rename(void **state)
{
    (void)state;
    test_ids("T-33 T-32");
    static const struct {
        int fail_fsync, rename_errno;
        const char *message;
    } cases[] = {
        {1, 0, "cannot prepare a temporary file: Input/output error"},
        {2, 0, "cannot write 'file': Input/output error"},
        {0, EACCES, "cannot replace 'file': Permission denied"},
    };
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    scratch_write(&scratch, "file", "old", 0600);
    for (size_t i = 0; i < array_length(cases); i++) {
        start_without_faults(NULL);
        faults.fail_fsync = cases[i].fail_fsync;
        faults.fsync_errno = EIO;
        faults.rename_errno = cases[i].rename_errno;
        assert_false(file_replace(scratch.fd, "file", "new", 3, &err));
        assert_int_equal(err.code, ERROR_CACHE_IO);
        assert_string_equal(err.message, cases[i].message);
        assert_string_equal(scratch_read(&scratch, "file"), "old");
        assert_int_equal(count_entries(&scratch), 1);
    }
}

/* The new file is in its place by then, and better than the old one: whoever took it for lost would remove
 * it. */
static void test_directory_sync(void **state)
{
    (void)state;
    test_ids("T-33");
    static const int reasons[] = {EIO, EDQUOT, EINVAL, ENOTSUP, EINTR};
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    for (size_t i = 0; i < array_length(reasons); i++) {
        start_without_faults(NULL);
        faults.fail_fsync = 3;
        faults.fsync_errno = reasons[i];
        assert_true(file_replace(scratch.fd, "file", "new", 3, &err));
        assert_true(faults.fsyncs >= 3);
        assert_string_equal(scratch_read(&scratch, "file"), "new");
        assert_int_equal(count_entries(&scratch), 1);
    }
}

static void test_rename_over_nfs(void **state)
{
    (void)state;
    test_ids("T-30");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    faults.rename_errno = EIO;
    faults.rename_works = true;
    assert_true(file_replace(scratch.fd, "file", "new", 3, &err));
    assert_string_equal(scratch_read(&scratch, "file"), "new");
    assert_int_equal(count_entries(&scratch), 1);
}

static void test_no_allocation(void **state)
{
    (void)state;
    test_ids("T-32");
    static const struct {
        int result;
        bool good;
    } cases[] = {{EOPNOTSUPP, true}, {EINVAL, true}, {ENOSPC, false},
                 {EDQUOT, false},    {EFBIG, false}, {EIO, false}};
    cleanup_scratch struct scratch scratch = scratch_make();
    struct stat status;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        cleanup_file_draft struct file_draft draft = {0};
        faults.fallocate_result = cases[i].result;
        assert_int_equal(file_draft_open(scratch.fd, 10000, &draft, &err), cases[i].good);
        assert_int_equal(count_entries(&scratch), cases[i].good ? 1 : 0);
        if (!cases[i].good) {
            assert_int_equal(err.code, ERROR_CACHE_IO);
            continue;
        }
        assert_int_equal(fstat(draft.fd, &status), 0);
        assert_int_equal(status.st_size, 10000);
    }
}

static void test_file_size_limit(void **state)
{
    (void)state;
    test_ids("T-32");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct file_draft draft = {0};
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {4096, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool opened = file_draft_open(scratch.fd, 65536, &draft, &err);
    faults.fallocate_result = EOPNOTSUPP; /* and by writing */
    opened = opened || file_draft_open(scratch.fd, 65536, &draft, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_false(opened);
    assert_int_equal(err.code, ERROR_CACHE_IO);
    assert_string_equal(err.message, "cannot prepare a temporary file: File too large");
    assert_int_equal(count_entries(&scratch), 0);
}

/* In a child: a file system of 64 KiB of our own. 77: not allowed here. */
static void save_on_full_disk(void)
{
    struct scratch scratch = scratch_make();
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", scratch.path, "tmpfs", 0, "size=64k,mode=0700") != 0) {
        scratch_release(&scratch);
        _exit(77);
    }
    close(scratch.fd);
    scratch.fd = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct error err = {0};
    struct file_draft draft = {0};
    static char large[60000];
    bool saved = file_replace(scratch.fd, "session", "old", 3, &err);
    bool refused = !file_draft_open(scratch.fd, 65536, &draft, &err) && err.code == ERROR_CACHE_IO &&
                   text_ends_with(err.message, "No space left on device");
    bool torn = file_replace(scratch.fd, "session", large, sizeof(large), &err) &&
                file_replace(scratch.fd, "session", large, sizeof(large), &err);
    bool clean = count_entries(&scratch) == 1;
    close(scratch.fd);
    scratch.fd = -1;
    umount2(scratch.path, MNT_DETACH);
    scratch_release(&scratch);
    _exit(saved && refused && !torn && clean ? 0 : 1);
}

static void test_full_disk(void **state)
{
    (void)state;
    char output[2000];
    int status = scratch_run_child(save_on_full_disk, output, sizeof(output));
    if (status == 77)
        skip();
    test_ids("T-32");
    assert_int_equal(status, 0);
}

#define fault_test(function) cmocka_unit_test_setup(function, start_without_faults)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fault_test(test_replace),        fault_test(test_draft),
        fault_test(test_umask),          fault_test(test_victims),
        fault_test(test_planted_draft),  fault_test(test_faults_before_rename),
        fault_test(test_directory_sync), fault_test(test_rename_over_nfs),
        fault_test(test_no_allocation),  fault_test(test_file_size_limit),
        fault_test(test_full_disk),      fault_test(test_replace_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
