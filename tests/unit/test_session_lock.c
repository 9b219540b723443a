/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes on one session: a reader sees old or new, one holds the lock, death lets go of it. */
#include <signal.h>
#include <string.h>

#include "session_fixture.h"

enum { READERS = 4, SAVES = 200 };

/* A session whose members all tell which one it is. */
static struct session numbered(int number)
{
    struct session session = make_session(NOW + number);
    free(session.refresh_token);
    session.refresh_token = memory_format("refresh-%d", number);
    return session;
}

/* Reads until the pipe is closed; 1 for a session that was missing or mixed. */
static int read_on(struct fixture *fixture, int pipe_end)
{
    char byte;
    while (read(pipe_end, &byte, 1) < 0 && errno == EAGAIN) {
        cleanup_session struct session session = {0};
        bool found = false;
        session_cache_load(&fixture->cache, &fixture->key, &session, &found, NULL);
        if (!found)
            return CHILD_BAD;
        cleanup_string char *expected = memory_format("refresh-%d", (int)(session.obtained_at - NOW));
        cleanup_string char *token = make_token_until(session.obtained_at + LIFETIME);
        if (strcmp(session.refresh_token, expected) != 0 || strcmp(session.token, token) != 0)
            return CHILD_BAD;
    }
    return CHILD_GOOD;
}

static void save_number(struct fixture *fixture, int number)
{
    cleanup_session struct session session = numbered(number);
    struct error err = {0};
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
}

static void test_readers_and_a_writer(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-33");
    int ends[2];
    pid_t readers[READERS];
    save_number(fixture, 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = fork();
        assert_true(readers[i] >= 0);
        if (readers[i] == 0) {
            close(ends[1]);
            _exit(read_on(fixture, ends[0]));
        }
    }
    for (int i = 1; i <= SAVES; i++)
        save_number(fixture, i);
    close(ends[1]);
    close(ends[0]);
    for (size_t i = 0; i < READERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(readers[i], &status, 0), readers[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CHILD_GOOD);
    }
    assert_int_equal(count_entries(fixture->path), 1);
}

/* A child that holds the lock until it is killed. */
static pid_t start_holder(struct fixture *fixture)
{
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = -1;
        bool locked = false;
        struct error err = {0};
        bool good = session_cache_try_lock(&fixture->cache, &fixture->key, &fd, &locked, &err) && locked;
        if (!good || write(ends[1], "x", 1) != 1)
            _exit(CHILD_BAD);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    return pid;
}

static void end_holder(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool try_once(struct fixture *fixture, const struct session_key *key)
{
    cleanup_fd int fd = -1;
    bool locked = false;
    struct error err = {0};
    assert_true(session_cache_try_lock(&fixture->cache, key, &fd, &locked, &err));
    assert_int_equal(fd >= 0, locked);
    return locked;
}

static void test_one_holder(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-27 K7-40");
    pid_t holder = start_holder(fixture);
    assert_false(try_once(fixture, &fixture->key));
    assert_false(try_once(fixture, &fixture->key));
    end_holder(holder);
    assert_true(try_once(fixture, &fixture->key));
    assert_true(try_once(fixture, &fixture->key));

    struct stat status;
    assert_int_equal(fstatat(fixture->cache.directory, name_of(&fixture->key, ".lock").text, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_other_sessions_do_not_wait(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-41");
    cleanup_session_key struct session_key other = make_key("https://other.example.com/");
    pid_t holder = start_holder(fixture);
    assert_true(try_once(fixture, &other));
    end_holder(holder);
}

static void test_lock_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-30");
    cleanup_string char *runtime = memory_format("%s/runtime", fixture->root);
    cleanup_fd int fd = -1;
    bool locked = false;
    struct error err = {0};
    struct name name = name_of(&fixture->key, ".lock");
    assert_int_equal(mkdirat(fixture->cache.directory, name.text, 0700), 0); /* so that it cannot be locked */
    assert_false(session_cache_try_lock(&fixture->cache, &fixture->key, &fd, &locked, &err));
    assert_int_not_equal(err.code, ERROR_NONE);
    assert_false(locked);

    fixture->cache.lock_directory = runtime;
    assert_true(session_cache_try_lock(&fixture->cache, &fixture->key, &fd, &locked, &err));
    assert_int_equal(err.code, ERROR_NONE);
    assert_true(locked);
    assert_false(try_once(fixture, &fixture->key));
    assert_int_equal(count_entries(runtime), 1);

    struct session_cache nowhere = {.directory = -1, .lock_directory = runtime};
    int second = -1;
    assert_true(session_cache_try_lock(&nowhere, &fixture->key, &second, &locked, &err));
    assert_false(locked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_readers_and_a_writer),
        fixture_test(test_one_holder),
        fixture_test(test_other_sessions_do_not_wait),
        fixture_test(test_lock_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
