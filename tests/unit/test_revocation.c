/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a session: what each answer of the provider makes of it. */
#include "login/revocation.h"

#include "base/clock.h"
#include "login_fixture.h"

static void test_answers(void **state)
{
    struct login_fixture *fixture = *state;
    test_ids("REF-10");
    static const struct {
        int status;
        const char *body;
        bool ended;
        enum revocation_result result;
        enum error_code code;
    } cases[] = {
        {200, "", true, REVOCATION_DONE, ERROR_NONE},
        {200, "no JSON", true, REVOCATION_DONE, ERROR_NONE},
        {400, "{\"error\":\"unsupported_token_type\"}", true, REVOCATION_NOT_TAKEN, ERROR_NONE},
        {400, "{\"error\":\"invalid_request\"}", false, REVOCATION_DONE, ERROR_OAUTH_ERROR},
        {401, "{\"error\":\"invalid_client\"}", false, REVOCATION_DONE, ERROR_OAUTH_ERROR},
        {404, "", false, REVOCATION_DONE, ERROR_TOKEN_HTTP},
        {429, "", false, REVOCATION_DONE, ERROR_SERVER},
        {500, "<html>", false, REVOCATION_DONE, ERROR_SERVER},
        {503, "", false, REVOCATION_DONE, ERROR_SERVER},
    };
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        enum revocation_result result = REVOCATION_NO_SESSION;
        rest(fixture, make_session(clock_wall()));
        answer_with(fixture, cases[i].status, cases[i].body);
        bool ended = revocation_run(&fixture->config, NULL, &result, &err);
        if (ended != cases[i].ended || (ended && result != cases[i].result) || err.code != cases[i].code)
            fail_msg("case %zu: %s", i, err.message);
        assert_int_equal(rests(fixture), !ended);
        assert_null(strstr(err.message, "refresh-1"));
    }
}

static void test_request(void **state)
{
    struct login_fixture *fixture = *state;
    test_ids("REF-10");
    struct error err = {0};
    enum revocation_result result = REVOCATION_NO_SESSION;
    rest(fixture, make_session(clock_wall()));
    answer_with(fixture, 200, "");
    assert_true(revocation_run(&fixture->config, NULL, &result, &err));
    assert_string_equal(fixture->view->path, "/revoke");
    assert_int_equal(fixture->view->requests, 1);
    assert_true(text_starts_with(fixture->view->head, "POST "));
    assert_true(text_ends_with(fixture->view->head,
                               "token=refresh-1&token_type_hint=refresh_token&client_id=kubernetes"));
}

static void test_nothing_to_revoke(void **state)
{
    struct login_fixture *fixture = *state;
    struct error err = {0};
    enum revocation_result result = REVOCATION_DONE;
    struct session session = make_session(clock_wall());
    assert_true(revocation_run(&fixture->config, NULL, &result, &err));
    assert_int_equal(result, REVOCATION_NO_SESSION);
    memory_free_secret(session.refresh_token);
    session.refresh_token = NULL;
    rest(fixture, session);
    assert_true(revocation_run(&fixture->config, NULL, &result, &err));
    assert_int_equal(result, REVOCATION_NOTHING_HELD);
    assert_false(rests(fixture));
    assert_int_equal(fixture->view->requests, 0);
}

static void test_no_endpoint(void **state)
{
    struct login_fixture *fixture = *state;
    test_ids("REF-10");
    struct error err = {0};
    enum revocation_result result = REVOCATION_DONE;
    fixture->view->without_endpoints = true;
    rest(fixture, make_session(clock_wall()));
    assert_true(revocation_run(&fixture->config, NULL, &result, &err));
    assert_int_equal(result, REVOCATION_NO_ENDPOINT);
    assert_false(rests(fixture));
}

/* The session of another key stays, also when its own is named by the caller. */
static void test_key_of_another(void **state)
{
    struct login_fixture *fixture = *state;
    struct error err = {0};
    enum revocation_result result = REVOCATION_DONE;
    struct login_config config = fixture->config;
    cleanup_session_key struct session_key key = {0};
    config.account = "admin";
    login_key_make(&config, &key);
    rest(fixture, make_session(clock_wall()));
    answer_with(fixture, 200, "");
    assert_true(revocation_run(&fixture->config, &key, &result, &err));
    assert_int_equal(result, REVOCATION_NO_SESSION);
    assert_true(rests(fixture));
    assert_true(revocation_run(&config, NULL, &result, &err));
    assert_int_equal(result, REVOCATION_NO_SESSION);
    assert_true(rests(fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        login_test(test_answers),     login_test(test_request),        login_test(test_nothing_to_revoke),
        login_test(test_no_endpoint), login_test(test_key_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
