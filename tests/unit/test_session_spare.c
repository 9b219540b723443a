/* SPDX-License-Identifier: Apache-2.0 */
/* Two places for one session: the cache directory, and the runtime directory where that one takes nothing. */
#include <string.h>

#include "session_fixture.h"

/* A kill between two steps, or a directory that took nothing for a while, leaves one in each place. */
static void test_the_later_of_two_counts(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-32 T-34");
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    for (int later = 0; later < 2; later++) {
        cleanup_opened struct opened first_place = {0}, second_place = {0};
        cleanup_session struct session first = make_session(NOW + !later), other = make_session(NOW + later);
        cleanup_session struct session loaded = {0};
        struct error err = {0};
        bool found = false;
        open_two(second, NULL, true, &second_place);
        second_place.cache.stands_for = fixture->path;
        assert_true(session_cache_save(&second_place.cache, &fixture->key, &other, NULL, &err));
        open_two(fixture->path, NULL, true, &first_place);
        assert_true(session_cache_save(&first_place.cache, &fixture->key, &first, NULL, &err));
        first_place.cache.spare = second;
        session_cache_load(&first_place.cache, &fixture->key, &loaded, &found, NULL);
        assert_true(found);
        assert_int_equal(loaded.obtained_at, NOW + 1);
        assert_string_equal(loaded.token, later ? other.token : first.token);
        assert_non_null(loaded.refresh_token);
        assert_true(session_cache_drop(&first_place.cache, &fixture->key, &err));
        assert_int_equal(count_entries(fixture->path) + count_entries(second), 0);
    }
}

/* A later session without a refresh token, or in a place where nobody could say that it was spent, does not
 * hide one that can be renewed. */
static void test_a_later_one_that_cannot_be_renewed(void **state)
{
    struct fixture *fixture = *state;
    test_ids("T-32");
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    cleanup_opened struct opened first_place = {0}, second_place = {0};
    cleanup_session struct session first = make_session(NOW), later = make_session(NOW + 10), loaded = {0};
    struct error err = {0};
    bool found = false;
    memory_free_secret(later.refresh_token);
    later.refresh_token = NULL;
    open_two(fixture->path, second, true, &first_place);
    open_two(second, NULL, true, &second_place);
    second_place.cache.stands_for = fixture->path;
    assert_true(session_cache_save(&first_place.cache, &fixture->key, &first, NULL, &err));
    assert_true(session_cache_save(&second_place.cache, &fixture->key, &later, NULL, &err));
    session_cache_load(&first_place.cache, &fixture->key, &loaded, &found, NULL);
    assert_true(found);
    assert_string_equal(loaded.token, first.token);
}

/* Several cache directories, of several accounts, have one runtime directory. */
static void test_what_was_saved_for_another_directory(void **state)
{
    struct fixture *fixture = *state;
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    cleanup_opened struct opened own = {0}, other = {0}, fallen_back = {0};
    cleanup_session struct session session = make_session(NOW), loaded = {0};
    cleanup_session struct session theirs = make_session(NOW + 10);
    struct error err = {0};
    struct name name = name_of(&fixture->key, ".json");
    bool found = true;
    open_two(second, NULL, true, &other);
    other.cache.stands_for = "/another/directory";
    assert_true(session_cache_save(&other.cache, &fixture->key, &theirs, NULL, &err));
    open_two(fixture->path, second, true, &own);
    session_cache_load(&own.cache, &fixture->key, &loaded, &found, NULL);
    assert_false(found);
    session_cache_peek(&own.cache, &fixture->key, &loaded, &found);
    assert_false(found);
    assert_true(session_cache_save(&own.cache, &fixture->key, &session, NULL, &err));
    session_cache_load(&own.cache, &fixture->key, &loaded, &found, NULL);
    assert_string_equal(loaded.token, session.token);
    assert_true(session_cache_drop(&own.cache, &fixture->key, &err));
    open_two("/proc/no/such/place", second, true, &fallen_back);
    assert_string_equal(fallen_back.cache.path, second);
    session_release(&loaded);
    session_cache_load(&fallen_back.cache, &fixture->key, &loaded, &found, NULL);
    assert_false(found);
    session_cache_peek(&fallen_back.cache, &fixture->key, &loaded, &found);
    assert_false(found);
    assert_true(session_cache_drop(&fallen_back.cache, &fixture->key, &err));
    assert_true(exists(other.cache.directory, name.text)); /* nobody has touched it */
}

/* Only what is missing everywhere was deleted: what cannot be read may be there. */
static void test_what_is_gone(void **state)
{
    struct fixture *fixture = *state;
    cleanup_session struct session session = make_session(NOW);
    cleanup_string char *second = memory_format("%s/second", fixture->root);
    cleanup_opened struct opened opened = {0}, other = {0};
    struct error err = {0};
    struct name name = name_of(&fixture->key, ".json");
    open_two(fixture->path, second, true, &opened);
    open_two(second, NULL, true, &other);
    other.cache.stands_for = fixture->path;
    assert_true(session_cache_is_gone(&opened.cache, &fixture->key));
    assert_true(session_cache_save(&other.cache, &fixture->key, &session, NULL, &err));
    assert_false(session_cache_is_gone(&opened.cache, &fixture->key));
    assert_true(session_cache_save(&opened.cache, &fixture->key, &session, NULL, &err));
    assert_false(exists(other.cache.directory, name.text));
    put_file(opened.cache.directory, name.text, "damaged", 7);
    assert_false(session_cache_is_gone(&opened.cache, &fixture->key));
    assert_int_equal(unlinkat(opened.cache.directory, name.text, 0), 0);
    assert_true(session_cache_is_gone(&opened.cache, &fixture->key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fixture_test(test_the_later_of_two_counts),
        fixture_test(test_a_later_one_that_cannot_be_renewed),
        fixture_test(test_what_was_saved_for_another_directory),
        fixture_test(test_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
