/* SPDX-License-Identifier: Apache-2.0 */
/* The short way to a cached answer finds nothing that the long way would not, and says the same of it. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "session/session_file.h"
#include "session_fixture.h"

static char *make_file(const struct session_key *key)
{
    cleanup_session struct session session = make_session(NOW);
    struct error err = {0};
    char *text = NULL;
    assert_true(session_file_format(key, &session, &text, &err));
    return text;
}

/* Whether the short way takes TEXT; if so, the long way must agree in everything that matters. */
static bool peek(const struct session_key *key, const char *text, size_t length)
{
    cleanup_session struct session shortly = {0};
    cleanup_session struct session wholly = {0};
    const char *why = NULL;
    if (!session_file_peek(text, length, key, &shortly)) {
        assert_null(shortly.token);
        return false;
    }
    assert_int_equal(session_file_parse(text, length, key, &wholly, &why), SESSION_FILE_GOOD);
    assert_string_equal(shortly.token, wholly.token);
    assert_int_equal(shortly.expires_at, wholly.expires_at);
    assert_int_equal(shortly.issued_at, wholly.issued_at);
    assert_int_equal(shortly.obtained_at, wholly.obtained_at);
    assert_int_equal(shortly.lifetime, wholly.lifetime);
    assert_int_equal(shortly.can_refresh, wholly.can_refresh);
    assert_int_equal(shortly.in_keyring, wholly.in_keyring);
    return true;
}

static void test_what_we_write(void **state)
{
    (void)state;
    test_ids("K7-26");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_string char *text = make_file(&key);
    assert_true(peek(&key, text, strlen(text)));

    cleanup_session struct session session = make_session(NOW);
    memory_free_secret(session.refresh_token);
    session.refresh_token = NULL;
    cleanup_string char *without = NULL;
    struct error err = {0};
    assert_true(session_file_format(&key, &session, &without, &err));
    assert_true(peek(&key, without, strlen(without)));
}

static void test_another_key(void **state)
{
    (void)state;
    test_ids("REF-09");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_session_key struct session_key other = make_key("https://auth.example.com/application/o/k8t/");
    cleanup_string char *text = make_file(&key);
    assert_false(peek(&other, text, strlen(text)));
}

static void test_truncated_anywhere(void **state)
{
    (void)state;
    test_ids("T-34");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_string char *text = make_file(&key);
    for (size_t i = 0; i < strlen(text); i++) {
        cleanup_string char *part = memory_copy_bytes(text, i);
        assert_false(peek(&key, part, i));
    }
}

/* TEXT with the first OLD replaced by NEW. */
static char *replaced(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    assert_non_null(at);
    cleanup_string char *before = memory_copy_bytes(text, (size_t)(at - text));
    return memory_format("%s%s%s", before, new, at + strlen(old));
}

static void test_left_to_the_parser(void **state)
{
    (void)state;
    test_ids("T-34 REF-11");
    static const struct {
        const char *old, *new;
    } cases[] = {
        {"\"version\":1", "\"version\":2"},
        {"\"version\":1", "\"version\": 1"},
        {"\"issued_at\":", "\"issued_at\":-"},
        {"\"issued_at\":", "\"issued_at\":99999999999999999"},
        {"\"issued_at\":1795284000", "\"issued_at\":9007199254740993"},
        {"\"issued_at\":1", "\"issued_at\":1.5"},
        {"\"obtained_at\"", "\"obtained\""},
        {"\"lifetime\":3600", "\"lifetime\":\"3600\""},
        {"\"lifetime\":3600", "\"lifetime\":"},
        {"\"id_token\":\"", "\"id_token\":\"."},
        {"\"id_token\":\"", "\"id_token\":\"\\u0041"},
        {"\"token_kind\":\"id_token\"", "\"token_kind\":\"access_token\""},
    };
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_string char *text = make_file(&key);
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_string char *changed = NULL;
        const char *kind = strstr(text, "},\"token_kind\":"); /* behind the tuple, which has one as well */
        if (strstr(cases[i].old, "token_kind") != NULL) {
            cleanup_string char *end = replaced(kind, cases[i].old, cases[i].new);
            cleanup_string char *begin = memory_copy_bytes(text, (size_t)(kind - text));
            changed = memory_format("%s%s", begin, end);
        } else {
            changed = replaced(text, cases[i].old, cases[i].new);
        }
        assert_false(peek(&key, changed, strlen(changed)));
    }
}

static void test_expiry_is_the_tokens_own(void **state)
{
    (void)state;
    test_ids("REF-11");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_string char *text = make_file(&key);
    cleanup_string char *old = memory_format("\"expires_at\":%d", NOW + LIFETIME);
    cleanup_string char *later = replaced(text, old, "\"expires_at\":9007199254740992");
    cleanup_session struct session session = {0};
    assert_true(session_file_peek(later, strlen(later), &key, &session));
    assert_int_equal(session.expires_at, NOW + LIFETIME);
    assert_true(peek(&key, later, strlen(later)));
}

/* Names of members within other texts are only text. */
static void test_names_within_texts(void **state)
{
    (void)state;
    test_ids("T-34");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_session struct session session = make_session(NOW);
    memory_replace_text(&session.username, "\"expires_at\":1,\"refresh_token\":\"x\"}\n");
    memory_replace_text(&session.subject, "\"lifetime\":1}");
    cleanup_string char *text = NULL;
    struct error err = {0};
    assert_true(session_file_format(&key, &session, &text, &err));
    assert_true(peek(&key, text, strlen(text)));
}

static bool peek_cache(struct fixture *fixture, const struct session_key *key)
{
    cleanup_session struct session session = {0};
    bool found = true;
    session_cache_peek(&fixture->cache, key, &session, &found);
    assert_int_equal(found, session.token != NULL);
    return found && session.can_refresh;
}

static void test_cache(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-26");
    cleanup_session struct session session = make_session(NOW);
    cleanup_session_key struct session_key access = {0};
    struct error err = {0};
    session_key_make(&(struct session_key_parts){.issuer = ISSUER, .access_token = true}, &access);
    assert_false(peek_cache(fixture, &fixture->key));
    assert_true(session_cache_save(&fixture->cache, &fixture->key, &session, NULL, &err));
    assert_true(peek_cache(fixture, &fixture->key));
    memory_replace_text(&session.token, "opaque"); /* no JWT: the parser's */
    assert_true(session_cache_save(&fixture->cache, &access, &session, NULL, &err));
    assert_true(peek_cache(fixture, &access));
    const struct session_cache nowhere = {.directory = -1};
    cleanup_session struct session none = {0};
    bool found = true;
    session_cache_peek(&nowhere, &fixture->key, &none, &found);
    assert_false(found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_we_write),
        cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_truncated_anywhere),
        cmocka_unit_test(test_left_to_the_parser),
        cmocka_unit_test(test_expiry_is_the_tokens_own),
        cmocka_unit_test(test_names_within_texts),
        fixture_test(test_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
