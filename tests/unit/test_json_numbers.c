/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of base/json: numbers that nothing can hold. */
#include <string.h>

#include "base/json.h"
#include "ids.h"

/* Numbers that nothing can hold give way to null; what is not JSON for another reason stays so. */
static void test_huge_numbers(void **state)
{
    const struct json_source lenient = {.what = "the thing", .code = ERROR_TOKEN_JSON, .huge_is_null = true};
    static const struct {
        const char *text, *result; /* NULL: refused */
    } rows[] = {
        {"{\"a\":1e309,\"b\":\"1e309 \\\" 1e309\",\"c\":[7,-1e309,1.5]}",
         "{\"a\":null,\"b\":\"1e309 \\\" 1e309\",\"c\":[7,null,1.5]}"},
        {"{\"a\":9223372036854775808,\"b\":9223372036854775807}", "{\"a\":null,\"b\":9223372036854775807}"},
        {"{\"a\":1e-999,\"b\":1e309}", "{\"a\":0.0,\"b\":null}"},
        {"{\"a\":1e309,\"a\":1}", NULL},
        {"{\"a\":1e309,\"b\":01e309}", NULL},
        {"{\"a\":1e309,\"b\":-}", NULL},
        {"{\"a\":1e309,\"b\":--1e309}", NULL},
        {"{\"a\":1e309,\"b\":+1e309}", NULL},
        {"{\"a\":1e309,\"b\":1e309e1}", NULL},
        {"{\"a\":1e309,\"b\":.1e309}", NULL},
        {"{\"a\":1e309,\"b\":1.e309}", NULL},
        {"{\"a\":1e309}x", NULL},
        {"{\"a\":1e309,\"b\":\"", NULL},
        {"{1e309:1}", NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        json_t *value = NULL;
        struct error err = {0};
        bool good = json_parse_object(lenient, rows[i].text, strlen(rows[i].text), &value, &err);
        if (good != (rows[i].result != NULL))
            fail_msg("%s: %s", rows[i].text, good ? "accepted" : err.message);
        cleanup_string char *text = good ? json_to_text(value) : NULL;
        if (good)
            assert_string_equal(text, rows[i].result);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_huge_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
