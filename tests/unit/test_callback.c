/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/authorization: which request targets end a login, which fail it, and which are noise. */
#include "ids.h"

#include <string.h>

#include "base/buffer.h"
#include "oidc/authorization.h"

#define STATE "aGVsbG8taGVsbG8taGVsbG8taGVsbG8taGVsbG8taGU"
#define ISSUER "https://ak.example/application/o/kube/"

static const struct callback_expectation expected = {.path = "/", .state = STATE, .issuer = ISSUER};

static enum callback_verdict judge(const struct callback_expectation *expectation, const char *target,
                                   struct callback *out, struct error *err)
{
    return callback_parse(target, strlen(target), expectation, out, err);
}

static void expect(const struct callback_expectation *expectation, const char *target,
                   enum callback_verdict verdict)
{
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    enum callback_verdict found = judge(expectation, target, &callback, &err);
    bool answered = found == CALLBACK_CODE || found == CALLBACK_ERROR;
    if (found != verdict)
        fail_msg("'%s' gave %d, not %d (%s)", target, (int)found, (int)verdict, err.message);
    assert_int_equal(callback.code != NULL, found == CALLBACK_CODE);
    assert_int_equal(callback.error != NULL, found == CALLBACK_ERROR);
    assert_true(answered || callback.error_description == NULL);
    assert_int_equal(err.code != ERROR_NONE, found == CALLBACK_ERROR || found == CALLBACK_REFUSED);
}

static void test_code(void **state)
{
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    (void)state;
    assert_int_equal(
        judge(&expected, "/?code=4c3a5d%2Fef%20+x&state=" STATE "&session_state=abc", &callback, &err),
        CALLBACK_CODE);
    assert_string_equal(callback.code, "4c3a5d/ef  x");
    assert_null(callback.error);
    expect(&expected, "/?state=" STATE "&code=x", CALLBACK_CODE);
    expect(&expected, "/?&code=x&&state=" STATE "&", CALLBACK_CODE);
    expect(&expected, "/?st%61te=" STATE "&c%6Fde=x", CALLBACK_CODE);
}

static void test_error(void **state)
{
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    (void)state;
    test_ids("K7-53");
    assert_int_equal(judge(&expected,
                           "/?error=access_denied&error_description=The%20user%20said%20no&error_uri=https://"
                           "x/&state=" STATE,
                           &callback, &err),
                     CALLBACK_ERROR);
    assert_string_equal(callback.error, "access_denied");
    assert_string_equal(callback.error_description, "The user said no");
    assert_string_equal(callback.error_uri, "https://x/");
    assert_int_equal(err.code, ERROR_CALLBACK_ERROR);
    assert_non_null(strstr(err.message, "access_denied: The user said no"));
}

static void test_other_paths(void **state)
{
    static const char *const targets[] = {"/favicon.ico",
                                          "/done",
                                          "//?code=x&state=" STATE,
                                          "/x?code=x&state=" STATE,
                                          "/%2f?code=x&state=" STATE,
                                          "/",
                                          "/?"};
    struct callback_expectation deeper = {.path = "/callback", .state = STATE, .issuer = ISSUER};
    struct callback_expectation unset = {.path = "", .state = STATE, .issuer = ISSUER};
    (void)state;
    test_ids("CB-05 K7-56");
    for (size_t i = 0; i < array_length(targets); i++)
        expect(&expected, targets[i], CALLBACK_OTHER_PATH);
    expect(&deeper, "/?code=x&state=" STATE, CALLBACK_OTHER_PATH);
    expect(&deeper, "/callback/?code=x&state=" STATE, CALLBACK_OTHER_PATH);
    expect(&deeper, "/callbac?code=x&state=" STATE, CALLBACK_OTHER_PATH);
    expect(&deeper, "/callback?code=x&state=" STATE, CALLBACK_CODE);
    expect(&unset, "/?code=x&state=" STATE, CALLBACK_CODE);
}

static void test_malformed_targets(void **state)
{
    static const char *const targets[] = {
        "",
        "http://localhost:8000/?code=x&state=" STATE,
        "*",
        "/?code=%&state=" STATE,
        "/?code=%4&state=" STATE,
        "/?code=%zz&state=" STATE,
        "/?code=%00&state=" STATE,
        "/?code=x&state=" STATE "%00",
        "/?code=x&state=" STATE "&junk=%",
        "/?code=x&state=" STATE "&junk=%0a",
        "/?code=x&state=" STATE "&ju%0dnk=x",
        "/?code=x&state=%1b" STATE,
        "/?code=x&iss=%0a&state=" STATE,
        "/?code=x&state=" STATE "#f",
        "/?code=x y&state=" STATE,
        "/?code=x\x01&state=" STATE,
        "/?code=\xc3\xa4&state=" STATE,
    };
    (void)state;
    test_ids("CB-07 T-15");
    for (size_t i = 0; i < array_length(targets); i++)
        expect(&expected, targets[i], CALLBACK_MALFORMED);
    /* A NUL of the wire must not hide what follows it. */
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    static const char with_nul[] = "/?code=x&state=" STATE "\0&state=other";
    assert_int_equal(callback_parse(with_nul, sizeof(with_nul) - 1, &expected, &callback, &err),
                     CALLBACK_MALFORMED);
}

static void test_duplicates(void **state)
{
    static const char *const targets[] = {
        "/?code=x&state=" STATE "&state=bad",
        "/?code=x&state=bad&state=" STATE,
        "/?code=x&code=y&state=" STATE,
        "/?code=x&c%6fde=y&state=" STATE,
        "/?error=a&error=b&state=" STATE,
        "/?error=a&error_description=b&error_description=c&state=" STATE,
        "/?error=a&error_uri=b&error_uri=c&state=" STATE,
        "/?code=x&iss=" ISSUER "&iss=" ISSUER "&state=" STATE,
        "/?code=x&state=" STATE "&state=" STATE,
        "/?code=x&code&state=" STATE,
    };
    (void)state;
    test_ids("CB-07");
    for (size_t i = 0; i < array_length(targets); i++)
        expect(&expected, targets[i], CALLBACK_MALFORMED);
    expect(&expected, "/?code=x&state=" STATE "&extra=1&extra=2", CALLBACK_CODE);
}

static void test_state_comes_first(void **state)
{
    (void)state;
    test_ids("CB-08 K7-52");
    expect(&expected, "/?code=x", CALLBACK_MALFORMED);
    expect(&expected, "/?code=x&state=", CALLBACK_MALFORMED);
    expect(&expected, "/?error=access_denied", CALLBACK_MALFORMED);
    expect(&expected, "/?code=x&state=wrong", CALLBACK_WRONG_STATE);
    expect(&expected, "/?error=access_denied&state=wrong", CALLBACK_WRONG_STATE);
    expect(&expected, "/?code=x&state=" STATE "x", CALLBACK_WRONG_STATE);
    expect(&expected, "/?code=x&state=aGVsbG8taGVsbG8taGVsbG8taGVsbG8taGVsbG8taG", CALLBACK_WRONG_STATE);
    expect(&expected, "/?code=x&state=AGVsbG8taGVsbG8taGVsbG8taGVsbG8taGVsbG8taGU", CALLBACK_WRONG_STATE);
}

/* What breaks another rule must not end a login unless it has our state. */
static void test_nothing_is_refused_without_our_state(void **state)
{
    struct callback_expectation strict = expected;
    (void)state;
    test_ids("CB-08");
    strict.iss_required = true;
    expect(&strict, "/?code=x&state=wrong", CALLBACK_WRONG_STATE);
    expect(&strict, "/?code=x&iss=https://evil.example/&state=wrong", CALLBACK_WRONG_STATE);
    expect(&strict, "/?code=x&error=y&state=wrong", CALLBACK_WRONG_STATE);
    expect(&strict, "/?code=%01&state=wrong", CALLBACK_WRONG_STATE);
    expect(&strict, "/?state=wrong", CALLBACK_WRONG_STATE);
}

static void expect_iss_refused(const struct callback_expectation *expectation, const char *target)
{
    cleanup_callback struct callback callback = {0};
    struct error err = {0};
    assert_int_equal(judge(expectation, target, &callback, &err), CALLBACK_REFUSED);
    assert_int_equal(err.code, ERROR_CALLBACK_ISS);
    assert_non_null(strstr(err.hint, ISSUER));
    assert_null(callback.code);
}

static void test_iss(void **state)
{
    struct callback_expectation promised = expected;
    (void)state;
    test_ids("CB-10 K7-63");
    promised.iss_required = true;
    expect_iss_refused(&promised, "/?code=x&state=" STATE);
    expect_iss_refused(&promised, "/?error=access_denied&state=" STATE);
    expect_iss_refused(&promised, "/?code=x&iss=&state=" STATE);
    expect_iss_refused(&promised, "/?code=x&iss=https://evil.example/&state=" STATE);
    expect_iss_refused(&promised, "/?error=access_denied&iss=https://evil.example/&state=" STATE);
    expect(&promised, "/?code=x&iss=" ISSUER "&state=" STATE, CALLBACK_CODE);
    expect(&promised, "/?code=x&iss=https%3A%2F%2Fak.example%2Fapplication%2Fo%2Fkube%2F&state=" STATE,
           CALLBACK_CODE);
    expect(&promised, "/?error=access_denied&iss=" ISSUER "&state=" STATE, CALLBACK_ERROR);
    /* Not promised, but sent all the same: it must still be right. */
    expect(&expected, "/?code=x&iss=" ISSUER "&state=" STATE, CALLBACK_CODE);
    expect_iss_refused(&expected, "/?code=x&iss=https://ak.example/application/o/kube&state=" STATE);
    expect_iss_refused(&expected, "/?error=access_denied&iss=https://evil.example/&state=" STATE);
}

static void test_code_and_error_alphabets(void **state)
{
    static const char *const targets[] = {
        "/?code=&state=" STATE,          "/?code=a%0ab&state=" STATE,
        "/?code=%7f&state=" STATE,       "/?code=%c3%a4&state=" STATE,
        "/?error=&state=" STATE,         "/?error=a%22b&state=" STATE,
        "/?error=a%5cb&state=" STATE,    "/?error=%1b%5b2J&state=" STATE,
        "/?error=%c3%a4&state=" STATE,   "/?state=" STATE,
        "/?code=x&error=y&state=" STATE, "/?code=&error=y&state=" STATE,
        "/?code=x&error=&state=" STATE,  "/?error_description=x&state=" STATE,
    };
    (void)state;
    test_ids("CB-11");
    for (size_t i = 0; i < array_length(targets); i++)
        expect(&expected, targets[i], CALLBACK_REFUSED);
    expect(&expected, "/?code=a%20%7e!%22%5c&state=" STATE, CALLBACK_CODE);
    expect(&expected, "/?error=a%20!%23%5b%5d%7e&state=" STATE, CALLBACK_ERROR);
}

static void expect_code_of(size_t length, enum callback_verdict verdict)
{
    cleanup_buffer struct buffer target = BUFFER(16384);
    buffer_add(&target, "/?state=" STATE "&code=");
    for (size_t i = 0; i < length; i++)
        buffer_add(&target, "c");
    expect(&expected, buffer_text(&target), verdict);
}

static void test_code_length(void **state)
{
    (void)state;
    test_ids("CB-11");
    expect_code_of(4096, CALLBACK_CODE);
    expect_code_of(4097, CALLBACK_REFUSED);
    expect_code_of(5000, CALLBACK_REFUSED);
    expect_code_of(9000, CALLBACK_MALFORMED);
}

static void test_too_many_parameters(void **state)
{
    cleanup_buffer struct buffer target = BUFFER(16384);
    (void)state;
    buffer_add(&target, "/?code=x&state=" STATE);
    for (size_t i = 0; i < 62; i++)
        buffer_add(&target, "&a=");
    expect(&expected, buffer_text(&target), CALLBACK_CODE);
    buffer_add(&target, "&a=");
    expect(&expected, buffer_text(&target), CALLBACK_MALFORMED);
}

/* A description in the provider's language, or with escapes in it, must not hide the error, nor reach a
 * terminal raw. */
static void test_descriptions_are_shown_safely(void **state)
{
    static const struct {
        const char *description, *shown;
    } cases[] = {
        {"Zugriff%20verweigert%20f%C3%BCr%20J%C3%BCrgen", "Zugriff verweigert f\xc3\xbcr J\xc3\xbcrgen"},
        {"a%1b%5b31mb", "a\\u{1B}[31mb"},
        {"a%0d%0ab", "a\\u{D}\\u{A}b"},
        {"%ff", "\\u{FF}"},
    };
    (void)state;
    test_ids("T-16 CB-11");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_callback struct callback callback = {0};
        cleanup_string char *target =
            memory_format("/?error=access_denied&state=" STATE "&error_description=%s", cases[i].description);
        struct error err = {0};
        assert_int_equal(judge(&expected, target, &callback, &err), CALLBACK_ERROR);
        if (strstr(err.message, cases[i].shown) == NULL)
            fail_msg("no '%s' in '%s'", cases[i].shown, err.message);
        assert_null(strchr(err.message, '\x1b'));
    }
}

static void test_no_secret_in_messages(void **state)
{
    static const char *const targets[] = {"/?code=SECRET%01&state=" STATE,
                                          "/?code=SECRET&error=x&state=" STATE,
                                          "/?code=SECRET&iss=https://evil.example/&state=" STATE};
    (void)state;
    test_ids("K7-69");
    for (size_t i = 0; i < array_length(targets); i++) {
        cleanup_callback struct callback callback = {0};
        struct error err = {0};
        assert_int_equal(judge(&expected, targets[i], &callback, &err), CALLBACK_REFUSED);
        assert_null(strstr(err.message, "SECRET"));
        assert_null(strstr(err.hint, "SECRET"));
        assert_null(strstr(err.message, STATE));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_other_paths),
        cmocka_unit_test(test_malformed_targets),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_state_comes_first),
        cmocka_unit_test(test_nothing_is_refused_without_our_state),
        cmocka_unit_test(test_iss),
        cmocka_unit_test(test_code_and_error_alphabets),
        cmocka_unit_test(test_code_length),
        cmocka_unit_test(test_too_many_parameters),
        cmocka_unit_test(test_descriptions_are_shown_safely),
        cmocka_unit_test(test_no_secret_in_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
