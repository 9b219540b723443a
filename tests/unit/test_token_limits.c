/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/token_response: tokens of a length that nobody can keep. */
#include "ids.h"

#include <string.h>

#include "oidc/token_response.h"

static void expect_refresh_token(size_t length, bool kept)
{
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    cleanup_string char *token = memory_allocate(length + 1);
    memset(token, '/', length);
    cleanup_string char *body =
        memory_format("{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"refresh_token\":\"%s\"}", token);
    struct token_http http = {.status = 200, .body = body, .length = strlen(body)};
    assert_true(token_response_parse(&http, &response, &failed, &err));
    assert_string_equal(response.access_token, "a");
    assert_int_equal(response.refresh_token != NULL, kept);
    assert_int_equal(response.refresh_token_too_long, !kept && length > 0);
}

static void test_a_refresh_token_that_nobody_can_keep(void **state)
{
    (void)state;
    expect_refresh_token(0, false);
    expect_refresh_token(1, true);
    expect_refresh_token(TOKEN_REFRESH_LIMIT, true);
    expect_refresh_token(TOKEN_REFRESH_LIMIT + 1, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refresh_token_that_nobody_can_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
