/* SPDX-License-Identifier: Apache-2.0 */
/* A session file says where its refresh token rests, and holds none that rests elsewhere. */
#include <string.h>

#include "session/session_file.h"
#include "session/session_list.h"
#include "session_fixture.h"

#define MARK "\"refresh_token_in\":\"keyring\""

static char *make_file(const struct session_key *key, bool in_keyring)
{
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    char *text = NULL;
    session.in_keyring = in_keyring;
    memory_replace_text(&session.username, "\"refresh_token\":\"x\"," MARK);
    assert_true(session_file_format(key, &session, &text, &err));
    return text;
}

/* TEXT with its mark replaced. */
static char *with_mark(const char *text, const char *mark)
{
    const char *at = strstr(text, MARK);
    assert_non_null(at);
    return memory_format("%.*s%s%s", (int)(at - text), text, mark, at + strlen(MARK));
}

static void check_place(const struct session_key *key, const char *text, bool in_keyring)
{
    cleanup_session struct session parsed = {0}, peeked = {0};
    const char *why = NULL;
    assert_int_equal(session_file_parse(text, strlen(text), key, &parsed, &why), SESSION_FILE_GOOD);
    assert_true(session_file_peek(text, strlen(text), key, &peeked));
    assert_int_equal(parsed.in_keyring, in_keyring);
    assert_int_equal(peeked.in_keyring, in_keyring);
    assert_int_equal(session_file_is_in_keyring(text, strlen(text)), in_keyring);
    assert_true(parsed.can_refresh && peeked.can_refresh);
    assert_int_equal(parsed.refresh_token == NULL, in_keyring);
}

static void test_each_place(void **state)
{
    (void)state;
    test_ids("K7-38");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_string char *there = make_file(&key, true), *here = make_file(&key, false);
    cleanup_session struct session session = make_session(NOW);
    check_place(&key, there, true);
    check_place(&key, here, false);
    assert_null(strstr(there, session.refresh_token));
    assert_non_null(strstr(here, session.refresh_token));
}

static void test_places_that_are_none(void **state)
{
    (void)state;
    test_ids("T-34");
    static const char *const marks[] = {
        "\"refresh_token_in\":\"disk\"", "\"refresh_token_in\":\"\"",
        "\"refresh_token_in\":1",        "\"refresh_token_in\":null",
        "\"refresh_token_in\":true",     "\"refresh_token_in\":[\"keyring\"]",
        MARK ",\"refresh_token\":\"r\"", "\"refresh_token_in\":\"Keyring\"",
    };
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_string char *text = make_file(&key, true);
    for (size_t i = 0; i < array_length(marks); i++) {
        cleanup_string char *spoiled = with_mark(text, marks[i]);
        struct session session = {0};
        const char *why = NULL;
        assert_int_equal(session_file_parse(spoiled, strlen(spoiled), &key, &session, &why),
                         SESSION_FILE_DAMAGED);
        assert_non_null(why);
        assert_null(session.token);
    }
}

static void test_list_and_clean_know_the_place(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42");
    cleanup_session struct session session = make_session(NOW);
    cleanup_session_list struct session_list list = {0};
    struct session_cache_cleaned cleaned = {0};
    struct error err = {0};
    session.in_keyring = true;
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
    assert_true(session_list_add(fixture->path, &list, &err));
    assert_int_equal(list.count, 1);
    assert_true(list.items[0].session.in_keyring && list.items[0].session.can_refresh);
    assert_true(session_cache_clean(fixture->path, &cleaned, &err));
    assert_int_equal(cleaned.sessions, 1);
    assert_int_equal(cleaned.in_keyring, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_place),
        cmocka_unit_test(test_places_that_are_none),
        cmocka_unit_test_setup_teardown(test_list_and_clean_know_the_place, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
