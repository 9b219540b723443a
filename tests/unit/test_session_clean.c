/* SPDX-License-Identifier: Apache-2.0 */
/* `clean` takes away what is ours and leaves everything else exactly as it was. */
#include <string.h>
#include <time.h>

#include "session/cooldown.h"
#include "session/provider_cache.h"
#include "session_fixture.h"

static void save_all(struct fixture *fixture)
{
    cleanup_session struct session session = make_session(NOW);
    const struct provider_record record = {.metadata = (char[]){"{}"}, .metadata_at = NOW};
    const struct lock_holder holder = {.pid = 1, .phase = "refreshing"};
    struct error err = {.code = ERROR_TIMEOUT, .message = "nobody answered"};
    cleanup_fd int fd = -1;
    bool locked = false;
    put_file(fixture->cache.directory, name_of(&fixture->key, ".json").text, "damaged", 7);
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
    assert_true(provider_cache_save(&fixture->cache, ISSUER, false, &record, &err));
    assert_true(provider_cache_save(&fixture->cache, ISSUER, true, &record, &err));
    cooldown_login_failed(&fixture->cache, &fixture->key, NOW, &err);
    lock_holder_write(&fixture->cache, &fixture->key, &holder);
    put_file(fixture->cache.directory, name_of(&fixture->key, ".handout").text, "handout1", 8);
    assert_true(session_cache_try_lock(&fixture->cache, &fixture->key, &fd, &locked, &err));
}

static struct session_cache_cleaned clean(struct fixture *fixture)
{
    struct session_cache_cleaned cleaned = {0};
    struct error err = {0};
    assert_true(session_cache_clean(fixture->path, &cleaned, &err));
    return cleaned;
}

static void test_everything_of_ours(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42");
    save_all(fixture);
    assert_int_equal(count_entries(fixture->path), 8);
    struct session_cache_cleaned cleaned = clean(fixture);
    assert_int_equal(cleaned.sessions, 1);
    assert_int_equal(cleaned.others, 7);
    assert_int_equal(cleaned.foreign, 0);
    assert_false(exists(AT_FDCWD, fixture->path));

    cleaned = clean(fixture); /* a missing directory is fine */
    assert_int_equal(cleaned.sessions + cleaned.others + cleaned.foreign, 0);
}

/* Names that the peer or a person might have, and ours with contents that are not ours. */
static void test_everything_else_stays(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42");
    static const char *const names[] = {
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.lock",
        "notes.txt",
        "a.json",
        ".json",
        "a-0123456789abcdef",
        "a-0123456789abcdef.json",     /* no session in it */
        "a-0123456789abcdef.provider", /* no provider record in it */
        "a-0123456789abcde.lock",
        "a-0123456789abcdeg.lock",
        "-0123456789abcdef.lock",
        ".a-0123456789abcdef.lock",
        "A-0123456789abcdef.bad",
        "a-0123456789abcdef.bad.txt",
        "a_0123456789abcdef.bad",
        "a b-0123456789abcdef.cooldown",
    };
    for (size_t i = 0; i < array_length(names); i++)
        put_file(fixture->cache.directory, names[i], "{}", 2);
    assert_int_equal(mkdirat(fixture->cache.directory, "a-0123456789abcdef.cooldown", 0700), 0);
    assert_int_equal(symlinkat("notes.txt", fixture->cache.directory, "a-0123456789abcdef.bad"), 0);
    save_all(fixture);
    struct session_cache_cleaned cleaned = clean(fixture);
    assert_int_equal(cleaned.sessions, 1);
    assert_int_equal(cleaned.others, 7);
    assert_int_equal(cleaned.foreign, array_length(names) + 2);
    for (size_t i = 0; i < array_length(names); i++)
        assert_true(exists(fixture->cache.directory, names[i]));
    assert_int_equal(count_entries(fixture->path), cleaned.foreign);
}

static void test_copies_are_foreign(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42");
    save_all(fixture);
    cleanup_string char *text = get_file(fixture->cache.directory, name_of(&fixture->key, ".json").text);
    put_file(fixture->cache.directory, "copy-0123456789abcdef.json", text, strlen(text));
    struct session_cache_cleaned cleaned = clean(fixture);
    assert_int_equal(cleaned.sessions, 1);
    assert_int_equal(cleaned.foreign, 1);
    assert_true(exists(fixture->cache.directory, "copy-0123456789abcdef.json"));
}

static void test_held_lock_stays(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42 T-27");
    cleanup_fd int fd = -1;
    bool locked = false;
    struct error err = {0};
    assert_true(session_cache_try_lock(&fixture->cache, &fixture->key, &fd, &locked, &err));
    struct session_cache_cleaned cleaned = clean(fixture);
    assert_int_equal(cleaned.others, 0);
    assert_int_equal(cleaned.foreign, 0);
    assert_true(exists(fixture->cache.directory, name_of(&fixture->key, ".lock").text));
}

static void test_stale_drafts(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-33");
    static const char name[] = ".tok.1.0123456789abcdef"; /* process 1 lives */
    put_file(fixture->cache.directory, name, "x", 1);
    const struct timespec old[2] = {{.tv_sec = NOW / 2}, {.tv_sec = NOW / 2}};
    assert_int_equal(utimensat(fixture->cache.directory, name, old, 0), 0);
    (void)clean(fixture);
    assert_false(exists(AT_FDCWD, fixture->path));
}

static void test_directory_of_somebody_else(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42 T-26b");
    struct session_cache_cleaned cleaned = {0};
    struct error err = {0};
    save_all(fixture);
    cleanup_string char *link = memory_format("%s/link", fixture->root);
    assert_int_equal(symlink("cache", link), 0);
    assert_false(session_cache_clean(link, &cleaned, &err));
    assert_int_equal(err.code, ERROR_CACHE_PERM);
    if (geteuid() == 0) {
        assert_int_equal(chown(fixture->path, OTHER_USER, OTHER_USER), 0);
        assert_false(session_cache_clean(fixture->path, &cleaned, &err));
    }
    assert_int_equal(count_entries(fixture->path), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_everything_of_ours), fixture_test(test_everything_else_stays),
        fixture_test(test_copies_are_foreign), fixture_test(test_held_lock_stays),
        fixture_test(test_stale_drafts),       fixture_test(test_directory_of_somebody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
