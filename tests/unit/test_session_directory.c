/* SPDX-License-Identifier: Apache-2.0 */
/* Which directory sessions are kept in, and which is left alone. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "session_fixture.h"

static void test_missing_directories_are_made(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-33 T-26");
    cleanup_string char *path = memory_format("%s/a/b/c", fixture->root);
    cleanup_string char *ancestor = memory_format("%s/a", fixture->root);
    cleanup_opened struct opened reading = {0};
    open_two(path, NULL, false, &reading);
    assert_int_equal(reading.cache.directory, -1);
    assert_int_equal(reading.warning.code, ERROR_NONE);
    assert_false(exists(AT_FDCWD, ancestor));

    mode_t before = umask(0);
    cleanup_opened struct opened writing = {0};
    open_two(path, NULL, true, &writing);
    umask(before);
    struct stat status;
    assert_true(writing.cache.directory >= 0);
    assert_string_equal(writing.cache.path, path);
    assert_int_equal(writing.warning.code, ERROR_NONE);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(stat(ancestor, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
}

static void test_symbolic_links(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-26");
    cleanup_string char *link = memory_format("%s/link", fixture->root);
    cleanup_string char *through = memory_format("%s/link/inner", fixture->root);
    cleanup_string char *slash = memory_format("%s/link/", fixture->root);
    assert_int_equal(symlink("cache", link), 0);
    cleanup_opened struct opened ancestor = {0};
    open_two(through, NULL, true, &ancestor);
    assert_true(ancestor.cache.directory >= 0);
    for (int create = 0; create < 2; create++) {
        cleanup_opened struct opened last = {0};
        open_two(link, NULL, create, &last);
        assert_int_equal(last.cache.directory, -1);
        assert_int_equal(last.warning.code, ERROR_CACHE_PERM);
        cleanup_opened struct opened with_slash = {0};
        open_two(slash, NULL, create, &with_slash);
        assert_int_equal(with_slash.cache.directory, -1);
    }
}

static void test_loose_modes(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-26");
    static const mode_t modes[] = {0755, 0750, 0711, 0777, 01777, 0707};
    for (size_t i = 0; i < array_length(modes); i++) {
        assert_int_equal(chmod(fixture->path, modes[i]), 0);
        cleanup_opened struct opened opened = {0};
        struct stat status;
        open_two(fixture->path, NULL, true, &opened);
        assert_int_equal(stat(fixture->path, &status), 0);
        if (opened.cache.directory >= 0)
            assert_int_equal(status.st_mode & 07777, 0700);
        else
            assert_int_equal(opened.warning.code, ERROR_CACHE_PERM);
        assert_int_equal(opened.cache.directory < 0, (modes[i] & S_IWOTH) != 0);
    }
}

static void test_bad_paths(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-35");
    cleanup_string char *file = memory_format("%s/file", fixture->root);
    cleanup_string char *below = memory_format("%s/file/cache", fixture->root);
    put_file(AT_FDCWD, file, "x", 1);
    const char *const paths[] = {"", "cache", "./cache", "~/cache", file, below, "/proc/no/such/place"};
    for (size_t i = 0; i < array_length(paths); i++) {
        cleanup_opened struct opened alone = {0};
        open_two(paths[i], NULL, true, &alone);
        assert_int_equal(alone.cache.directory, -1);
        assert_int_not_equal(alone.warning.code, ERROR_NONE);
        cleanup_opened struct opened second = {0};
        open_two(paths[i], fixture->path, true, &second);
        assert_true(second.cache.directory >= 0);
        assert_string_equal(second.cache.path, fixture->path);
        assert_int_not_equal(second.warning.code, ERROR_NONE); /* one warning says that it is another one */
        cleanup_opened struct opened silent = {0};
        const char *nobody_asks[] = {paths[i], NULL};
        session_cache_open(nobody_asks, true, &silent.cache, NULL);
        assert_int_equal(silent.cache.directory, -1);
        cleanup_opened struct opened twice = {0};
        open_two(paths[i], "other", true, &twice);
        assert_string_equal(twice.warning.message, alone.warning.message); /* the first is what was wanted */
    }
    cleanup_opened struct opened nothing = {0};
    open_two(NULL, NULL, true, &nothing);
    assert_int_equal(nothing.cache.directory, -1);
}

static void test_reading_side_takes_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    cleanup_string char *missing = memory_format("%s/missing", fixture->root);
    cleanup_opened struct opened opened = {0};
    open_two(missing, fixture->path, false, &opened);
    assert_string_equal(opened.cache.path, fixture->path);
    assert_int_equal(opened.warning.code, ERROR_NONE);
}

static void test_first_is_taken(void **state)
{
    struct fixture *fixture = *state;
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    cleanup_opened struct opened opened = {.warning = {.code = ERROR_INTERNAL}};
    open_two(fixture->path, second, true, &opened);
    assert_string_equal(opened.cache.path, fixture->path);
    assert_int_equal(opened.warning.code, ERROR_NONE);
    assert_false(exists(AT_FDCWD, second));
}

static void test_another_owner(void **state)
{
    struct fixture *fixture = *state;
    if (geteuid() != 0)
        skip();
    test_ids("T-26 T-26b");
    cleanup_string char *home = memory_format("%s/home", fixture->root);
    cleanup_string char *path = memory_format("%s/home/.kube/cache/latchkey", fixture->root);
    assert_int_equal(chown(fixture->path, OTHER_USER, OTHER_USER), 0);
    for (int create = 0; create < 2; create++) {
        cleanup_opened struct opened opened = {0};
        open_two(fixture->path, NULL, create, &opened);
        assert_int_equal(opened.cache.directory, -1);
        assert_int_equal(opened.warning.code, ERROR_CACHE_PERM);
    }
    assert_int_equal(count_entries(fixture->path), 0);

    assert_int_equal(mkdir(home, 0700), 0); /* sudo with the HOME of the user */
    assert_int_equal(chown(home, OTHER_USER, OTHER_USER), 0);
    cleanup_opened struct opened opened = {0};
    open_two(path, NULL, true, &opened);
    assert_int_equal(opened.cache.directory, -1);
    assert_int_equal(opened.warning.code, ERROR_CACHE_PERM);
    assert_int_equal(count_entries(home), 0);
}

/* Ours, but without the write bit: what a read-only home looks like to somebody who is not root. */
static int unwritable_directory(struct fixture *fixture)
{
    cleanup_string char *locked = memory_format("%s/locked", fixture->root);
    cleanup_string char *inside = memory_format("%s/locked/cache", fixture->root);
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    if (geteuid() == 0 && (chown(fixture->root, OTHER_USER, OTHER_USER) != 0 ||
                           setresgid(OTHER_USER, OTHER_USER, OTHER_USER) != 0 ||
                           setresuid(OTHER_USER, OTHER_USER, OTHER_USER) != 0))
        return CHILD_SKIPPED;
    if (mkdir(locked, 0700) != 0 || chmod(locked, 0500) != 0)
        return CHILD_BAD;
    cleanup_opened struct opened alone = {0};
    open_two(inside, NULL, true, &alone);
    if (alone.cache.directory >= 0 || alone.warning.code == ERROR_NONE)
        return CHILD_BAD;
    cleanup_opened struct opened both = {0};
    open_two(inside, second, true, &both);
    bool taken = both.cache.directory >= 0 && strcmp(both.cache.path, second) == 0;
    return taken && both.warning.code != ERROR_NONE ? CHILD_GOOD : CHILD_BAD;
}

static void test_unwritable(void **state)
{
    int result = run_child(unwritable_directory, *state);
    if (result == CHILD_SKIPPED)
        skip();
    test_ids("T-32 T-35");
    assert_int_equal(result, CHILD_GOOD);
}

/* In a mount namespace of the child's own, so nothing is left behind. */
static bool mount_small(const char *path, const char *options)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", path, "tmpfs", 0, options) == 0;
}

static int read_only_file_system(struct fixture *fixture)
{
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    if (!mount_small(fixture->path, "size=1m,mode=0700"))
        return CHILD_SKIPPED;
    cleanup_opened struct opened writable = {0};
    open_two(fixture->path, NULL, true, &writable);
    if (!session_cache_save(&writable.cache, &fixture->key, &session, NULL, &err))
        return CHILD_BAD;
    if (mount("none", fixture->path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0)
        return CHILD_SKIPPED;

    cleanup_opened struct opened alone = {0};
    cleanup_session struct session loaded = {0};
    struct file_draft draft = {0};
    bool found = false;
    open_two(fixture->path, NULL, true, &alone);
    session_cache_load(&alone.cache, &fixture->key, &loaded, &found, NULL);
    bool readable = found && alone.cache.read_only && alone.warning.code == ERROR_CACHE_PERM;
    bool refused = !session_cache_prepare(&alone.cache, &fixture->key, &draft, &err) &&
                   !session_cache_save(&alone.cache, &fixture->key, &session, NULL, &err);
    cleanup_opened struct opened both = {0};
    open_two(fixture->path, second, true, &both);
    cleanup_opened struct opened reading = {0};
    open_two(fixture->path, second, false, &reading);
    bool moved = text_equal(both.cache.path, second) && text_equal(reading.cache.path, second);
    moved = moved && both.warning.code == ERROR_CACHE_PERM && reading.warning.code == ERROR_NONE;
    struct session_cache_cleaned cleaned = {0};
    bool left = !session_cache_clean(fixture->path, &cleaned, &err) && err.code == ERROR_CACHE_IO;
    return readable && refused && moved && left ? CHILD_GOOD : CHILD_BAD;
}

static void test_read_only(void **state)
{
    if (geteuid() != 0)
        skip();
    int result = run_child(read_only_file_system, *state);
    if (result == CHILD_SKIPPED)
        skip();
    test_ids("T-32 K7-37");
    assert_int_equal(result, CHILD_GOOD);
}

static int full_file_system(struct fixture *fixture)
{
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    if (!mount_small(fixture->path, "size=16k,mode=0700"))
        return CHILD_SKIPPED;
    cleanup_opened struct opened opened = {0};
    struct file_draft draft = {0};
    open_two(fixture->path, NULL, true, &opened);
    bool first = session_cache_save(&opened.cache, &fixture->key, &session, NULL, &err);
    bool refused =
        !session_cache_prepare(&opened.cache, &fixture->key, &draft, &err) && err.code == ERROR_CACHE_IO;

    free(session.refresh_token); /* a save that does not fit leaves the old session whole */
    session.refresh_token = memory_allocate(64 * 1024);
    memset(session.refresh_token, 'r', 64 * 1024 - 1);
    bool second = session_cache_save(&opened.cache, &fixture->key, &session, NULL, &err);
    cleanup_session struct session loaded = {0};
    bool found = false;
    session_cache_load(&opened.cache, &fixture->key, &loaded, &found, NULL);
    bool kept = found && text_equal(loaded.refresh_token, "refresh-1") && count_entries(fixture->path) == 1;
    return first && refused && !second && kept ? CHILD_GOOD : CHILD_BAD;
}

static void test_full(void **state)
{
    if (geteuid() != 0)
        skip();
    int result = run_child(full_file_system, *state);
    if (result == CHILD_SKIPPED)
        skip();
    test_ids("T-32");
    assert_int_equal(result, CHILD_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_missing_directories_are_made),
        fixture_test(test_symbolic_links),
        fixture_test(test_loose_modes),
        fixture_test(test_bad_paths),
        fixture_test(test_reading_side_takes_what_is_there),
        fixture_test(test_first_is_taken),
        fixture_test(test_another_owner),
        fixture_test(test_unwritable),
        fixture_test(test_read_only),
        fixture_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
