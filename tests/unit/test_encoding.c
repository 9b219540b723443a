/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings: the vectors of the RFCs, and everything that a strict decoder must refuse. */
#include "ids.h"

#include <string.h>

#include "base/encoding.h"

struct vector {
    const char *bytes, *text;
};

static const struct vector url_vectors[] = {
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "-_-_"},
    {"\x14\xfb\x9c\x03\xd9\x7e", "FPucA9l-"},
};

static void test_base64url(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_length(url_vectors); i++) {
        const struct vector *vector = &url_vectors[i];
        char text[BASE64URL_SIZE(6)];
        size_t length = strlen(vector->bytes);
        encoding_base64url((const uint8_t *)vector->bytes, length, text);
        assert_string_equal(text, vector->text);
        assert_int_equal(strlen(text) + 1, BASE64URL_SIZE(length));
        cleanup_buffer struct buffer out = BUFFER(10);
        assert_true(encoding_base64url_decode(text, strlen(text), &out));
        assert_int_equal(out.length, length);
        assert_string_equal(buffer_text(&out), vector->bytes);
    }
}

static void check_refused(const char *text, size_t length)
{
    cleanup_buffer struct buffer out = BUFFER(100);
    assert_true(buffer_append_text(&out, "before"));
    if (encoding_base64url_decode(text, length, &out))
        fail_msg("accepted '%s'", text);
    assert_string_equal(buffer_text(&out), "before");
    assert_int_equal(out.length, 6);
}

static void test_base64url_alphabet(void **state)
{
    (void)state;
    test_ids("IDT-03");
    for (int byte = 0; byte < 256; byte++) {
        char text[] = {'Z', 'm', (char)byte, 'v'};
        cleanup_buffer struct buffer out = BUFFER(100);
        bool in_alphabet =
            byte != 0 &&
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", byte) != NULL;
        assert_int_equal(encoding_base64url_decode(text, sizeof(text), &out), in_alphabet);
    }
}

static void test_base64url_padding(void **state)
{
    (void)state;
    test_ids("IDT-03");
    static const char *const texts[] = {"Zg==", "Zm8=", "Zg=", "Zm9v=", "=", "====", "Zg==Zg", "Zm9v===="};
    for (size_t i = 0; i < array_length(texts); i++)
        check_refused(texts[i], strlen(texts[i]));
}

static void test_base64url_white_space(void **state)
{
    (void)state;
    test_ids("IDT-03");
    static const char *const texts[] = {" Zg",      "Zg ",    "Z g",        "Zg\n",
                                        "Zm9v\r\n", "\tZm9v", "Zm9v\nYmFy", "Zg\v"};
    for (size_t i = 0; i < array_length(texts); i++)
        check_refused(texts[i], strlen(texts[i]));
}

static void test_base64url_length(void **state)
{
    (void)state;
    test_ids("IDT-03");
    static const char *const texts[] = {"A", "Z", "Zm9vA", "Zm9vYmFyA"};
    for (size_t i = 0; i < array_length(texts); i++)
        check_refused(texts[i], strlen(texts[i]));
    check_refused("Zm9v\0", 5);
    check_refused("\0Zm9", 4);
}

/* Of every last digit only those whose unused bits are zero are right. */
static void test_base64url_unused_bits(void **state)
{
    (void)state;
    test_ids("IDT-03");
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < 64; i++) {
        cleanup_buffer struct buffer one = BUFFER(10);
        cleanup_buffer struct buffer two = BUFFER(10);
        char two_digits[] = {'Z', digits[i]};
        char three_digits[] = {'Z', 'm', digits[i]};
        assert_int_equal(encoding_base64url_decode(two_digits, 2, &one), i % 16 == 0);
        assert_int_equal(encoding_base64url_decode(three_digits, 3, &two), i % 4 == 0);
    }
}

static void test_decode_limit(void **state)
{
    (void)state;
    cleanup_buffer struct buffer fits = BUFFER(6);
    cleanup_buffer struct buffer small = BUFFER(5);
    assert_true(encoding_base64url_decode("Zm9vYmFy", 8, &fits));
    assert_false(encoding_base64url_decode("Zm9vYmFy", 8, &small));
    assert_int_equal(small.length, 0);
    assert_false(encoding_base64_decode("Zm9vYmFy", 8, &small));
    assert_int_equal(small.length, 0);
    assert_false(encoding_form_decode("abcdef", 6, &small));
    assert_int_equal(small.length, 0);
    assert_true(encoding_form_decode("abcde", 5, &small));
}

static void test_base64(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
        {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff\xbf", "+/+/"},
    };
    for (size_t i = 0; i < array_length(vectors); i++) {
        cleanup_buffer struct buffer bytes = BUFFER(10);
        assert_true(encoding_base64_decode(vectors[i].text, strlen(vectors[i].text), &bytes));
        assert_string_equal(buffer_text(&bytes), vectors[i].bytes);
    }
    cleanup_buffer struct buffer lines = BUFFER(10);
    assert_true(encoding_base64_decode("Zm9v\r\nYg\n==\n", 12, &lines));
    assert_string_equal(buffer_text(&lines), "foob");
}

static void test_base64_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"Zg",   "Zg=",   "Zg===",    "=",    "==",    "====",  "Z===", "Zh==",
                                        "Zm9=", "Zm9v=", "Zg==Zg==", "-_-_", "Zm9v ", "Zm 9v", "Z=g=", "A"};
    for (size_t i = 0; i < array_length(texts); i++) {
        cleanup_buffer struct buffer out = BUFFER(100);
        if (encoding_base64_decode(texts[i], strlen(texts[i]), &out))
            fail_msg("accepted '%s'", texts[i]);
        assert_int_equal(out.length, 0);
    }
}

static void test_percent_and_form(void **state)
{
    (void)state;
    test_ids("T-18");
    for (int byte = 1; byte < 256; byte++) {
        char text[] = {(char)byte, '\0'};
        char expected[] = {'%', "0123456789ABCDEF"[byte / 16], "0123456789ABCDEF"[byte % 16], '\0'};
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", byte) != NULL)
            memcpy(expected, text, sizeof(text));
        cleanup_buffer struct buffer percent = BUFFER(10);
        cleanup_buffer struct buffer form = BUFFER(10);
        encoding_percent(text, &percent);
        encoding_form(text, &form);
        assert_string_equal(buffer_text(&percent), expected);
        assert_string_equal(buffer_text(&form), byte == ' ' ? "+" : expected);
    }
}

static void test_form_pair(void **state)
{
    (void)state;
    test_ids("T-18");
    cleanup_buffer struct buffer form = BUFFER(100);
    encoding_form_pair("scope", "openid email", &form);
    encoding_form_pair("a&b", "x=1&state=y\r\n", &form);
    encoding_form_pair("empty", "", &form);
    assert_string_equal(buffer_text(&form), "scope=openid+email&a%26b=x%3D1%26state%3Dy%0D%0A&empty=");
}

static void test_form_decode(void **state)
{
    (void)state;
    static const struct vector good[] = {
        {"", ""},         {"a b", "a+b"},     {"a b", "a%20b"},
        {"+", "%2b"},     {"a/:", "a%2F%3a"}, {"\xc3\xa9", "%C3%A9"},
        {"%41", "%2541"}, {"\xff", "\xff"},   {"=&", "=&"},
    };
    for (size_t i = 0; i < array_length(good); i++) {
        cleanup_buffer struct buffer out = BUFFER(100);
        assert_true(encoding_form_decode(good[i].text, strlen(good[i].text), &out));
        assert_string_equal(buffer_text(&out), good[i].bytes);
    }
}

static void test_form_decode_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } bad[] = {
        {"%", 1},    {"a%", 2},  {"a%4", 3}, {"%4g", 3}, {"%g4", 3},   {"%%41", 4}, {"%00", 3},
        {"a\0b", 3}, {"%41", 2}, {"% 1", 3}, {"%+1", 3}, {"%0x41", 5}, {"%-1", 3},
    };
    for (size_t i = 0; i < array_length(bad); i++) {
        cleanup_buffer struct buffer out = BUFFER(100);
        assert_true(buffer_append_text(&out, "before"));
        if (encoding_form_decode(bad[i].text, bad[i].length, &out))
            fail_msg("accepted '%s'", bad[i].text);
        assert_string_equal(buffer_text(&out), "before");
    }
}

static void test_hex(void **state)
{
    (void)state;
    char text[2 * 4 + 1];
    encoding_hex((const uint8_t *)"\x00\x0f\xa5\xff", 4, text);
    assert_string_equal(text, "000fa5ff");
    encoding_hex((const uint8_t *)"", 0, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url),           cmocka_unit_test(test_base64url_alphabet),
        cmocka_unit_test(test_base64url_padding),   cmocka_unit_test(test_base64url_white_space),
        cmocka_unit_test(test_base64url_length),    cmocka_unit_test(test_base64url_unused_bits),
        cmocka_unit_test(test_decode_limit),        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_refused),      cmocka_unit_test(test_percent_and_form),
        cmocka_unit_test(test_form_pair),           cmocka_unit_test(test_form_decode),
        cmocka_unit_test(test_form_decode_refused), cmocka_unit_test(test_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
