/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, maps, comparison, numbers, distance. */
#include "ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void test_list(void **state)
{
    (void)state;
    cleanup_text_list struct text_list list = {0};
    assert_false(text_list_contains(&list, "a"));
    for (int i = 0; i < 100; i++) {
        char text[12];
        snprintf(text, sizeof(text), "%02d", (i * 37) % 100);
        text_list_add(&list, text);
    }
    text_list_add_bytes(&list, "99xyz", 2);
    assert_int_equal(list.count, 101);
    text_list_add_once(&list, "50");
    assert_int_equal(list.count, 101);
    text_list_add_once(&list, "new");
    assert_true(text_list_contains(&list, "new"));
    text_list_sort(&list);
    for (size_t i = 1; i < list.count; i++)
        assert_true(strcmp(list.items[i - 1], list.items[i]) <= 0);
    assert_int_equal(list.count, 102);
    assert_string_equal(list.items[101], "new");
    text_list_release(&list);
    text_list_release(&list);
    assert_int_equal(list.count, 0);
}

static void test_list_join(void **state)
{
    (void)state;
    cleanup_text_list struct text_list list = {0};
    cleanup_string char *none = text_list_join(&list, ", ");
    assert_string_equal(none, "");
    text_list_add(&list, "a");
    cleanup_string char *one = text_list_join(&list, ", ");
    assert_string_equal(one, "a");
    text_list_add(&list, "");
    text_list_add(&list, "c");
    cleanup_string char *three = text_list_join(&list, ", ");
    assert_string_equal(three, "a, , c");
}

static void test_map(void **state)
{
    (void)state;
    cleanup_text_map struct text_map map = {0};
    assert_null(text_map_get(&map, "b"));
    text_map_set(&map, "b", "1");
    text_map_set(&map, "a", "2");
    text_map_set(&map, "b", "3");
    text_map_set(&map, "c", NULL);
    assert_int_equal(map.count, 3);
    assert_string_equal(text_map_get(&map, "b"), "3");
    assert_string_equal(map.items[0].name, "b");
    text_map_set(&map, "b", text_map_get(&map, "b"));
    assert_string_equal(text_map_get(&map, "b"), "3");
    assert_null(text_map_get(&map, "c"));
    text_map_sort(&map);
    assert_string_equal(map.items[0].name, "a");
    assert_string_equal(map.items[1].name, "b");
    text_map_release(&map);
    text_map_release(&map);
    assert_int_equal(map.count, 0);
}

static void test_comparison(void **state)
{
    (void)state;
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "b"));
    assert_false(text_equal("a", NULL));
    assert_false(text_equal(NULL, "a"));
    assert_true(text_equal(NULL, NULL));
    assert_true(text_starts_with("https://x", "https://"));
    assert_false(text_starts_with("http", "https"));
    assert_true(text_starts_with("x", ""));
    assert_true(text_ends_with("file.json", ".json"));
    assert_false(text_ends_with("json", ".json"));
    assert_true(text_ends_with("x", ""));
    assert_true(text_is_empty(NULL));
    assert_true(text_is_empty(""));
    assert_false(text_is_empty(" "));
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t minimum, maximum;
        bool good;
        int64_t number;
    } cases[] = {
        {"0", 0, 10, true, 0},
        {"007", 0, 10, true, 7},
        {"10", 0, 10, true, 10},
        {"11", 0, 10, false, 0},
        {"-1", 0, 10, false, 0},
        {"-1", -1, 10, true, -1},
        {"-2", -1, 10, false, 0},
        {"-0", 0, 10, true, 0},
        {"", 0, 10, false, 0},
        {"-", -10, 10, false, 0},
        {"--1", -10, 10, false, 0},
        {"+1", 0, 10, false, 0},
        {" 1", 0, 10, false, 0},
        {"1 ", 0, 10, false, 0},
        {"1x", 0, 10, false, 0},
        {"0x1", 0, 10, false, 0},
        {"1.0", 0, 10, false, 0},
        {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, false, 0},
        {"99999999999999999999999999", INT64_MIN, INT64_MAX, false, 0},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        int64_t number = 4711;
        bool good = text_to_number(cases[i].text, cases[i].minimum, cases[i].maximum, &number);
        if (good != cases[i].good || number != (good ? cases[i].number : 4711))
            fail_msg("'%s' gave %d, %" PRId64, cases[i].text, good, number);
    }
}

static void test_distance(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"login", "login", 0},
        {"login", "lgoin", 2},
        {"kitten", "sitting", 3},
        {"get-token", "get-tokne", 2},
        {"abc", "xyz", 3},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        assert_int_equal(text_distance(cases[i].a, cases[i].b), cases[i].distance);
        assert_int_equal(text_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
    char large[257];
    memset(large, 'x', 255);
    large[255] = '\0';
    assert_int_equal(text_distance(large, ""), 255);
    assert_int_equal(text_distance(large, large), 0);
    large[255] = 'x';
    large[256] = '\0';
    assert_int_equal(text_distance(large, large), 255);
}

static void test_distance_limit(void **state)
{
    (void)state;
    assert_int_equal(text_distance_limit(""), 1);
    assert_int_equal(text_distance_limit("ab"), 2);
    assert_int_equal(text_distance_limit("login"), 3);
    assert_int_equal(text_distance_limit("whoami"), 4);
    assert_int_equal(text_distance_limit("get-token-and-more"), 4);
}

static void test_control(void **state)
{
    static const char *const with[] = {"\x01", "a\x1f", "a\nb", "\x7f", "\t"};
    static const char *const without[] = {"", " ", "a~", "\xc3\xa4", "\xc2\x80"};
    (void)state;
    for (size_t i = 0; i < array_length(with); i++)
        assert_true(text_has_control(with[i]));
    for (size_t i = 0; i < array_length(without); i++)
        assert_false(text_has_control(without[i]));
    assert_false(text_has_control(NULL));
}

static void test_b64token(void **state)
{
    static const char *const good[] = {"a", "Az09-._~+/=", "eyJ.eyJ.x_-"};
    static const char *const bad[] = {"", "a b", "a\n", "a\"", "a\\", "a,b", "\xc3\xa4", "a:b", "\x7f"};
    (void)state;
    for (size_t i = 0; i < array_length(good); i++)
        assert_true(text_is_b64token(good[i]));
    for (size_t i = 0; i < array_length(bad); i++)
        assert_false(text_is_b64token(bad[i]));
    assert_false(text_is_b64token(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_list_join),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_distance_limit),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_b64token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
