/* SPDX-License-Identifier: Apache-2.0 */
/* Values and names of the keyring, and that without a D-Bus session nothing is begun. */
#include "session/keyring.h"

#include <stdlib.h>
#include <string.h>

#include "session_fixture.h"

static void test_values(void **state)
{
    (void)state;
    test_ids("T-28");
    static const struct {
        const char *value;
        size_t length;
        const char *fault;
    } cases[] = {
        {"", 0, "is empty"},
        {"a", 1, NULL},
        {"~!\"#$%&'()*+,-./ 09:;<=>?@AZ[\\]^_`az{|}", 38, NULL},
        {"a\nb", 3, "holds characters that no refresh token has"},
        {"a\0b", 3, "holds characters that no refresh token has"},
        {"\x7f", 1, "holds characters that no refresh token has"},
        {"caf\xc3\xa9", 5, "holds characters that no refresh token has"},
        {"\xff\xff", 2, "holds characters that no refresh token has"},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        const char *fault = keyring_value_fault(cases[i].value, cases[i].length);
        if (cases[i].fault == NULL)
            assert_null(fault);
        else
            assert_string_equal(fault, cases[i].fault);
    }
}

static void test_every_byte(void **state)
{
    (void)state;
    test_ids("T-28");
    for (int byte = 0; byte < 256; byte++) {
        const char value[] = {'a', (char)byte, 'b'};
        assert_int_equal(keyring_value_fault(value, sizeof(value)) == NULL, byte >= 0x20 && byte <= 0x7e);
    }
}

static void test_longest_value(void **state)
{
    (void)state;
    test_ids("T-28");
    char *value = memory_allocate(KEYRING_VALUE_LIMIT + 2);
    memset(value, 'x', KEYRING_VALUE_LIMIT + 1);
    assert_null(keyring_value_fault(value, KEYRING_VALUE_LIMIT));
    assert_string_equal(keyring_value_fault(value, KEYRING_VALUE_LIMIT + 1), "is longer than 64 KiB");
    free(value);
}

static void check_name(const char *path, const char *expected)
{
    cleanup_string char *name = keyring_directory_name(path);
    assert_string_equal(name, expected);
}

static void test_directory_names(void **state)
{
    struct fixture *fixture = *state;
    test_ids("K7-42");
    cleanup_string char *root = realpath(fixture->root, NULL);
    cleanup_string char *there = memory_format("%s/cache", root);
    cleanup_string char *gone = memory_format("%s/gone/deep", root);
    cleanup_string char *link = memory_format("%s/link", fixture->root);
    cleanup_string char *dotted = memory_format("%s/./link//cache/", fixture->root);
    cleanup_string char *missing = memory_format("%s/link/gone/deep", fixture->root);
    assert_int_equal(symlink(root, link), 0);
    check_name(fixture->path, there);
    check_name(dotted, there);
    check_name(missing, gone);
    check_name("/nowhere", "/nowhere");
    check_name("/nowhere/deep/", "/nowhere/deep");
    check_name("/", "/");
    check_name("/nowhere/\xff", "hex:2f6e6f77686572652fff");
    check_name("/nowhere/\n", "hex:2f6e6f77686572652f0a");
}

static bool refuses_to_stop(void *context)
{
    (void)context;
    fail_msg("nobody is waited for");
    return false;
}

/* Neither a library is loaded nor a bus started. */
static void test_without_a_session(void **state)
{
    (void)state;
    test_ids("T-28");
    static const struct keyring_access places[] = {
        {.must_stop = refuses_to_stop},
        {.bus = "", .runtime_directory = "/nowhere", .must_stop = refuses_to_stop},
        {.bus = "autolaunch:", .must_stop = refuses_to_stop},
        {.bus = "autolaunch:", .runtime_directory = "/tmp", .must_stop = refuses_to_stop},
        {.runtime_directory = "relative", .must_stop = refuses_to_stop},
    };
    const struct keyring_item item = {
        .directory = "/nowhere", .session = "host-0123456789abcdef", .label = "x"};
    for (size_t i = 0; i < array_length(places); i++) {
        struct keyring_value value = {.found = true};
        struct error err = {0};
        unsigned removed = 7;
        enum error_code code = keyring_is_built(&err) ? ERROR_KEYRING : ERROR_UNSUPPORTED;
        assert_false(keyring_read(&places[i], &item, &value, &err));
        assert_int_equal(err.code, code);
        assert_true(err.hint[0] != '\0' && !value.found && value.secret == NULL);
        assert_false(keyring_save(&places[i], &item, "token", &err));
        assert_int_equal(err.code, code);
        assert_false(keyring_remove(&places[i], &item, &removed, &err));
        assert_int_equal(removed, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_longest_value),
        cmocka_unit_test_setup_teardown(test_directory_names, set_up, tear_down),
        cmocka_unit_test(test_without_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
