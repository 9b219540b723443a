/* SPDX-License-Identifier: Apache-2.0 */
/* The size and the signs of a QR code on a terminal; a story reads it with a camera. */
#include "login/qr_code.h"

#include <string.h>

#include "base/memory.h"
#include "ids.h"

#ifdef LATE_QRENCODE

enum { ACROSS = 25 }; /* version 1 is 21 modules, and 2 of light on each side */

static size_t count(const char *text, const char *part)
{
    size_t found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        found++;
    return found;
}

static void test_half_blocks(void **state)
{
    cleanup_buffer struct buffer out = BUFFER(1 << 19);
    struct qr_code_screen screen = {.columns = ACROSS, .utf8 = true};
    struct error err = {0};
    bool fits = false;
    (void)state;
    assert_true(qr_code_draw("HELLO", &screen, &out, &fits, &err));
    assert_true(fits);
    assert_int_equal(count(buffer_text(&out), "\n"), (ACROSS + 1) / 2);
    assert_int_equal(count(buffer_text(&out), "\033[38;5;16;48;5;231m  "), (ACROSS + 1) / 2);
    assert_int_equal(count(buffer_text(&out), "\033[0m\n"), (ACROSS + 1) / 2);
}

static void test_spaces(void **state)
{
    cleanup_buffer struct buffer out = BUFFER(1 << 19);
    struct qr_code_screen screen = {.columns = 2 * ACROSS};
    struct error err = {0};
    bool fits = false;
    (void)state;
    assert_true(qr_code_draw("HELLO", &screen, &out, &fits, &err));
    assert_true(fits);
    assert_int_equal(count(buffer_text(&out), "\n"), ACROSS);
    assert_int_equal(count(buffer_text(&out), "  \033["), ACROSS * ACROSS);
    for (const char *c = buffer_text(&out); *c != '\0'; c++)
        assert_true((unsigned char)*c < 0x80);
}

static void test_too_narrow(void **state)
{
    static const struct qr_code_screen screens[] = {{.columns = ACROSS - 1, .utf8 = true},
                                                    {.columns = 2 * ACROSS - 1}};
    (void)state;
    for (size_t i = 0; i < array_length(screens); i++) {
        cleanup_buffer struct buffer out = BUFFER(1 << 19);
        struct error err = {0};
        bool fits = true;
        assert_true(qr_code_draw("HELLO", &screens[i], &out, &fits, &err));
        assert_false(fits);
        assert_int_equal(out.length, 0);
    }
}

static void test_too_long(void **state)
{
    cleanup_buffer struct buffer out = BUFFER(1 << 19);
    cleanup_string char *text = memory_format("%04000d", 1);
    struct qr_code_screen screen = {.columns = 1000, .utf8 = true};
    struct error err = {0};
    bool fits = false;
    (void)state;
    assert_false(qr_code_draw(text, &screen, &out, &fits, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
}

/* The longest address that is taken makes the largest code. */
static void test_the_largest(void **state)
{
    cleanup_buffer struct buffer out = BUFFER(1 << 19);
    cleanup_string char *text = memory_format("%02048d", 1);
    struct qr_code_screen screen = {.columns = 1000};
    struct error err = {0};
    bool fits = false;
    (void)state;
    assert_true(qr_code_draw(text, &screen, &out, &fits, &err));
    assert_true(fits);
}

#else

static void test_absent(void **state)
{
    cleanup_buffer struct buffer out = BUFFER(1 << 10);
    struct qr_code_screen screen = {.columns = 80};
    struct error err = {0};
    bool fits = false;
    (void)state;
    assert_false(qr_code_draw("HELLO", &screen, &out, &fits, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.hint, "libqrencode-dev"));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef LATE_QRENCODE
        cmocka_unit_test(test_half_blocks), cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_too_narrow),  cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_the_largest),
#else
        cmocka_unit_test(test_absent),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
