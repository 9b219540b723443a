/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes, with a kernel that interrupts, gives little, or refuses. */
#include "ids.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/random.h"

enum { TOKENS = 10000 };

/* Takes the place of the C library's; each call does as the next behaviour says, then as the kernel. */
static int interruptions;
static size_t most_bytes;
static bool refuses;

ssize_t getrandom(void *bytes, size_t length, unsigned flags)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    if (refuses) {
        errno = ENOSYS;
        return -1;
    }
    return (ssize_t)syscall(SYS_getrandom, bytes, most_bytes > 0 && length > most_bytes ? most_bytes : length,
                            flags);
}

static int compare_tokens(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_tokens_differ(void **state)
{
    (void)state;
    test_ids("AZ-03 AZ-04");
    static char tokens[TOKENS][RANDOM_TOKEN_SIZE];
    for (size_t i = 0; i < TOKENS; i++) {
        struct error err = {0};
        assert_true(random_token(tokens[i], &err));
        assert_int_equal(strlen(tokens[i]), 43);
        assert_int_equal(
            strspn(tokens[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    }
    qsort(tokens, TOKENS, sizeof(tokens[0]), compare_tokens);
    for (size_t i = 1; i < TOKENS; i++)
        assert_string_not_equal(tokens[i - 1], tokens[i]);
}

static void test_fill_goes_on(void **state)
{
    (void)state;
    unsigned char bytes[64] = {0}, zero[16] = {0};
    struct error err = {0};
    interruptions = 3;
    most_bytes = 7;
    assert_true(random_fill(bytes, sizeof(bytes), &err));
    most_bytes = 0;
    assert_int_equal(interruptions, 0);
    for (size_t i = 0; i < sizeof(bytes); i += sizeof(zero))
        assert_memory_not_equal(bytes + i, zero, sizeof(zero));
}

static void test_fill_stays_inside(void **state)
{
    (void)state;
    unsigned char bytes[8] = {0};
    struct error err = {0};
    assert_true(random_fill(bytes, 4, &err));
    assert_memory_equal(bytes + 4, "\0\0\0\0", 4);
    assert_true(random_fill(bytes, 0, &err));
}

static void test_no_randomness_is_an_error(void **state)
{
    (void)state;
    test_ids("AZ-05");
    char token[RANDOM_TOKEN_SIZE] = "unchanged";
    struct error err = {0};
    refuses = true;
    assert_false(random_token(token, &err));
    refuses = false;
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_string_equal(token, "unchanged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens_differ),
        cmocka_unit_test(test_fill_goes_on),
        cmocka_unit_test(test_fill_stays_inside),
        cmocka_unit_test(test_no_randomness_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
