/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation, wiping and ownership. */
#include "ids.h"
#include "scratch.h"

#include "base/memory.h"

static void test_allocate(void **state)
{
    (void)state;
    unsigned char *bytes = memory_allocate(100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
    memset(bytes, 7, 100);
    bytes = memory_resize(bytes, 1000);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 7);
    bytes = memory_resize(bytes, 0);
    assert_non_null(bytes);
    free(bytes);
    void *nothing = memory_allocate(0);
    assert_non_null(nothing);
    free(nothing);
}

static void test_copies(void **state)
{
    (void)state;
    const char *source = "text";
    cleanup_string char *copy = memory_copy_text(source);
    assert_string_equal(copy, "text");
    assert_ptr_not_equal(copy, source);
    assert_null(memory_copy_text(NULL));
    cleanup_string char *part = memory_copy_bytes("abc\0def", 5);
    assert_memory_equal(part, "abc\0d", 6);
    cleanup_string char *none = memory_copy_bytes(NULL, 0);
    assert_string_equal(none, "");
    cleanup_string char *formatted = memory_format("%s-%d", "a", 7);
    assert_string_equal(formatted, "a-7");
}

static void test_format(void **state)
{
    (void)state;
    cleanup_string char *texts = memory_format("%s/%s.%s", "a", "", "json");
    assert_string_equal(texts, "a/.json");
    cleanup_string char *plain = memory_format("plain");
    assert_string_equal(plain, "plain");
    cleanup_string char *percent = memory_format("%s%%%s", "x", "%s");
    assert_string_equal(percent, "x%%s");
    const char *volatile nothing = NULL;
    cleanup_string char *null = memory_format("<%s>", nothing);
    assert_string_equal(null, "<(null)>");
    cleanup_string char *mixed = memory_format("%s-%d-%.2s-%5s", "a", -7, "xyz", "r");
    assert_string_equal(mixed, "a--7-xy-    r");
}

static void test_replace(void **state)
{
    (void)state;
    char *text = NULL;
    memory_replace_text(&text, "one");
    assert_string_equal(text, "one");
    memory_replace_text(&text, text); /* its own old value */
    assert_string_equal(text, "one");
    memory_replace_text(&text, NULL);
    assert_null(text);
}

static void test_wipe(void **state)
{
    (void)state;
    char secret[] = "secret";
    memory_wipe(secret, 3);
    assert_memory_equal(secret, "\0\0\0ret", 7);
    memory_wipe(NULL, 5);
    memory_wipe(secret, 0);
    memory_free_secret(NULL);
    memory_free_secret(memory_copy_text("secret"));
}

static void test_ownership(void **state)
{
    (void)state;
    cleanup_string char *owned = memory_copy_text("given");
    cleanup_string char *taken = steal(owned);
    assert_null(owned);
    assert_string_equal(taken, "given");
    char *secret = memory_copy_text("secret");
    memory_cleanup_secret(&secret);
    assert_null(secret);
    memory_cleanup_secret(&secret);
    cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cleanup_fd int given = steal_fd(&fd);
    assert_int_equal(fd, -1);
    assert_true(given >= 0);
    int number = given;
    memory_cleanup_fd(&given);
    assert_int_equal(given, -1);
    assert_int_equal(fcntl(number, F_GETFD), -1);
    memory_cleanup_fd(&given);
}

#ifndef SANITIZED /* the allocators of sanitizers end the program themselves */
static volatile size_t huge = SIZE_MAX / 2;

static void allocate_too_much(void)
{
    free(memory_allocate(huge));
}

static void resize_too_much(void)
{
    free(memory_resize(NULL, huge));
}

static void copy_too_much(void)
{
    free(memory_copy_bytes("", SIZE_MAX));
}
#endif

static void test_out_of_memory(void **state)
{
    (void)state;
#ifdef SANITIZED
    skip();
#else
    void (*const actions[])(void) = {allocate_too_much, resize_too_much, copy_too_much};
    for (size_t i = 0; i < array_length(actions); i++) {
        char output[200];
        assert_int_equal(scratch_run_child(actions[i], output, sizeof(output)), 1);
        assert_non_null(strstr(output, "error: out of memory [memory]\n"));
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocate),      cmocka_unit_test(test_copies), cmocka_unit_test(test_replace),
        cmocka_unit_test(test_format),        cmocka_unit_test(test_wipe),   cmocka_unit_test(test_ownership),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
