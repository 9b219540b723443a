/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken of a pasted text, and what is asked for again. */
#include "login/paste.h"

#include <string.h>

#include "base/memory.h"
#include "ids.h"

static const struct callback_expectation expected = {
    .path = "/callback", .state = "our-state", .issuer = "https://ak.example/"};

static enum callback_verdict read_text(const char *text, bool iss_required, struct callback *out)
{
    struct callback_expectation here = expected;
    struct error err = {0};
    here.iss_required = iss_required;
    return paste_read(text, strlen(text), &here, out, &err);
}

static void test_codes(void **state)
{
    static const char *const texts[] = {
        "http://localhost:8000/?code=abc&state=our-state",
        "http://localhost:8000/other?code=abc&state=our-state#top",
        "https://elsewhere.example/cb?state=our-state&code=abc",
        "localhost:8000/?code=abc&state=our-state",
        "localhost:8000/callback?state=our-state&code=abc",
        "127.0.0.1:8000/?session_state=x&code=abc&state=our-state",
        "/?code=abc&state=our-state",
        "authuser=0&code=abc&state=our-state",
        "code=abc&state=our-state&scope=a?b",
        "?code=abc&state=our-state",
        "code=abc&state=our-state",
        "state=our-state&code=abc",
        "code=abc",
        "http://localhost:8000/?code=abc",
        "abc",
        "abc\n",
        "  'abc'  \r\n",
        "<http://localhost:8000/?code=abc>",
        "http://localhost:8000/?co\nde=a\r\n  bc&state=our\t-state",
        "\033[200~abc\033[201~",
    };
    (void)state;
    test_ids("K7-77");
    for (size_t i = 0; i < array_length(texts); i++) {
        struct callback callback = {0};
        if (read_text(texts[i], false, &callback) != CALLBACK_CODE || strcmp(callback.code, "abc") != 0)
            fail_msg("'%s' gave '%s'", texts[i], callback.code != NULL ? callback.code : "nothing");
        callback_release(&callback);
    }
}

static void test_a_bare_code_may_hold_anything(void **state)
{
    static const char *const codes[] = {"a=b", "a&b=c", "a%20b", "M.C5_BAY.2.U.abc==", "a+b/c", "4/0Ab?c"};
    (void)state;
    for (size_t i = 0; i < array_length(codes); i++) {
        struct callback callback = {0};
        assert_int_equal(read_text(codes[i], false, &callback), CALLBACK_CODE);
        assert_string_equal(callback.code, codes[i]);
        callback_release(&callback);
    }
}

static void test_other_verdicts(void **state)
{
    static const struct {
        const char *text;
        enum callback_verdict verdict;
    } rows[] = {
        {"", CALLBACK_OTHER_PATH},
        {" \n\t", CALLBACK_OTHER_PATH},
        {"\"\"", CALLBACK_OTHER_PATH},
        {"http://localhost:8000/", CALLBACK_MALFORMED},
        {"http://localhost:8000/?next=x&state=our-state", CALLBACK_MALFORMED},
        {"http://localhost:8000/?state=our-state", CALLBACK_MALFORMED},
        {"?code=%zz", CALLBACK_MALFORMED},
        {"?code=a&code=b&state=our-state", CALLBACK_MALFORMED},
        {"?code=a&state=", CALLBACK_MALFORMED},
        {"?code=abc&state=other", CALLBACK_WRONG_STATE},
        {"http://localhost:8000/?code=abc&state=our-stat", CALLBACK_WRONG_STATE},
        {"?error=access_denied&state=our-state", CALLBACK_ERROR},
        {"?error=access_denied", CALLBACK_ERROR},
        {"localhost:8000/?error=access_denied&state=our-state", CALLBACK_ERROR},
        {"localhost:8000/?code=abc&state=other", CALLBACK_WRONG_STATE},
        {"?code=abc&iss=https://evil.example/", CALLBACK_REFUSED},
        {"?code=abc&error=x", CALLBACK_REFUSED},
        {"?code=&state=our-state", CALLBACK_REFUSED},
    };
    (void)state;
    test_ids("K7-77");
    for (size_t i = 0; i < array_length(rows); i++) {
        struct callback callback = {0};
        enum callback_verdict verdict = read_text(rows[i].text, false, &callback);
        if (verdict != rows[i].verdict)
            fail_msg("'%s' gave %d, not %d", rows[i].text, (int)verdict, (int)rows[i].verdict);
        assert_non_null(paste_complaint(verdict));
        callback_release(&callback);
    }
}

static void test_iss(void **state)
{
    struct callback callback = {0};
    (void)state;
    test_ids("K7-77 CB-10");
    assert_int_equal(read_text("?code=abc", true, &callback), CALLBACK_REFUSED);
    assert_int_equal(read_text("?code=abc&iss=https://ak.example/", true, &callback), CALLBACK_CODE);
    callback_release(&callback);
    assert_int_equal(read_text("abc", true, &callback), CALLBACK_CODE);
    callback_release(&callback);
}

static void test_too_much(void **state)
{
    struct callback callback = {0};
    cleanup_string char *text = memory_format("%020000d", 1);
    (void)state;
    assert_int_not_equal(read_text(text, false, &callback), CALLBACK_CODE);
    assert_null(callback.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),          cmocka_unit_test(test_a_bare_code_may_hold_anything),
        cmocka_unit_test(test_other_verdicts), cmocka_unit_test(test_iss),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
