/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: each limit at its value and one beyond, everything that is refused, and typed access to members. */
#include "ids.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "scratch.h"

#include "base/buffer.h"
#include "base/json.h"

static const struct json_source source = {"the token response", ERROR_TOKEN_JSON, 0, false};

/* NULL when TEXT is accepted, else the message. */
static const char *parse_bytes(const char *text, size_t length)
{
    static struct error err;
    json_t *value = NULL;
    error_clear(&err);
    if (json_parse_object(source, text, length, &value, &err)) {
        assert_true(json_is_object(value));
        json_decref(value);
        return NULL;
    }
    assert_null(value);
    assert_int_equal(err.code, ERROR_TOKEN_JSON);
    assert_true(text_starts_with(err.message, "the token response "));
    return err.message;
}

static const char *parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static char *repeat(const char *before, const char *part, size_t count, const char *after)
{
    struct buffer text = BUFFER(64 << 20);
    buffer_add(&text, before);
    for (size_t i = 0; i < count; i++)
        buffer_add(&text, part);
    buffer_add(&text, after);
    return buffer_steal(&text);
}

/* LEVELS objects within each other. */
static char *nest(size_t levels)
{
    cleanup_string char *open = repeat("", "{\"a\":", levels - 1, "{}");
    return repeat(open, "}", levels - 1, "");
}

static void test_depth(void **state)
{
    (void)state;
    test_ids("T-12 T-14");
    static const size_t refused[] = {33, 2047, 2048, 2049, 1000000};
    cleanup_string char *allowed = nest(32);
    assert_null(parse(allowed));
    for (size_t i = 0; i < array_length(refused); i++) {
        cleanup_string char *deep = nest(refused[i]);
        assert_string_equal(parse(deep), "the token response is nested too deeply");
    }
    cleanup_string char *arrays = repeat("{\"a\":", "[", 32, "");
    assert_string_equal(parse(arrays), "the token response is nested too deeply");
}

static void test_depth_of_caller(void **state)
{
    (void)state;
    test_ids("T-14");
    struct json_source shallow = {"x", ERROR_CONFIG, 2, false};
    struct error err = {0};
    json_auto_t *value = NULL;
    assert_true(json_parse_object(shallow, "{\"a\":{}}", 8, &value, &err));
    json_t *untouched = value;
    assert_false(json_parse_object(shallow, "{\"a\":{\"b\":[]}}", 14, &value, &err));
    assert_ptr_equal(value, untouched);
    assert_int_equal(err.code, ERROR_CONFIG);
}

/* A million brackets on a stack of 64 KiB: whoever recursed would not come back. */
static void parse_on_small_stack(void)
{
    struct rlimit small = {65536, 65536};
    cleanup_string char *deep = nest(1000000);
    struct error err = {0};
    json_t *value = NULL;
    if (setrlimit(RLIMIT_STACK, &small) != 0 || json_parse_object(source, deep, strlen(deep), &value, &err))
        _exit(9);
}

static void test_depth_on_small_stack(void **state)
{
    (void)state;
    test_ids("T-14");
    char output[500];
    assert_int_equal(scratch_run_child(parse_on_small_stack, output, sizeof(output)), 0);
}

static void test_brackets_in_text(void **state)
{
    (void)state;
    test_ids("T-14");
    cleanup_string char *brackets = repeat("{\"a\":\"", "[{", 100, "\"}");
    assert_null(parse(brackets));
    cleanup_string char *escaped = repeat("{\"a\":\"\\\"", "[{", 100, "\\\\\"}");
    assert_null(parse(escaped));
    cleanup_string char *hidden = repeat("{\"a\":\"\\\\\",\"b\":", "[", 100, "");
    assert_string_equal(parse(hidden), "the token response is nested too deeply");
}

static void test_members(void **state)
{
    (void)state;
    test_ids("T-12");
    for (size_t count = 20000; count <= 20001; count++) {
        struct buffer text = BUFFER(1 << 20);
        for (size_t i = 0; i < count; i++)
            buffer_add_format(&text, "%c\"%zu\":1", i == 0 ? '{' : ',', i);
        buffer_add(&text, "}");
        const char *message = parse_bytes(text.data, text.length);
        if (count == 20000)
            assert_null(message);
        else
            assert_string_equal(message, "the token response has too many members");
        buffer_release(&text);
        /* an array in one member: the member and its elements */
        cleanup_string char *array = repeat("{\"a\":[1", ",1", count - 2, "]}");
        assert_int_equal(parse(array) == NULL, count == 20000);
    }
}

static void test_string_length(void **state)
{
    (void)state;
    test_ids("T-12");
    cleanup_string char *longest = repeat("{\"a\":\"", "12345678", 64 * 1024, "\"}");
    assert_null(parse(longest));
    cleanup_string char *longer = repeat("{\"a\":\"x", "12345678", 64 * 1024, "\"}");
    assert_string_equal(parse(longer), "the token response has a string that is too long");
    cleanup_string char *name = repeat("{\"x", "12345678", 64 * 1024, "\":1}");
    assert_string_equal(parse(name), "the token response has a string that is too long");
}

static void test_bad_text(void **state)
{
    (void)state;
    test_ids("T-15");
    static const char *const texts[] = {
        "{\"a\":\"x\\u0000y\"}",
        "{\"x\\u0000\":1}",
        "{\"a\":\"\x80\"}",
        "{\"a\":\"\xc3(\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xe0\x80\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\x1f\"}",
        "\xef\xbb\xbf{}",
        "{\xef\xbb\xbf}",
        "\xfe\xff{}",
        "{\"\xff\":1}",
    };
    for (size_t i = 0; i < array_length(texts); i++) {
        if (parse(texts[i]) == NULL)
            fail_msg("accepted case %zu", i);
    }
    assert_non_null(parse_bytes("{}\0", 3));
    assert_non_null(parse_bytes("{\"a\":\"\0\"}", 9));
    assert_null(parse("{\"a\":\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \\u202e\"}"));
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "the token response is not valid JSON (line 1, column 0)"},
        {"{", "the token response is not valid JSON (line 1, column 1)"},
        {"[]", "the token response is not a JSON object"},
        {"\"x\"", "the token response is not valid JSON (line 1, column 3)"},
        {"null", "the token response is not valid JSON (line 1, column 4)"},
        {"{}{}", "the token response is not valid JSON (line 1, column 3)"},
        {"{\"a\":1,\n \"a\":2}", "the token response has a member twice (line 2)"},
        {"{\"a\":1, \"\\u0061\":2}", "the token response has a member twice (line 1)"},
        {"{\"a\":{\"b\":1,\"b\":1}}", "the token response has a member twice (line 1)"},
    };
    for (size_t i = 0; i < array_length(cases); i++)
        assert_string_equal(parse(cases[i].text), cases[i].message);
    static const char *const texts[] = {"{}x",
                                        "{'a':1}",
                                        "{a:1}",
                                        "{\"a\":1,}",
                                        "{\"a\" 1}",
                                        "{\"a\":01}",
                                        "{\"a\":+1}",
                                        "{\"a\":NaN}",
                                        "{\"a\":Infinity}",
                                        "{\"a\":1e999}",
                                        "{\"a\":9223372036854775808}",
                                        "{/**/}",
                                        "<html>",
                                        "}",
                                        "]]]]",
                                        "{\"a\":\"",
                                        "{\"a\":\"\\",
                                        "{]"};
    for (size_t i = 0; i < array_length(texts); i++) {
        if (parse(texts[i]) == NULL)
            fail_msg("accepted '%s'", texts[i]);
    }
}

static void test_message_quotes_nothing(void **state)
{
    (void)state;
    test_ids("T-25");
    assert_null(strstr(parse("{\"refresh_token\":\"canary\", canary}"), "canary"));
    assert_null(strstr(parse("{\"canary\":\"canary\",\"canary\":1}"), "canary"));
    assert_null(strstr(parse("canary"), "canary"));
}

static json_t *sample(void)
{
    static const char text[] =
        "{\"text\":\"x\",\"empty\":\"\",\"null\":null,\"true\":true,\"false\":false,"
        "\"list\":[\"a\",\"b\"],\"mixed\":[\"a\",1],\"none\":[],\"object\":{},"
        "\"integer\":7,\"real\":7.9,\"negative\":-7.1,\"most\":9007199254740992,"
        "\"more\":9007199254740993,\"least\":-9007199254740992,\"less\":-9007199254740993,"
        "\"large\":1e300,\"largest\":9223372036854775807,\"smallest\":-9223372036854775808,"
        "\"exact\":9007199254740992.0,\"tiny\":1e-300,\"minus\":-1e-300}";
    json_t *value = NULL;
    struct error err = {0};
    assert_true(json_parse_object(source, text, strlen(text), &value, &err));
    return value;
}

static void test_text_members(void **state)
{
    (void)state;
    json_auto_t *object = sample();
    assert_string_equal(json_text(object, "text"), "x");
    assert_string_equal(json_text(object, "empty"), "");
    assert_null(json_text(object, "null"));
    assert_null(json_text(object, "integer"));
    assert_null(json_text(object, "absent"));
    assert_null(json_text(NULL, "text"));
    json_auto_t *odd = json_object();
    json_object_set_new(odd, "a", json_stringn("x\0y", 3));
    assert_null(json_text(odd, "a"));
    assert_true(json_has(object, "text"));
    assert_true(json_has(object, "false"));
    assert_false(json_has(object, "null"));
    assert_false(json_has(object, "absent"));
    assert_true(json_boolean_is_true(object, "true"));
    assert_false(json_boolean_is_true(object, "false"));
    assert_false(json_boolean_is_true(object, "text"));
    assert_false(json_boolean_is_true(object, "absent"));
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool good;
        double number;
    } cases[] = {
        {"integer", true, 7},
        {"real", true, 7},
        {"negative", true, -8},
        {"most", true, 9007199254740992.0},
        {"exact", true, 9007199254740992.0},
        {"more", false, 0},
        {"least", true, -9007199254740992.0},
        {"less", false, 0},
        {"large", false, 0},
        {"largest", false, 0},
        {"smallest", false, 0},
        {"tiny", true, 0},
        {"minus", true, -1},
        {"text", false, 0},
        {"true", false, 0},
        {"null", false, 0},
        {"absent", false, 0},
    };
    json_auto_t *object = sample();
    for (size_t i = 0; i < array_length(cases); i++) {
        double number = 4711;
        bool good = json_number(object, cases[i].name, &number);
        double expected = good ? cases[i].number : 4711;
        if (good != cases[i].good || number < expected || number > expected)
            fail_msg("%s gave %d, %g", cases[i].name, good, number);
    }
}

static void test_lists(void **state)
{
    (void)state;
    json_auto_t *object = sample();
    cleanup_text_list struct text_list list = {0};
    assert_true(json_text_list(object, "absent", &list));
    assert_true(json_text_list(object, "null", &list));
    assert_true(json_text_list(object, "none", &list));
    assert_false(json_text_list(object, "mixed", &list));
    assert_false(json_text_list(object, "text", &list));
    assert_false(json_text_list(object, "object", &list));
    assert_int_equal(list.count, 0);
    assert_true(json_text_list(object, "list", &list));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1], "b");
}

/* A megabyte beside a number that is beyond all is looked through once, not once for each other number. */
static void test_many_numbers_beside_a_huge_one(void **state)
{
    enum { NUMBERS = 19000, SPACES = 900000 };
    const struct json_source lenient = {"the token response", ERROR_TOKEN_JSON, 0, true};
    cleanup_buffer struct buffer text = BUFFER(1 << 20);
    struct error err = {0};
    json_auto_t *value = NULL;
    (void)state;
    test_ids("TOK-04");
    buffer_add(&text, "{\"huge\":1e400,\"many\":[1");
    for (int i = 1; i < NUMBERS; i++)
        buffer_add(&text, ",1");
    buffer_add_format(&text, "%*s]}", SPACES, "");
    clock_t start = clock();
    assert_true(json_parse_object(lenient, buffer_text(&text), text.length, &value, &err));
    assert_true(clock() - start < CLOCKS_PER_SEC / 2);
    assert_true(json_is_null(json_object_get(value, "huge")));
    assert_int_equal(json_array_size(json_object_get(value, "many")), NUMBERS);
}

static void test_to_text(void **state)
{
    (void)state;
    json_auto_t *object = json_object();
    json_object_set_new(object, "z", json_string("\u00e9\n\"\u2028\U0001F600"));
    json_object_set_new(object, "a", json_integer(1));
    cleanup_string char *text = json_to_text(object);
    assert_string_equal(text, "{\"z\":\"\\u00E9\\n\\\"\\u2028\\uD83D\\uDE00\",\"a\":1}");
    json_auto_t *plain = json_string("x");
    cleanup_string char *scalar = json_to_text(plain);
    assert_string_equal(scalar, "\"x\"");
}

static void test_to_lines(void **state)
{
    (void)state;
    json_auto_t *object = json_pack("{s:s, s:[i]}", "z", "\u00e9\n", "a", 1);
    cleanup_string char *text = json_to_lines(object);
    assert_string_equal(text, "{\n  \"z\": \"\u00e9\\n\",\n  \"a\": [\n    1\n  ]\n}");
    json_auto_t *hostile = json_pack("{s:s}", "z\u202e", "\u00e9\x7f\x7f-");
    cleanup_string char *escaped = json_to_lines(hostile);
    assert_string_equal(escaped, "{\n  \"z\\u202E\": \"\\u00E9\\u007f\\u007f-\"\n}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_depth_of_caller),
        cmocka_unit_test(test_depth_on_small_stack),
        cmocka_unit_test(test_brackets_in_text),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_string_length),
        cmocka_unit_test(test_bad_text),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_message_quotes_nothing),
        cmocka_unit_test(test_text_members),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_many_numbers_beside_a_huge_one),
        cmocka_unit_test(test_to_text),
        cmocka_unit_test(test_to_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
