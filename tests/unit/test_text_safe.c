/* SPDX-License-Identifier: Apache-2.0 */
/* Text from outside on a terminal: nothing that it would obey, hide or reorder gets through. */
#include "ids.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct safe_case {
    const char *text;
    const char *shown;
};

static void check_cases(const struct safe_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(safe(cases[i].text), cases[i].shown);
}

static void test_kept(void **state)
{
    (void)state;
    static const struct safe_case cases[] = {
        {"", ""},
        {NULL, ""},
        {"invalid_grant: the token's 'gone' \"now\" \\ ~", "invalid_grant: the token's 'gone' \"now\" \\ ~"},
        {"Gr\u00f6\u00dfe \u65e5\u672c\u8a9e \u03a9 \u0416",
         "Gr\u00f6\u00dfe \u65e5\u672c\u8a9e \u03a9 \u0416"},
        {"\U0001F600", "\U0001F600"},
        {"\u00a0\u00a1", "\u00a0\u00a1"},
    };
    check_cases(cases, array_length(cases));
}

static void test_controls(void **state)
{
    (void)state;
    test_ids("T-16");
    static const struct safe_case cases[] = {
        {"a\nb", "a\\u{A}b"},
        {"a\r\n", "a\\u{D}\\u{A}"},
        {"\t", "\\u{9}"},
        {"\x1b[31mred", "\\u{1B}[31mred"},
        {"\x1b]52;c;ZXZpbA==\x07", "\\u{1B}]52;c;ZXZpbA==\\u{7}"},
        {"\x1b]8;;https://evil\x1b\\x", "\\u{1B}]8;;https://evil\\u{1B}\\x"},
        {"\x7f", "\\u{7F}"},
        {"\xc2\x9b"
         "31m",
         "\\u{9B}31m"},
        {"\xc2\x80\xc2\x9f", "\\u{80}\\u{9F}"},
    };
    check_cases(cases, array_length(cases));
    assert_string_equal(text_make_safe_bytes("a\0b", 3).text, "a\\u{0}b");
}

static void test_hidden(void **state)
{
    (void)state;
    test_ids("T-16 T-15");
    static const struct safe_case cases[] = {
        {"user\u202etxt.exe", "user\\u{202E}txt.exe"},
        {"\u2066x\u2069", "\\u{2066}x\\u{2069}"},
        {"\u200e\u200f\u061c", "\\u{200E}\\u{200F}\\u{61C}"},
        {"a\u200bb\u200cc\u200dd\u2060e\ufeff", "a\\u{200B}b\\u{200C}c\\u{200D}d\\u{2060}e\\u{FEFF}"},
        {"\u00ad\u034f\u180e\u3164\u115f", "\\u{AD}\\u{34F}\\u{180E}\\u{3164}\\u{115F}"},
        {"\u2028\u2029", "\\u{2028}\\u{2029}"},
        {"\ue000\uf8ff", "\\u{E000}\\u{F8FF}"},
        {"\ufffe\uffff\U0001fffe", "\\u{FFFE}\\u{FFFF}\\u{1FFFE}"},
        {"\U000e0041\U0010ffff", "\\u{E0041}\\u{10FFFF}"},
    };
    check_cases(cases, array_length(cases));
}

static void test_invalid(void **state)
{
    (void)state;
    test_ids("T-16 T-15");
    static const struct safe_case cases[] = {
        {"\xff", "\\u{FF}"},
        {"\x9b"
         "31m",
         "\\u{9B}31m"},
        {"\xc0\xaf", "\\u{C0}\\u{AF}"},
        {"\xe0\x80\xaf", "\\u{E0}\\u{80}\\u{AF}"},
        {"\xf0\x8f\xbf\xbf", "\\u{F0}\\u{8F}\\u{BF}\\u{BF}"},
        {"\xed\xa0\x80", "\\u{ED}\\u{A0}\\u{80}"},
        {"\xf4\x90\x80\x80", "\\u{F4}\\u{90}\\u{80}\\u{80}"},
        {"\xf5\x80", "\\u{F5}\\u{80}"},
        {"a\xe6\x97", "a\\u{E6}\\u{97}"},
        {"\xc3(", "\\u{C3}("},
        {"\xf0\x9f\x98"
         "x",
         "\\u{F0}\\u{9F}\\u{98}x"},
    };
    check_cases(cases, array_length(cases));
}

static void test_length(void **state)
{
    (void)state;
    test_ids("T-16");
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[300] = '\0';
    assert_string_equal(safe(text), text);
    text[300] = 'x';
    text[301] = '\0';
    struct text_safe cut = text_make_safe(text);
    assert_int_equal(strlen(cut.text), 303);
    assert_string_equal(cut.text + 299, "x...");
    text[301] = 'x';
    text[999] = '\0';
    assert_string_equal(safe(text), cut.text);
    memcpy(text + 299, "\u00e9", 3); /* begins inside the limit and ends beyond it */
    cut = text_make_safe(text);
    assert_int_equal(strlen(cut.text), 302);
    assert_string_equal(cut.text + 298, "x...");
    memcpy(text + 298, "\u00e9", 3);
    assert_string_equal(text_make_safe(text).text + 297, "x\u00e9");
    memset(text, 0x1b, sizeof(text));
    cut = text_make_safe_bytes(text, sizeof(text)); /* the longest result there is */
    assert_int_equal(strlen(cut.text), 6 * 300 + 3);
    assert_string_equal(cut.text + 6 * 299, "\\u{1B}...");
}

/* True for what may be shown: printable ASCII, and UTF-8 whose lead byte is not one of controls or of
 * direction. */
static bool is_allowed(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        if (*at < 0x20 || *at == 0x7f || (*at >= 0x80 && *at <= 0xc1) || *at > 0xf4)
            return false;
        if (at[0] == 0xc2 && at[1] < 0xa0)
            return false;
        if (at[0] == 0xe2 && at[1] == 0x80 &&
            ((at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xa8 && at[2] <= 0xae)))
            return false;
        size_t size = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
        for (size_t i = 1; i < size; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
        }
        at += size;
    }
    return true;
}

static void test_several_at_once(void **state)
{
    (void)state;
    char line[64];
    snprintf(line, sizeof(line), "%s %s %s %s %s %s %s %s", safe("1"), safe("2\n"), safe("3"), safe("4"),
             safe("5"), safe("6"), safe(NULL), safe("8"));
    assert_string_equal(line, "1 2\\u{A} 3 4 5 6  8");
}

static void test_every_byte(void **state)
{
    (void)state;
    test_ids("T-16");
    for (unsigned byte = 0; byte < 256; byte++) {
        char text = (char)byte;
        struct text_safe shown = text_make_safe_bytes(&text, 1);
        char escaped[16];
        snprintf(escaped, sizeof(escaped), "\\u{%X}", byte);
        if (byte >= 0x20 && byte < 0x7f)
            snprintf(escaped, sizeof(escaped), "%c", (char)byte);
        assert_string_equal(shown.text, escaped);
    }
}

static void test_random_text(void **state)
{
    (void)state;
    test_ids("T-16");
    uint32_t seed = 1;
    for (int i = 0; i < 2000; i++) {
        char text[400];
        size_t length = (size_t)i % sizeof(text);
        for (size_t at = 0; at < length; at++) {
            seed = seed * 1664525U + 1013904223U;
            text[at] = (char)(seed >> 24);
            if ((seed >> 20 & 3) == 0)
                text[at] = "\x1b\xe2\x80\xc2"[seed >> 16 & 3];
        }
        assert_true(is_allowed(text_make_safe_bytes(text, length).text));
    }
}

static void test_plain(void **state)
{
    static const char *const plain[] = {"", "a b", "\u00e9\U0001F600", "\\'\"$"};
    static const char *const hidden[] = {"a\n", "\x7f", "\xc2\x85", "a\u202e", "\u200b", "a\xff", "\xc3"};
    cleanup_string char *long_text = memory_format("%*s\u200b", 2 * TEXT_SAFE_LENGTH, "");
    (void)state;
    for (size_t i = 0; i < array_length(plain); i++)
        assert_true(text_is_plain(plain[i]));
    for (size_t i = 0; i < array_length(hidden); i++)
        assert_false(text_is_plain(hidden[i]));
    assert_false(text_is_plain(long_text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),       cmocka_unit_test(test_kept),
        cmocka_unit_test(test_controls),    cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_invalid),     cmocka_unit_test(test_length),
        cmocka_unit_test(test_every_byte),  cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_random_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
