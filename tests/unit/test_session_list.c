/* SPDX-License-Identifier: Apache-2.0 */
/* Every session of a directory, and what is skipped with a word. */
#include "session/session_list.h"

#include "session_fixture.h"

static void save(struct fixture *fixture, const char *issuer, bool with_refresh_token)
{
    cleanup_session_key struct session_key key = make_key(issuer);
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    if (!with_refresh_token) {
        memory_free_secret(session.refresh_token);
        session.refresh_token = NULL;
    }
    assert_true(session_cache_save(&fixture->cache, &key, &session, NULL, &err));
}

static void test_sessions(void **state)
{
    struct fixture *fixture = *state;
    cleanup_session_list struct session_list list = {0};
    struct error err = {0};
    save(fixture, "https://b.example/", true);
    save(fixture, "https://a.example/", false);
    assert_true(session_list_add(fixture->path, &list, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.notes.count, 0);
    for (size_t i = 0; i < list.count; i++) {
        const struct session_entry *entry = &list.items[i];
        assert_string_equal(session_key_text(&entry->key, "issuer"),
                            i == 0 ? "https://a.example/" : "https://b.example/");
        assert_string_equal(session_key_text(&entry->key, "client_id"), "kubernetes");
        assert_string_equal(entry->session.username, "jane@example.com");
        assert_int_equal(entry->session.expires_at, NOW + LIFETIME);
        assert_int_equal(entry->session.can_refresh, i == 1);
        assert_null(entry->session.refresh_token);
    }
}

static void test_several_directories(void **state)
{
    struct fixture *fixture = *state;
    cleanup_session_list struct session_list list = {0};
    struct error err = {0};
    save(fixture, "https://a.example/", true);
    assert_true(session_list_add(fixture->path, &list, &err));
    assert_true(session_list_add(fixture->path, &list, &err));
    assert_int_equal(list.count, 2);
    cleanup_string char *missing = memory_format("%s/missing", fixture->root);
    assert_true(session_list_add(missing, &list, &err));
    assert_int_equal(list.count, 2);
}

static void test_what_is_skipped(void **state)
{
    struct fixture *fixture = *state;
    cleanup_session_list struct session_list list = {0};
    struct error err = {0};
    save(fixture, ISSUER, true);
    put_file(fixture->cache.directory, "a.example-0123456789abcdef.json", "{\"refresh_token\"", 16);
    put_file(fixture->cache.directory, "c.example-0123456789abcdef.json", "{", 1);
    put_file(fixture->cache.directory, "photo.jpg", "x", 1);
    assert_int_equal(fchmodat(fixture->cache.directory, name_of(&fixture->key, ".json").text, 0644, 0), 0);
    save(fixture, "https://b.example/", true);
    assert_true(session_list_add(fixture->path, &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(session_key_text(&list.items[0].key, "issuer"), "https://b.example/");
    assert_int_equal(list.notes.count, 4);
    assert_int_equal(list.skipped, 2); /* what has no refresh token is no loss */
    cleanup_string char *notes = text_list_join(&list.notes, "\n");
    assert_non_null(strstr(notes, "'a.example-0123456789abcdef.json' is skipped"));
    assert_non_null(strstr(notes, "1 file in '"));
    assert_null(strstr(notes, "refresh-1"));
}

/* A file that was copied under another name is not the session of that name. */
static void test_a_name_that_is_not_the_key_s(void **state)
{
    struct fixture *fixture = *state;
    cleanup_session_list struct session_list list = {0};
    struct error err = {0};
    save(fixture, ISSUER, true);
    cleanup_string char *text = get_file(fixture->cache.directory, name_of(&fixture->key, ".json").text);
    put_file(fixture->cache.directory, "a.example-0123456789abcdef.json", text, strlen(text));
    assert_true(session_list_add(fixture->path, &list, &err));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.notes.count, 1);
}

static void test_no_directory(void **state)
{
    struct fixture *fixture = *state;
    cleanup_session_list struct session_list list = {0};
    struct error err = {0};
    cleanup_string char *file = memory_format("%s/file", fixture->path);
    put_file(fixture->cache.directory, "file", "x", 1);
    assert_false(session_list_add(file, &list, &err));
    assert_true(err.code != ERROR_NONE);
    assert_int_equal(list.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_sessions),        fixture_test(test_several_directories),
        fixture_test(test_what_is_skipped), fixture_test(test_a_name_that_is_not_the_key_s),
        fixture_test(test_no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
