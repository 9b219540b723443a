/* SPDX-License-Identifier: Apache-2.0 */
/* Saving a session: what is proved before a refresh token is spent, and what becomes of the drafts. */
#include <string.h>

#include "session_fixture.h"

static bool has_session(const struct fixture *fixture)
{
    cleanup_session struct session session = {0};
    bool found = false;
    session_cache_load(&fixture->cache, &fixture->key, &session, &found, NULL);
    return found;
}

static void test_prepared_save(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-32");
    cleanup_session struct session session = make_session(NOW);
    cleanup_file_draft struct file_draft draft = {0};
    struct error err = {0};
    assert_true(session_cache_prepare(&fixture->cache, &fixture->key, &draft, &err));
    struct stat status;
    assert_int_equal(fstat(draft.fd, &status), 0);
    assert_true(status.st_size >= 64 * 1024);
    assert_int_equal(count_entries(fixture->path), 1);
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, &draft, &err));
    assert_true(has_session(fixture));
    assert_int_equal(count_entries(fixture->path), 1);

    struct session_cache read_only = {fixture->cache.directory, fixture->path, .read_only = true};
    assert_false(session_cache_prepare(&read_only, &fixture->key, &draft, &err));
    assert_int_equal(err.code, ERROR_CACHE_PERM);
}

/* A provider with many groups: the proof is about a file as large as the present one, and larger. */
static void test_prepared_for_a_large_session(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-32");
    cleanup_session struct session session = make_session(NOW);
    cleanup_file_draft struct file_draft draft = {0};
    struct error err = {0};
    struct stat status;
    free(session.refresh_token);
    session.refresh_token = memory_allocate(100 * 1024);
    memset(session.refresh_token, 'r', 100 * 1024 - 1);
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
    assert_true(session_cache_prepare(&fixture->cache, &fixture->key, &draft, &err));
    assert_int_equal(fstat(draft.fd, &status), 0);
    assert_true(status.st_size >= 200 * 1024);
}

/* Whoever sweeps by a clock that jumped, or by hand, takes a draft away; the session is saved without it. */
static void test_save_without_its_draft(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-33");
    cleanup_session struct session session = make_session(NOW);
    cleanup_file_draft struct file_draft draft = {0};
    struct error err = {0};
    assert_true(session_cache_prepare(&fixture->cache, &fixture->key, &draft, &err));
    assert_int_equal(unlinkat(fixture->cache.directory, draft.name, 0), 0);
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, &draft, &err));
    assert_int_equal(err.code, ERROR_NONE);
    assert_true(has_session(fixture));
    assert_int_equal(count_entries(fixture->path), 1);
}

static void test_stale_drafts_are_swept(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-33");
    pid_t dead = fork();
    assert_true(dead >= 0);
    if (dead == 0)
        _exit(0);
    assert_int_equal(waitpid(dead, NULL, 0), dead);
    char name[64];
    snprintf(name, sizeof(name), ".tok.%d.0123456789abcdef", (int)dead);
    put_file(fixture->cache.directory, name, "x", 1);
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
    assert_false(exists(fixture->cache.directory, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_prepared_save),
        fixture_test(test_prepared_for_a_large_session),
        fixture_test(test_save_without_its_draft),
        fixture_test(test_stale_drafts_are_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
