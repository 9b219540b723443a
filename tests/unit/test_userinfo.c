/* SPDX-License-Identifier: Apache-2.0 */
/* What the userinfo endpoint may answer, and how it is asked. */
#include "login/userinfo.h"

#include "base/clock.h"
#include "login_fixture.h"

/* In access-token mode the token at rest asks; there is no refresh in the way. */
static void rest_access_token(struct login_fixture *fixture)
{
    struct session session = make_session(clock_wall());
    fixture->config.use_access_token = true;
    memory_replace_text(&session.token, "access-1");
    rest(fixture, session);
}

static void test_answers(void **state)
{
    struct login_fixture *fixture = *state;
    test_ids("BR-02");
    static const struct {
        int status;
        const char *body;
        enum error_code code;
    } cases[] = {
        {200, "{\"sub\":\"jane\",\"groups\":[\"a\"]}", ERROR_NONE},
        {200, "{\"sub\":\"john\"}", ERROR_USERINFO},
        {200, "{\"sub\":\"Jane\"}", ERROR_USERINFO},
        {200, "{\"sub\":\"\"}", ERROR_USERINFO},
        {200, "{\"sub\":[\"jane\"]}", ERROR_USERINFO},
        {200, "{\"name\":\"jane\"}", ERROR_USERINFO},
        {200, "[{\"sub\":\"jane\"}]", ERROR_USERINFO},
        {200, "{\"sub\":\"jane\",\"sub\":\"john\"}", ERROR_USERINFO},
        {200, "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", ERROR_USERINFO},
        {200, "", ERROR_USERINFO},
        {401, "{}", ERROR_USERINFO},
        {403, "{}", ERROR_USERINFO},
        {429, "{}", ERROR_SERVER},
        {503, "", ERROR_SERVER},
    };
    rest_access_token(fixture);
    for (size_t i = 0; i < array_length(cases); i++) {
        struct error err = {0};
        cleanup_session struct session session = {0};
        json_auto_t *claims = NULL;
        answer_with(fixture, cases[i].status, cases[i].body);
        bool good = userinfo_ask(&fixture->config, &session, &claims, &err);
        if (good != (cases[i].code == ERROR_NONE) || err.code != cases[i].code || good != (claims != NULL))
            fail_msg("case %zu: %s", i, err.message);
        assert_null(strstr(err.message, "access-1"));
        assert_true(!good || json_array_size(json_object_get(claims, "groups")) == 1);
    }
}

static void test_request(void **state)
{
    struct login_fixture *fixture = *state;
    test_ids("BR-01");
    struct error err = {0};
    cleanup_session struct session session = {0};
    json_auto_t *claims = NULL;
    rest_access_token(fixture);
    answer_with(fixture, 200, "{\"sub\":\"jane\"}");
    assert_true(userinfo_ask(&fixture->config, &session, &claims, &err));
    assert_true(text_starts_with(fixture->view->head, "GET /me HTTP/1.1\r\n"));
    assert_non_null(strstr(fixture->view->head, "\r\nAuthorization: Bearer access-1\r\n"));
    assert_true(text_ends_with(fixture->view->head, "\r\n\r\n"));
    assert_int_equal(fixture->view->requests, 1);
    assert_string_equal(session.subject, "jane");
}

static void test_refusals(void **state)
{
    struct login_fixture *fixture = *state;
    test_ids("BR-01");
    struct error err = {0};
    cleanup_session struct session session = {0};
    cleanup_text_map struct text_map headers = {0};
    json_t *claims = NULL;
    assert_false(userinfo_ask(&fixture->config, &session, &claims, &err));
    assert_int_equal(err.code, ERROR_NO_SESSION);
    rest_access_token(fixture);
    text_map_set(&headers, "authorization", "Bearer other");
    fixture->config.http.headers = &headers;
    error_clear(&err);
    assert_false(userinfo_ask(&fixture->config, &session, &claims, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    fixture->config.http.headers = NULL;
    fixture->view->without_endpoints = true;
    error_clear(&err);
    assert_false(userinfo_ask(&fixture->config, &session, &claims, &err));
    assert_int_equal(err.code, ERROR_UNSUPPORTED);
    assert_int_equal(fixture->view->requests, 0);
    assert_null(claims);
}

/* Without a refresh token there is no access token to be had. */
static void test_no_access_token(void **state)
{
    struct login_fixture *fixture = *state;
    struct error err = {0};
    cleanup_session struct session session = {0};
    json_t *claims = NULL;
    struct session stored = make_session(clock_wall());
    memory_free_secret(stored.refresh_token);
    stored.refresh_token = NULL;
    rest(fixture, stored);
    assert_false(userinfo_ask(&fixture->config, &session, &claims, &err));
    assert_int_equal(err.code, ERROR_USERINFO);
    assert_int_equal(fixture->view->requests, 0);
    assert_true(rests(fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        login_test(test_answers),
        login_test(test_request),
        login_test(test_refusals),
        login_test(test_no_access_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
