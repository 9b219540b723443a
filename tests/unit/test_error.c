/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: codes, messages that are cut visibly, hints that fit or are left out. */
#include "ids.h"

#include <string.h>

#include "base/error.h"

static void test_set(void **state)
{
    (void)state;
    struct error err = {.hint = "old"};
    assert_false(error_set(&err, ERROR_CONFIG, "cannot read '%s': %d", "x", 5));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, "cannot read 'x': 5");
    assert_string_equal(err.hint, "");
    assert_false(error_set(&err, ERROR_SERVER, "again: %s", err.message));
    assert_string_equal(err.message, "again: cannot read 'x': 5");
    error_clear(&err);
    assert_int_equal(err.code, ERROR_NONE);
    assert_string_equal(err.message, "");
}

static void fill(char *text, size_t length, char with)
{
    memset(text, with, length);
    text[length] = '\0';
}

static void test_message_limit(void **state)
{
    (void)state;
    struct error err = {0};
    char text[1024];
    fill(text, sizeof(err.message) - 1, 'x');
    error_set(&err, ERROR_CONFIG, "%s", text);
    assert_string_equal(err.message, text);
    fill(text, sizeof(err.message), 'x');
    error_set(&err, ERROR_CONFIG, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_string_equal(err.message + sizeof(err.message) - 5, "x...");
}

/* However a two-byte letter lies at the cut, no half of it stays. */
static void test_message_cut_at_character(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct error err = {0};
        char text[1024] = "";
        fill(text, shift, 'a');
        while (strlen(text) < 700)
            strncat(text, "\xC3\xA9", 3);
        error_set(&err, ERROR_CONFIG, "%s", text);
        size_t length = strlen(err.message);
        assert_string_equal(err.message + length - 3, "...");
        assert_true((length - 3 - shift) % 2 == 0);
        assert_true(length >= sizeof(err.message) - 3);
        assert_memory_equal(err.message, text, length - 3);
    }
}

static void test_hint(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(error_hint(&err, "first %d", 1));
    assert_string_equal(err.hint, "first 1");
    assert_false(error_hint(&err, "second"));
    assert_string_equal(err.hint, "first 1\nsecond");
    error_hint(&err, "%s", "");
    assert_string_equal(err.hint, "first 1\nsecond");
    error_hint(&err, "like '%s'", err.hint);
    assert_string_equal(err.hint, "first 1\nsecond\nlike 'first 1\nsecond'");
}

static void test_hint_limit(void **state)
{
    (void)state;
    struct error err = {0};
    char text[4096];
    fill(text, sizeof(err.hint), 'h');
    error_hint(&err, "%s", text);
    assert_string_equal(err.hint, "");
    fill(text, sizeof(err.hint) - 1, 'h');
    error_hint(&err, "%s", text);
    assert_string_equal(err.hint, text);
    error_clear(&err);
    error_hint(&err, "ab");
    fill(text, sizeof(err.hint) - 1 - 2, 'h'); /* with the newline one too many */
    error_hint(&err, "%s", text);
    assert_string_equal(err.hint, "ab");
    text[strlen(text) - 1] = '\0';
    error_hint(&err, "%s", text);
    assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
    error_hint(&err, "%s", "x");
    assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

static void test_prefix(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_TLS, "no certificate");
    error_hint(&err, "remedy");
    assert_false(error_prefix(&err, "cannot reach '%s'", "id.example"));
    assert_string_equal(err.message, "cannot reach 'id.example': no certificate");
    assert_string_equal(err.hint, "remedy");
    assert_int_equal(err.code, ERROR_TLS);
    char text[1024];
    fill(text, 600, 'p');
    error_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_string_equal(err.message + sizeof(err.message) - 5, "p...");
    error_set(&err, ERROR_TLS, "%.505s", text);
    error_prefix(&err, "abc");
    assert_int_equal(strlen(err.message), 510);
    error_prefix(&err, "d");
    assert_int_equal(strlen(err.message), 511);
    assert_string_equal(err.message + 507, "p...");
}

static void test_code_names(void **state)
{
    (void)state;
    assert_string_equal(error_code_name(ERROR_NONE), "none");
    assert_string_equal(error_code_name(ERROR_DISCOVERY_ISSUER), "discovery_issuer");
    assert_string_equal(error_code_name(ERROR_INTERNAL), "internal");
    assert_string_equal(error_code_name((enum error_code)9999), "internal");
    for (unsigned a = 0; a <= ERROR_INTERNAL; a++) {
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(error_code_name((enum error_code)a), error_code_name((enum error_code)b));
    }
}

static void test_classes(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= ERROR_INTERNAL; code++) {
        const struct error err = {.code = (enum error_code)code};
        bool network = code == ERROR_NETWORK || code == ERROR_TLS || code == ERROR_TIMEOUT;
        assert_int_equal(error_is_network(&err), network);
        assert_int_equal(error_is_temporary(&err), network || code == ERROR_SERVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_message_limit),
        cmocka_unit_test(test_message_cut_at_character),
        cmocka_unit_test(test_hint),
        cmocka_unit_test(test_hint_limit),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_code_names),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
