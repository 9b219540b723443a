/* SPDX-License-Identifier: Apache-2.0 */
/* What is believed of a session file: only what the token itself and the key confirm. */
#include "session/session_file.h"

#include <string.h>

#include "base/json.h"
#include "session_fixture.h"

static enum session_file_verdict judge(const struct session_key *key, const json_t *object,
                                       struct session *out)
{
    cleanup_string char *text = json_to_text(object);
    const char *why = NULL;
    enum session_file_verdict verdict = session_file_parse(text, strlen(text), key, out, &why);
    assert_int_equal(why == NULL, verdict == SESSION_FILE_GOOD);
    return verdict;
}

/* A good file as JSON, ready to be spoiled. */
static json_t *make_file(const struct session_key *key)
{
    cleanup_session struct session session = make_session(NOW);
    cleanup_string char *text = NULL;
    struct error err = {0};
    json_t *object = NULL;
    assert_true(session_file_format(key, &session, &text, &err));
    assert_true(json_parse_object((struct json_source){.what = "it"}, text, strlen(text), &object, &err));
    return object;
}

static void test_round_trip(void **state)
{
    (void)state;
    test_ids("K7-33");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_session struct session session = make_session(NOW);
    session.refreshed = true;
    cleanup_string char *text = NULL;
    struct error err = {0};
    assert_true(session_file_format(&key, &session, &text, &err));
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_non_null(strstr(text, "\"id_token\":"));
    assert_non_null(strstr(text, "\"refresh_token\":"));

    cleanup_session struct session read = {0};
    const char *why = NULL;
    assert_int_equal(session_file_parse(text, strlen(text), &key, &read, &why), SESSION_FILE_GOOD);
    assert_string_equal(read.token, session.token);
    assert_string_equal(read.refresh_token, session.refresh_token);
    assert_string_equal(read.subject, session.subject);
    assert_string_equal(read.username, session.username);
    assert_string_equal(read.nonce, session.nonce);
    assert_int_equal(read.issued_at, session.issued_at);
    assert_int_equal(read.expires_at, session.expires_at);
    assert_int_equal(read.obtained_at, session.obtained_at);
    assert_int_equal(read.lifetime, session.lifetime);
    assert_true(read.refreshed);
}

static void test_optional_members(void **state)
{
    (void)state;
    cleanup_session_key struct session_key key = make_key(ISSUER);
    cleanup_session struct session session = {.token = make_token_until(NOW + 60), .expires_at = NOW + 60};
    cleanup_string char *text = NULL;
    struct error err = {0};
    assert_true(session_file_format(&key, &session, &text, &err));
    assert_null(strstr(text, "refresh_token"));
    assert_null(strstr(text, "null,\"username"));

    cleanup_session struct session read = {0};
    const char *why = NULL;
    assert_int_equal(session_file_parse(text, strlen(text), &key, &read, &why), SESSION_FILE_GOOD);
    assert_null(read.refresh_token);
    assert_null(read.username);
    assert_false(read.refreshed);
}

static void test_a_refresh_token_that_is_too_long_is_none(void **state)
{
    (void)state;
    cleanup_session_key struct session_key key = make_key(ISSUER);
    for (size_t length = SESSION_REFRESH_TOKEN_LIMIT; length <= SESSION_REFRESH_TOKEN_LIMIT + 1; length++) {
        json_auto_t *object = make_file(&key);
        cleanup_string char *token = memory_allocate(length + 1);
        cleanup_session struct session read = {0};
        memset(token, '/', length);
        assert_int_equal(json_object_set_new(object, "refresh_token", json_string(token)), 0);
        assert_int_equal(judge(&key, object, &read), SESSION_FILE_GOOD);
        bool kept = length == SESSION_REFRESH_TOKEN_LIMIT;
        assert_int_equal(read.refresh_token != NULL, kept);
        assert_int_equal(read.can_refresh, kept);
        assert_non_null(read.token);
    }
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    cleanup_session_key struct session_key key = make_key(ISSUER);
    struct session without_token = {.refresh_token = (char[]){"r"}};
    struct session not_utf8 = {.token = (char[]){"a.b.c"}, .subject = (char[]){"\xff"}};
    char *text = NULL;
    struct error err = {0};
    assert_false(session_file_format(&key, &without_token, &text, &err));
    assert_false(session_file_format(&key, &not_utf8, &text, &err));
    assert_null(text);
    assert_int_equal(err.code, ERROR_INTERNAL);
}

static const struct {
    const char *member, *value; /* JSON; NULL removes the member */
} wrong_members[] = {
    {"version", NULL},
    {"version", "0"},
    {"version", "\"1\""},
    {"version", "1.0"},
    {"version", "-1"},
    {"version", "true"},
    {"key", NULL},
    {"key", "{}"},
    {"key", "[]"},
    {"key", "null"},
    {"token_kind", NULL},
    {"token_kind", "1"},
    {"token_kind", "\"x\""},
    {"id_token", NULL},
    {"id_token", "\"\""},
    {"id_token", "1"},
    {"id_token", "null"},
    {"id_token", "\"a.b\""},
    {"refresh_token", "1"},
    {"refresh_token", "null"},
    {"refresh_token", "[]"},
    {"subject", "1"},
    {"subject", "{}"},
    {"username", "false"},
    {"nonce", "2"},
    {"issued_at", NULL},
    {"issued_at", "-1"},
    {"issued_at", "1.5"},
    {"issued_at", "\"1\""},
    {"expires_at", NULL},
    {"expires_at", "1e99"},
    {"expires_at", "null"},
    {"expires_at", "9007199254740993"},
    {"obtained_at", NULL},
    {"obtained_at", "-5"},
    {"obtained_at", "[1]"},
    {"lifetime", NULL},
    {"lifetime", "\"\""},
    {"lifetime", "-3600"},
    {"refreshed", NULL},
    {"refreshed", "1"},
    {"refreshed", "\"no\""},
    {"subject", "\"a\\u0000b\""},
};

static void test_wrong_members(void **state)
{
    (void)state;
    test_ids("T-34 K7-39 REF-09");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    for (size_t i = 0; i < array_length(wrong_members); i++) {
        json_auto_t *object = make_file(&key);
        struct session session = {0};
        assert_int_equal(json_object_del(object, wrong_members[i].member), 0);
        if (wrong_members[i].value != NULL) {
            json_t *value = json_loads(wrong_members[i].value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_int_equal(json_object_set_new(object, wrong_members[i].member, value), 0);
        }
        assert_int_equal(judge(&key, object, &session), SESSION_FILE_DAMAGED);
        assert_null(session.token);
    }
}

static void test_newer_version(void **state)
{
    (void)state;
    test_ids("T-34");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    json_auto_t *object = make_file(&key);
    struct session session = {0};
    assert_int_equal(json_object_set_new(object, "version", json_integer(SESSION_FILE_VERSION + 1)), 0);
    assert_int_equal(judge(&key, object, &session), SESSION_FILE_NEWER);
    assert_int_equal(json_object_del(object, "id_token"), 0);
    assert_int_equal(judge(&key, object, &session), SESSION_FILE_NEWER);
    assert_null(session.token);
}

/* REF-09: every member of the stored tuple is compared, and none may be more or less. */
static void test_tuple_is_compared(void **state)
{
    (void)state;
    test_ids("REF-09");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(key.tuple, name, value)
    {
        json_auto_t *object = make_file(&key);
        struct session session = {0};
        assert_int_equal(json_object_set_new(json_object_get(object, "key"), name, json_string("other")), 0);
        assert_int_equal(judge(&key, object, &session), SESSION_FILE_DAMAGED);
        assert_int_equal(json_object_del(json_object_get(object, "key"), name), 0);
        assert_int_equal(judge(&key, object, &session), SESSION_FILE_DAMAGED);
    }
    json_auto_t *more = make_file(&key);
    struct session session = {0};
    assert_int_equal(json_object_set_new(json_object_get(more, "key"), "more", json_null()), 0);
    assert_int_equal(judge(&key, more, &session), SESSION_FILE_DAMAGED);
}

static void test_expiry_is_the_tokens_own(void **state)
{
    (void)state;
    test_ids("REF-11");
    static const struct {
        int64_t stored, own, believed;
    } cases[] = {
        {NOW + 60, NOW + 60, NOW + 60},     {NOW + 86400, NOW + 60, NOW + 60},
        {NOW + 30, NOW + 60, NOW + 30},     {9007199254740992, NOW + 60, NOW + 60},
        {NOW + 60, 253402300799, NOW + 60}, {NOW + 60, 1, 1},
    };
    cleanup_session_key struct session_key key = make_key(ISSUER);
    for (size_t i = 0; i < array_length(cases); i++) {
        json_auto_t *object = make_file(&key);
        cleanup_string char *token = make_token_until(cases[i].own);
        cleanup_session struct session session = {0};
        assert_int_equal(json_object_set_new(object, "id_token", json_string(token)), 0);
        assert_int_equal(json_object_set_new(object, "expires_at", json_integer(cases[i].stored)), 0);
        assert_int_equal(judge(&key, object, &session), SESSION_FILE_GOOD);
        assert_int_equal(session.expires_at, cases[i].believed);
    }
}

/* However a number is written, it is the same number. */
static void test_spellings_of_expiry(void **state)
{
    (void)state;
    test_ids("REF-11");
    static const char *const claims[] = {
        "{\"exp\":1795287600}",
        "{\"exp\":1795287600.9}",
        "{\"exp\":1.7952876e9}",
        "{\"exp\":17952876E+2}",
        "{ \"exp\" : 1795287600 }",
        "{\"\\u0065xp\":1795287600}",
        "{\"a\":{\"exp\":9},\"exp\":1795287600}",
        "{\"a\":\"\\\"exp\\\":9\",\"exp\":1795287600}",
        "{\"a\":[{\"exp\":1999999999}],\"exp\":1795287600}",
    };
    cleanup_session_key struct session_key key = make_key(ISSUER);
    for (size_t i = 0; i < array_length(claims); i++) {
        json_auto_t *object = make_file(&key);
        cleanup_string char *token = make_token(claims[i]);
        cleanup_session struct session session = {0};
        assert_int_equal(json_object_set_new(object, "id_token", json_string(token)), 0);
        assert_int_equal(json_object_set_new(object, "expires_at", json_integer(4102444800)), 0);
        assert_int_equal(judge(&key, object, &session), SESSION_FILE_GOOD);
        assert_int_equal(session.expires_at, 1795287600);
    }
}

static void test_tokens_that_are_none(void **state)
{
    (void)state;
    test_ids("REF-11 K7-39");
    static const char *const claims[] = {
        "{}",
        "[]",
        "",
        "x",
        "{\"exp\":null}",
        "{\"exp\":\"1795287600\"}",
        "{\"exp\":0}",
        "{\"exp\":-1}",
        "{\"exp\":1e300}",
        "{\"exp\":1,\"exp\":2}",
        "{\"exp\":1} ",
        "{\"exp\":1",
    };
    static const char *const tokens[] = {
        "a",
        "a.b",
        "a.b.",
        ".b.c",
        "a..c",
        "a.b.c.d",
        "a.b.c.d.e",
        "e30.e30.e30 ",
        "e30.e30=.e30",
        "e30.e3\n0.e30",
        "e30.eyJleHAiOjE3OTUyODc2MDB9.e30.e30",
        "e30.eyJleHAiOjE3OTUyODc2MDB9.",
        "e30.eyJleHAiOjE3OTUyODc2MDB9",
        ".eyJleHAiOjE3OTUyODc2MDB9.e30",
        "e30..eyJleHAiOjE3OTUyODc2MDB9.e30",
        "e30.eyJleHAiOjE3OTUyODc2MDB9.e3 0",
        "e30.eyJleHAiOjk5OTk5OTk5OTk.e30" /* {"exp":9999999999 */,
        "e30.eyJleHAiOjF9.e30\u00e4",
    };
    cleanup_session_key struct session_key key = make_key(ISSUER);
    for (size_t i = 0; i < array_length(claims) + array_length(tokens); i++) {
        json_auto_t *object = make_file(&key);
        bool made = i < array_length(claims);
        cleanup_string char *token =
            made ? make_token(claims[i]) : memory_copy_text(tokens[i - array_length(claims)]);
        struct session session = {0};
        assert_int_equal(json_object_set_new(object, "id_token", json_string(token)), 0);
        bool valid = made && strcmp(claims[i], "{\"exp\":1} ") == 0; /* white space at the end is JSON */
        assert_int_equal(judge(&key, object, &session), valid ? SESSION_FILE_GOOD : SESSION_FILE_DAMAGED);
        session_release(&session);
    }
}

static void test_access_tokens(void **state)
{
    (void)state;
    test_ids("K7-39");
    static const struct {
        const char *token;
        enum session_file_verdict verdict;
    } cases[] = {
        {"opaque", SESSION_FILE_GOOD},    {"a.b.c", SESSION_FILE_GOOD},   {"A-z0._~+/9==", SESSION_FILE_GOOD},
        {"", SESSION_FILE_DAMAGED},       {"=", SESSION_FILE_DAMAGED},    {"a=b", SESSION_FILE_DAMAGED},
        {"a b", SESSION_FILE_DAMAGED},    {"a\nb", SESSION_FILE_DAMAGED}, {"a\"b", SESSION_FILE_DAMAGED},
        {"\u00e4", SESSION_FILE_DAMAGED}, {"a,b", SESSION_FILE_DAMAGED},
    };
    cleanup_session_key struct session_key key = {0};
    session_key_make(&(struct session_key_parts){.issuer = ISSUER, .access_token = true}, &key);
    for (size_t i = 0; i < array_length(cases); i++) {
        json_auto_t *object = make_file(&key);
        cleanup_session struct session session = {0};
        assert_string_equal(json_text(object, "token_kind"), "access_token");
        assert_int_equal(json_object_set_new(object, "id_token", json_string(cases[i].token)), 0);
        assert_int_equal(judge(&key, object, &session), cases[i].verdict);
    }
    json_auto_t *object = make_file(&key); /* one that is a JWT is believed no longer than itself */
    cleanup_session struct session session = {0};
    assert_int_equal(json_object_set_new(object, "expires_at", json_integer(NOW + 999999)), 0);
    assert_int_equal(judge(&key, object, &session), SESSION_FILE_GOOD);
    assert_int_equal(session.expires_at, NOW + LIFETIME);
}

static void test_belongs(void **state)
{
    (void)state;
    test_ids("K7-42");
    cleanup_session_key struct session_key key = make_key(ISSUER);
    json_auto_t *object = make_file(&key);
    cleanup_string char *text = json_to_text(object);
    assert_true(session_file_belongs(text, strlen(text), key.name));
    assert_false(session_file_belongs(text, strlen(text), "auth.example.com-0000000000000000"));
    for (size_t length = 0; length < strlen(text); length++) /* torn */
        assert_true(session_file_belongs(text, length, key.name));
    assert_false(session_file_belongs("x", 1, key.name));
    assert_false(session_file_belongs("{\"mine\":1}\n{\"mine\":2}", 21, key.name));
    assert_false(session_file_belongs("{}", 2, key.name));
    assert_false(session_file_belongs("{\"version\":1}", 13, key.name));
    assert_false(session_file_belongs("{\"version\":2,\"key\":{}}", 22, key.name));
    assert_false(session_file_belongs("{\"version\":2,\"id_token\":\"\"}", 27, key.name));
    const char *peer = "{\"id_token\":\"a.b.c\",\"refresh_token\":\"r\"}";
    assert_false(session_file_belongs(peer, strlen(peer), key.name));

    assert_int_equal(json_object_set_new(object, "version", json_integer(2)), 0);
    cleanup_string char *newer = json_to_text(object);
    assert_true(session_file_belongs(newer, strlen(newer), "auth.example.com-0000000000000000"));
    assert_int_equal(json_object_set_new(object, "version", json_integer(0)), 0);
    cleanup_string char *older = json_to_text(object);
    assert_false(session_file_belongs(older, strlen(older), key.name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_optional_members),
        cmocka_unit_test(test_a_refresh_token_that_is_too_long_is_none),
        cmocka_unit_test(test_what_cannot_be_written),
        cmocka_unit_test(test_wrong_members),
        cmocka_unit_test(test_newer_version),
        cmocka_unit_test(test_tuple_is_compared),
        cmocka_unit_test(test_expiry_is_the_tokens_own),
        cmocka_unit_test(test_spellings_of_expiry),
        cmocka_unit_test(test_tokens_that_are_none),
        cmocka_unit_test(test_access_tokens),
        cmocka_unit_test(test_belongs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
