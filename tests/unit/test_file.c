/* SPDX-License-Identifier: Apache-2.0 */
/* Reading private files and files that the user named, the lock, the home directory. */
#include "ids.h"
#include "scratch.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/text.h"

enum { OTHER_USER = 12345, LIMIT = 64 };

/* Reads NAME; NULL when it was found with TEXT in it, else why not ("missing" when there is no reason). */
static const char *read_private(const struct scratch *scratch, const char *name, const char *text)
{
    cleanup_buffer struct buffer out = BUFFER(LIMIT);
    struct file_state file = {.found = true, .why = "old"};
    struct error err = {0};
    assert_true(file_read_private(scratch->fd, name, &out, &file, &err));
    if (!file.found) {
        assert_int_equal(out.length, 0);
        return file.why != NULL ? file.why : "missing";
    }
    assert_null(file.why);
    assert_string_equal(buffer_text(&out), text);
    return NULL;
}

static void test_private(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    assert_string_equal(read_private(&scratch, "absent", ""), "missing");
    scratch_write(&scratch, "good", "content", 0600);
    assert_null(read_private(&scratch, "good", "content"));
    scratch_write(&scratch, "empty", "", 0600);
    assert_null(read_private(&scratch, "empty", ""));
    scratch_write(&scratch, "read-only", "content", 0400);
    assert_null(read_private(&scratch, "read-only", "content"));
    cleanup_buffer struct buffer out = BUFFER(LIMIT);
    struct file_state file = {0};
    struct error err = {0};
    assert_true(buffer_append_text(&out, "before "));
    assert_true(file_read_private(scratch.fd, "good", &out, &file, &err));
    assert_string_equal(buffer_text(&out), "before content");
}

static void test_private_modes(void **state)
{
    (void)state;
    test_ids("T-26");
    static const mode_t modes[] = {0644, 0666, 0640, 0604,  0660,  0601, 0700,
                                   0620, 0602, 0610, 04600, 02600, 01600};
    cleanup_scratch struct scratch scratch = scratch_make();
    for (size_t i = 0; i < array_length(modes); i++) {
        scratch_write(&scratch, "file", "content", modes[i]);
        assert_string_equal(read_private(&scratch, "file", ""), "has permissions beyond 0600");
        assert_string_equal(scratch_read(&scratch, "file"), "content");
    }
}

static void test_private_links(void **state)
{
    (void)state;
    test_ids("T-26");
    static const struct {
        const char *target, *name;
    } links[] = {
        {"victim", "to-own"}, {"/etc/passwd", "to-passwd"}, {"nowhere", "dangling"}, {"loop", "loop"}};
    cleanup_scratch struct scratch scratch = scratch_make();
    scratch_write(&scratch, "victim", "content", 0600);
    for (size_t i = 0; i < array_length(links); i++) {
        assert_int_equal(symlinkat(links[i].target, scratch.fd, links[i].name), 0);
        assert_string_equal(read_private(&scratch, links[i].name, ""), "is a symbolic link");
    }
    assert_null(read_private(&scratch, "victim", "content"));
    assert_int_equal(linkat(scratch.fd, "victim", scratch.fd, "hard", 0), 0);
    assert_string_equal(read_private(&scratch, "hard", ""), "has more than one link");
    assert_string_equal(scratch_read(&scratch, "victim"), "content");
}

static void test_private_kinds(void **state)
{
    (void)state;
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    assert_int_equal(mkfifoat(scratch.fd, "fifo", 0600), 0);
    assert_int_equal(mkdirat(scratch.fd, "directory", 0700), 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/socket", scratch.path);
    cleanup_fd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    static const char *const names[] = {"fifo", "directory", "socket"};
    for (size_t i = 0; i < array_length(names); i++)
        assert_string_equal(read_private(&scratch, names[i], ""), "is not a regular file");
    const struct scratch devices = {.path = "/dev", .fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    assert_string_equal(read_private(&devices, "zero", ""), "is not a regular file");
    close(devices.fd);
}

static void test_private_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    test_ids("T-26");
    cleanup_scratch struct scratch scratch = scratch_make();
    scratch_write(&scratch, "file", "content", 0600);
    assert_int_equal(fchownat(scratch.fd, "file", OTHER_USER, OTHER_USER, 0), 0);
    assert_string_equal(read_private(&scratch, "file", ""), "belongs to another user");
}

static void test_private_size(void **state)
{
    (void)state;
    test_ids("T-12 T-26");
    char text[LIMIT + 2];
    memset(text, 'x', sizeof(text));
    cleanup_scratch struct scratch scratch = scratch_make();
    text[LIMIT] = '\0';
    scratch_write(&scratch, "file", text, 0600);
    assert_null(read_private(&scratch, "file", text));
    text[LIMIT] = 'x';
    text[LIMIT + 1] = '\0';
    scratch_write(&scratch, "file", text, 0600);
    assert_string_equal(read_private(&scratch, "file", ""), "is too large");
}

/* A reader that opened the file before a writer replaced it still reads one whole file. */
static void test_private_replaced(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    assert_true(file_replace(scratch.fd, "file", "old", 3, &err));
    cleanup_fd int old = openat(scratch.fd, "file", O_RDONLY | O_CLOEXEC);
    assert_true(file_replace(scratch.fd, "file", "new", 3, &err));
    struct stat status;
    assert_int_equal(fstat(old, &status), 0);
    assert_int_equal(status.st_nlink, 0);
    assert_null(read_private(&scratch, "file", "new"));
}

static void test_private_error(void **state)
{
    (void)state;
    cleanup_buffer struct buffer out = BUFFER(LIMIT);
    struct file_state file = {.why = "untouched"};
    struct error err = {0};
    assert_false(file_read_private(-1, "file", &out, &file, &err));
    assert_int_equal(err.code, ERROR_CACHE_IO);
    assert_string_equal(err.message, "cannot open 'file': Bad file descriptor");
    assert_string_equal(file.why, "untouched");
}

static void test_read(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    scratch_write(&scratch, "file", "content", 0644);
    assert_int_equal(symlinkat("file", scratch.fd, "link"), 0);
    cleanup_buffer struct buffer out = BUFFER(14);
    assert_true(file_read(scratch_path(&scratch, "file"), &out, &err));
    assert_true(file_read(scratch_path(&scratch, "link"), &out, &err));
    assert_string_equal(buffer_text(&out), "contentcontent");
    assert_false(file_read(scratch_path(&scratch, "file"), &out, &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    assert_string_equal(buffer_text(&out), "contentcontent");
    assert_false(file_read(scratch_path(&scratch, "absent"), &out, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_true(text_ends_with(err.message, "/absent': No such file or directory"));
    assert_false(file_read(scratch.path, &out, &err));
    assert_true(text_ends_with(err.message, "it is not a regular file"));
    assert_false(file_read("/dev/null", &out, &err));
    assert_true(text_ends_with(err.message, "it is not a regular file"));
}

/* A process substitution of the shell is a FIFO. */
static void test_read_fifo(void **state)
{
    (void)state;
    cleanup_scratch struct scratch scratch = scratch_make();
    cleanup_buffer struct buffer out = BUFFER_SECRET(LIMIT);
    struct error err = {0};
    assert_int_equal(mkfifoat(scratch.fd, "fifo", 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        int writer = openat(scratch.fd, "fifo", O_WRONLY | O_CLOEXEC);
        _exit(write(writer, "secret", 6) == 6 ? 0 : 1);
    }
    assert_true(file_read(scratch_path(&scratch, "fifo"), &out, &err));
    assert_string_equal(buffer_text(&out), "secret");
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_lock(void **state)
{
    (void)state;
    test_ids("T-27");
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct stat status;
    bool locked = false;
    int fd = -1;
    int second = 7;
    assert_true(file_try_lock(scratch.fd, "lock", &fd, &locked, &err));
    assert_true(locked && fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_true(file_try_lock(scratch.fd, "lock", &second, &locked, &err));
    assert_false(locked);
    assert_int_equal(second, -1);
    close(fd);
    assert_true(file_try_lock(scratch.fd, "lock", &fd, &locked, &err));
    assert_true(locked);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    close(fd);
}

static void test_lock_private(void **state)
{
    (void)state;
    test_ids("T-26");
    static const mode_t masks[] = {0000, 0077, 0777};
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    struct stat status;
    bool locked = false;
    int fd = -1;
    for (size_t i = 0; i < array_length(masks); i++) {
        mode_t before = umask(masks[i]);
        char name[16];
        snprintf(name, sizeof(name), "lock-%zu", i);
        assert_true(file_try_lock(scratch.fd, name, &fd, &locked, &err));
        umask(before);
        assert_int_equal(fstat(fd, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
        close(fd);
    }
    scratch_write(&scratch, "loose", "", 0666);
    assert_true(file_try_lock(scratch.fd, "loose", &fd, &locked, &err));
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    close(fd);
}

static void test_lock_refused(void **state)
{
    (void)state;
    test_ids("T-26");
    static const char *const names[] = {"link", "dangling", "fifo", "hard"};
    cleanup_scratch struct scratch scratch = scratch_make();
    struct error err = {0};
    bool locked = true;
    int fd = 7;
    scratch_write(&scratch, "victim", "content", 0600);
    scratch_write(&scratch, "other", "content", 0600);
    assert_int_equal(symlinkat("victim", scratch.fd, "link"), 0);
    assert_int_equal(symlinkat("nowhere", scratch.fd, "dangling"), 0);
    assert_int_equal(mkfifoat(scratch.fd, "fifo", 0600), 0);
    assert_int_equal(linkat(scratch.fd, "other", scratch.fd, "hard", 0), 0);
    for (size_t i = 0; i < array_length(names); i++) {
        assert_false(file_try_lock(scratch.fd, names[i], &fd, &locked, &err));
        assert_int_equal(err.code, ERROR_CACHE_PERM);
        assert_int_equal(fd, 7);
    }
    assert_int_equal(faccessat(scratch.fd, "nowhere", F_OK, 0), -1);
    assert_string_equal(scratch_read(&scratch, "victim"), "content");
    assert_false(file_try_lock(-1, "lock", &fd, &locked, &err));
    assert_int_equal(err.code, ERROR_CACHE_IO);
}

static void test_expand_home(void **state)
{
    (void)state;
    test_ids("T-35");
    const struct passwd *entry = getpwuid(geteuid());
    cleanup_string char *own = memory_copy_text(entry != NULL ? entry->pw_dir : "~");
    cleanup_string char *below = memory_format("%s/x", strcmp(own, "/") == 0 ? "" : own);
    const struct {
        const char *path, *home, *expanded;
    } cases[] = {
        {"~", "/home/u", "/home/u"},
        {"~/", "/home/u", "/home/u/"},
        {"~/x/y", "/home/u", "/home/u/x/y"},
        {"~/x", "/home/u//", "/home/u/x"},
        {"~/x", "/", "/x"},
        {"~", "/", "/"},
        {"~user/x", "/home/u", "~user/x"},
        {"/a/~", "/home/u", "/a/~"},
        {"a", "/home/u", "a"},
        {"", "/home/u", ""},
        {"~", NULL, own},
        {"~", "", own},
        {"~/x", "relative", below},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_string char *expanded = file_expand_home(cases[i].path, cases[i].home);
        assert_string_equal(expanded, cases[i].expanded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_private_modes),
        cmocka_unit_test(test_private_links),
        cmocka_unit_test(test_private_kinds),
        cmocka_unit_test(test_private_owner),
        cmocka_unit_test(test_private_size),
        cmocka_unit_test(test_private_replaced),
        cmocka_unit_test(test_private_error),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_fifo),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_lock_private),
        cmocka_unit_test(test_lock_refused),
        cmocka_unit_test(test_expand_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
