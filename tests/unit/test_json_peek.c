/* SPDX-License-Identifier: Apache-2.0 */
/* A number that is found without a parse is the one that a parse would find. */
#include "ids.h"

#include <string.h>

#include "base/json.h"

static void test_peek(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool found;
        int64_t number;
    } cases[] = {
        {"{\"exp\":1795284000}", true, 1795284000},
        {"{ \"a\" : 1 ,\t\"exp\"\n:\r 17 }", true, 17},
        {"{\"exp\":17.9}", true, 17},
        {"{\"exp\":9007199254740992}", true, 9007199254740992},
        {"{\"exp\":12345678901234567}", false, 0},
        {"{\"exp\":1e9}", false, 0},
        {"{\"exp\":-1}", false, 0},
        {"{\"exp\":\"17\"}", false, 0},
        {"{\"exp\":null}", false, 0},
        {"{\"exp\":{\"exp\":17}}", false, 0},
        {"{\"a\":{\"exp\":1},\"b\":[{\"exp\":2}],\"exp\":3}", true, 3},
        {"{\"a\":{\"exp\":1}}", false, 0},
        {"{\"a\":\"exp\",\"exp\":3}", true, 3},
        {"{\"a\":\"\\\"exp\\\":1\",\"exp\":3}", true, 3},
        {"{\"a\":\"{[\",\"exp\":3}", true, 3},
        {"{\"expx\":1,\"xexp\":2,\"ex\":3}", false, 0},
        {"[\"exp\",17]", false, 0},
        {"\"exp\":17", false, 0},
        {"{\"exp\":", false, 0},
        {"{\"exp", false, 0},
        {"{\"exp\\", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        int64_t number = 4711;
        bool found = json_peek_number(cases[i].text, strlen(cases[i].text), "exp", &number);
        if (found != cases[i].found || number != (found ? cases[i].number : 4711))
            fail_msg("'%s' gave %d, %lld", cases[i].text, found, (long long)number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peek),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
