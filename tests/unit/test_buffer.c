/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers: the limit holds exactly, a failed append changes nothing, a secret leaves no copy behind. */
#include "ids.h"
#include "scratch.h"

#include "base/buffer.h"

static void test_append(void **state)
{
    (void)state;
    cleanup_buffer struct buffer buffer = BUFFER(1000);
    assert_string_equal(buffer_text(&buffer), "");
    assert_null(buffer.data);
    assert_true(buffer_append(&buffer, "abc", 2));
    assert_true(buffer_append_text(&buffer, "cd"));
    assert_true(buffer_append_format(&buffer, "%d-%s", 7, "x"));
    assert_true(buffer_append(&buffer, "", 0));
    assert_string_equal(buffer_text(&buffer), "abcd7-x");
    assert_int_equal(buffer.length, 7);
    buffer_add(&buffer, "!");
    buffer_add_format(&buffer, "%c", '?');
    assert_string_equal(buffer_text(&buffer), "abcd7-x!?");
}

static void test_limit(void **state)
{
    (void)state;
    test_ids("T-12");
    for (size_t limit = 0; limit < 200; limit++) {
        cleanup_buffer struct buffer buffer = BUFFER(limit);
        for (size_t i = 0; i < limit; i++)
            assert_true(buffer_append_text(&buffer, "x"));
        assert_false(buffer_append_text(&buffer, "y"));
        assert_false(buffer_append_format(&buffer, "%d", 1));
        assert_true(buffer_append_text(&buffer, ""));
        assert_int_equal(buffer.length, limit);
        assert_int_equal(strlen(buffer_text(&buffer)), limit);
        assert_true(buffer.capacity <= limit + 1);
    }
}

static void test_limit_at_once(void **state)
{
    (void)state;
    test_ids("T-12");
    char bytes[101];
    memset(bytes, 'x', sizeof(bytes));
    cleanup_buffer struct buffer buffer = BUFFER(100);
    assert_false(buffer_append(&buffer, bytes, 101));
    assert_false(buffer_append(&buffer, bytes, SIZE_MAX));
    assert_int_equal(buffer.length, 0);
    assert_true(buffer_append(&buffer, bytes, 100));
    assert_false(buffer_append(&buffer, bytes, SIZE_MAX - 50));
    assert_int_equal(buffer.length, 100);
    struct buffer zero = {0};
    assert_false(buffer_append(&zero, "x", 1));
    assert_true(buffer_append(&zero, "", 0));
    buffer_release(&zero);
    struct buffer endless = BUFFER(SIZE_MAX);
    assert_false(buffer_append(&endless, "x", 1));
}

static void test_steal_and_clear(void **state)
{
    (void)state;
    struct buffer buffer = BUFFER(10);
    cleanup_string char *nothing = buffer_steal(&buffer);
    assert_string_equal(nothing, "");
    assert_true(buffer_append_text(&buffer, "0123456789"));
    cleanup_string char *text = buffer_steal(&buffer);
    assert_string_equal(text, "0123456789");
    assert_int_equal(buffer.length, 0);
    assert_true(buffer_append_text(&buffer, "again"));
    buffer_truncate(&buffer, 9);
    assert_string_equal(buffer_text(&buffer), "again");
    buffer_truncate(&buffer, 2);
    assert_string_equal(buffer_text(&buffer), "ag");
    const char *memory = buffer.data;
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
    assert_ptr_equal(buffer.data, memory);
    buffer_release(&buffer);
    buffer_release(&buffer);
    assert_null(buffer.data);
    buffer_clear(&buffer);
}

/* The memory stays ours, so that what is left in it can be looked at. */
static void test_secret_is_wiped(void **state)
{
    (void)state;
    cleanup_buffer struct buffer buffer = BUFFER_SECRET(1000);
    assert_true(buffer_append_text(&buffer, "secret-value"));
    buffer_truncate(&buffer, 7);
    assert_memory_equal(buffer.data, "secret-\0\0\0\0\0", 12);
    buffer_clear(&buffer);
    assert_memory_equal(buffer.data, "\0\0\0\0\0\0\0", 7);
    assert_true(buffer_append_text(&buffer, "first"));
    char more[200];
    memset(more, 'm', sizeof(more) - 1);
    more[sizeof(more) - 1] = '\0';
    const char *before = buffer.data;
    assert_true(buffer_append_text(&buffer, more));
    assert_ptr_not_equal(buffer.data, before);
    assert_int_equal(buffer.length, 5 + strlen(more));
    assert_memory_equal(buffer.data, "firstmmm", 8);
}

static void add_beyond(void)
{
    struct buffer buffer = BUFFER(3);
    buffer_add(&buffer, "abcd");
}

static void add_format_beyond(void)
{
    struct buffer buffer = BUFFER(3);
    buffer_add_format(&buffer, "%d", 12345);
}

static void test_add_ends_program(void **state)
{
    (void)state;
    void (*const actions[])(void) = {add_beyond, add_format_beyond};
    for (size_t i = 0; i < array_length(actions); i++) {
        char output[200];
        assert_int_equal(scratch_run_child(actions[i], output, sizeof(output)), 1);
        assert_non_null(strstr(output, "[internal]\n"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),          cmocka_unit_test(test_limit),
        cmocka_unit_test(test_limit_at_once),   cmocka_unit_test(test_steal_and_clear),
        cmocka_unit_test(test_secret_is_wiped), cmocka_unit_test(test_add_ends_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
