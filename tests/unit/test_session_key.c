/* SPDX-License-Identifier: Apache-2.0 */
/* What makes two logins the same, and what does not. */
#include "session/session_key.h"

#include <string.h>

#include "base/json.h"
#include "session_fixture.h"

/* A sketch is the same key in every word. */
static void assert_sketch(const struct session_key_parts *parts, const struct session_key *key)
{
    cleanup_session_key struct session_key sketch = {0};
    session_key_sketch(parts, &sketch);
    assert_string_equal(sketch.text, key->text);
    assert_string_equal(sketch.name, key->name);
    assert_int_equal(sketch.access_token, key->access_token);
    json_auto_t *tuple = session_key_tuple(&sketch);
    assert_true(json_equal(tuple, key->tuple));
}

static char *name_for(const struct session_key_parts *parts)
{
    cleanup_session_key struct session_key key = {0};
    session_key_make(parts, &key);
    assert_non_null(key.tuple);
    assert_int_equal(key.access_token, parts->access_token);
    assert_sketch(parts, &key);
    return steal(key.name);
}

static void assert_names(const struct session_key_parts *a, const struct session_key_parts *b, bool same)
{
    cleanup_string char *first = name_for(a);
    cleanup_string char *second = name_for(b);
    assert_int_equal(strcmp(first, second) == 0, same);
}

static struct session_key_parts plain(void)
{
    return (struct session_key_parts){.issuer = ISSUER, .client_id = "kubernetes"};
}

static void test_each_element_makes_another_name(void **state)
{
    (void)state;
    test_ids("K7-34 REF-09");
    cleanup_text_list struct text_list scopes = {0};
    cleanup_text_map struct text_map map = {0};
    text_list_add(&scopes, "email");
    text_map_set(&map, "prompt", "login");
    struct session_key_parts parts[] = {
        plain(),
        {.issuer = "https://auth.example.com/application/o/k8s", .client_id = "kubernetes"},
        {.issuer = ISSUER, .client_id = "kubernetes2"},
        {.issuer = ISSUER, .client_id = "kubernetes", .scopes = &scopes},
        {.issuer = ISSUER, .client_id = "kubernetes", .client_grant = true},
        {.issuer = ISSUER, .client_id = "kubernetes", .user = "email"},
        {.issuer = ISSUER, .client_id = "kubernetes", .extra = &map},
        {.issuer = ISSUER, .client_id = "kubernetes", .access_token = true},
        {.issuer = ISSUER, .client_id = "kubernetes", .headers = &map},
        {.issuer = ISSUER, .client_id = "kubernetes", .tls_unverified = true},
    };
    for (size_t i = 0; i < array_length(parts); i++) {
        for (size_t j = 0; j < array_length(parts); j++)
            assert_names(&parts[i], &parts[j], i == j);
    }
}

static void test_stays_the_same_name(void **state)
{
    (void)state;
    test_ids("K7-36");
    struct text_list empty = {0};
    struct text_map none = {0};
    struct session_key_parts a = plain();
    struct session_key_parts b = plain();
    b.scopes = &empty;
    b.extra = &none;
    b.headers = &none;
    b.user = "";
    assert_names(&a, &b, true);

    /* a release that changes it makes everybody log in again */
    cleanup_string char *name = name_for(&a);
    assert_string_equal(name, "auth.example.com-4ec7d8abda86b7c7");
}

static uint32_t next_number(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Fisher-Yates over the numbers below COUNT. */
static void shuffle(size_t *order, size_t count, uint32_t *state)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = next_number(state) % (i + 1);
        size_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static void test_hundred_orders_one_name(void **state)
{
    (void)state;
    test_ids("K7-35");
    static const char *const words[] = {"prompt",     "audience", "resource",
                                        "login_hint", "max_age",  "ui_locales"};
    cleanup_string char *first = NULL;
    uint32_t seed = 35;
    for (int run = 0; run < 100; run++) {
        cleanup_text_map struct text_map extra = {0};
        cleanup_text_map struct text_map headers = {0};
        cleanup_text_list struct text_list scopes = {0};
        size_t order[array_length(words)];
        shuffle(order, array_length(words), &seed);
        for (size_t i = 0; i < array_length(words); i++) {
            text_map_set(&extra, words[order[i]], "1");
            text_map_set(&headers, words[order[array_length(words) - 1 - i]], "2");
            text_list_add(&scopes, words[order[i]]);
        }
        text_list_add(&scopes, words[order[0]]); /* twice is once */
        struct session_key_parts parts = plain();
        parts.extra = &extra;
        parts.headers = &headers;
        parts.scopes = &scopes;
        cleanup_string char *name = name_for(&parts);
        if (first == NULL)
            first = memory_copy_text(name);
        assert_string_equal(name, first);
    }
}

/* Texts that would run together in a careless digest. */
static void test_borders_between_texts(void **state)
{
    (void)state;
    test_ids("REF-09");
    struct session_key_parts a = {.issuer = "https://a.example", .client_id = "bc"};
    struct session_key_parts b = {.issuer = "https://a.exampleb", .client_id = "c"};
    assert_names(&a, &b, false);

    cleanup_text_list struct text_list two = {0};
    cleanup_text_list struct text_list one = {0};
    text_list_add(&two, "a");
    text_list_add(&two, "b");
    text_list_add(&one, "a b");
    a = plain();
    b = plain();
    a.scopes = &two;
    b.scopes = &one;
    assert_names(&a, &b, false);

    cleanup_text_map struct text_map left = {0};
    cleanup_text_map struct text_map right = {0};
    text_map_set(&left, "X-A", "bc");
    text_map_set(&right, "X-Ab", "c");
    a = plain();
    b = plain();
    a.headers = &left;
    b.headers = &right;
    assert_names(&a, &b, false);
}

static void test_arguments_that_are_not_utf8(void **state)
{
    (void)state;
    struct session_key_parts a = plain();
    struct session_key_parts b = plain();
    a.user = "j\xff";
    b.user = "j\xfe";
    assert_names(&a, &b, false);
    assert_names(&a, &a, true);
    b.user = "6aff"; /* the same bytes as hexadecimal digits */
    assert_names(&a, &b, false);
}

static void test_tuple_holds_no_header(void **state)
{
    (void)state;
    test_ids("K7-34");
    cleanup_text_map struct text_map headers = {0};
    text_map_set(&headers, "Authorization", "Bearer canary");
    struct session_key_parts parts = plain();
    parts.headers = &headers;
    cleanup_session_key struct session_key key = {0};
    session_key_make(&parts, &key);
    cleanup_string char *text = json_to_text(key.tuple);
    assert_null(strstr(text, "canary"));
    assert_null(strstr(text, "Authorization"));
    assert_int_equal(strlen(json_text(key.tuple, "headers")), 64);
}

static void test_file_names(void **state)
{
    (void)state;
    static const struct {
        const char *issuer, *host;
    } cases[] = {
        {"https://auth.example.com/x", "auth.example.com"},
        {"https://AUTH.Example.com:8443/", "auth.example.com"},
        {"https://user:secret@auth.example.com/", "auth.example.com"},
        {"https://a@b@c.example/", "c.example"},
        {"http://[::1]:9000/", "__1"},
        {"http://[::1", "__1"},
        {"http://127.0.0.1:9000", "127.0.0.1"},
        {"https://b\xc3\xbc"
         "cher.example",
         "b__cher.example"},
        {"https://../../etc/passwd", "_."},
        {"https://a..b?c", "a..b"},
        {"https://-rf/", "_rf"},
        {"https://a\nb/", "a_b"},
        {"example", "example"},
        {"https://", "issuer"},
        {"", "issuer"},
        {NULL, "issuer"},
        {"https://0123456789012345678901234567890123456789012345678901234567890123456789/",
         "0123456789012345678901234567890123456789012345678901234567890123"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_session_key struct session_key key = make_key(cases[i].issuer);
        size_t length = strlen(cases[i].host);
        assert_int_equal(strlen(key.name), length + 17);
        assert_memory_equal(key.name, cases[i].host, length);
        assert_int_equal(key.name[length], '-');
        assert_int_equal(strspn(key.name + length + 1, "0123456789abcdef"), 16);
    }
}

static void test_what_a_sketch_can_draw(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool plain;
    } cases[] = {
        {"kubernetes", true}, {" ~!#[]/", true}, {"", true},       {"a\"b", false},
        {"a\\b", false},      {"a\tb", false},   {"a\x7f", false}, {"gr\xc3\xbc\xc3\x9f", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_text_list struct text_list scopes = {0};
        cleanup_text_map struct text_map map = {0};
        text_list_add(&scopes, cases[i].text);
        text_map_set(&map, cases[i].text, cases[i].text);
        struct session_key_parts places[] = {{.issuer = ISSUER, .client_id = cases[i].text},
                                             {.issuer = ISSUER, .client_id = "k", .scopes = &scopes},
                                             {.issuer = ISSUER, .client_id = "k", .extra = &map}};
        for (size_t k = 0; k < array_length(places); k++) {
            cleanup_session_key struct session_key sketch = {0};
            cleanup_string char *name = name_for(&places[k]);
            session_key_sketch(&places[k], &sketch);
            assert_int_equal(sketch.tuple == NULL, cases[i].plain);
            assert_string_equal(sketch.name, name);
        }
    }
}

static void test_release(void **state)
{
    (void)state;
    struct session_key key = make_key(ISSUER);
    session_key_release(&key);
    assert_null(key.tuple);
    assert_null(key.name);
    session_key_release(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_element_makes_another_name),
        cmocka_unit_test(test_stays_the_same_name),
        cmocka_unit_test(test_hundred_orders_one_name),
        cmocka_unit_test(test_borders_between_texts),
        cmocka_unit_test(test_arguments_that_are_not_utf8),
        cmocka_unit_test(test_tuple_holds_no_header),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_what_a_sketch_can_draw),
        cmocka_unit_test(test_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
