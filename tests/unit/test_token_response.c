/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/token_response: what counts as a token, what a refusal says and means. */
#include "ids.h"

#include <string.h>

#include "base/buffer.h"
#include "oidc/token_response.h"

static bool parse(long status, const char *body, struct token_response *out, struct token_error *failed,
                  struct error *err)
{
    struct token_http http = {.status = status, .body = body, .length = body != NULL ? strlen(body) : 0};
    return token_response_parse(&http, out, failed, err);
}

static void expect_refused(const char *body, enum error_code code)
{
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    if (parse(200, body, &response, &failed, &err))
        fail_msg("%s was accepted", body);
    if (err.code != code)
        fail_msg("%s gave [%s] %s", body, error_code_name(err.code), err.message);
    assert_int_equal(failed.failure, TOKEN_FAILURE_OTHER);
    assert_null(response.access_token);
}

static void test_good(void **state)
{
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    (void)state;
    assert_true(parse(200,
                      "{\"access_token\": \"a.b.c\", \"token_type\": \"Bearer\", \"scope\": \"openid "
                      "email\", \"expires_in\": 300, "
                      "\"id_token\": \"d.e.f\", \"refresh_token\": \"r\"}",
                      &response, &failed, &err));
    assert_string_equal(response.access_token, "a.b.c");
    assert_string_equal(response.id_token, "d.e.f");
    assert_string_equal(response.refresh_token, "r");
    assert_int_equal(response.expires_in, 300);
    assert_int_equal(failed.failure, TOKEN_FAILURE_NONE);
    assert_string_equal(failed.oauth_error, "");
    assert_int_equal(failed.retry_after, -1);
}

static void test_bodies_that_are_refused(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "\"x\"",
        "null",
        "<html>",
        "{",
        "{}x",
        "{\"token_type\":\"Bearer\"}",
        "{\"token_type\":\"Bearer\",\"access_token\":null}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"\"}",
        "{\"token_type\":\"Bearer\",\"access_token\":1}",
        "{\"token_type\":\"Bearer\",\"access_token\":[\"a\"]}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"a\\nb\"}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"\xc3\xa4\"}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"access_token\":\"b\"}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"id_token\":1}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"refresh_token\":{}}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"refresh_token\":\"a\\u007f\"}",
    };
    (void)state;
    test_ids("TOK-04");
    for (size_t i = 0; i < array_length(bodies); i++)
        expect_refused(bodies[i], ERROR_TOKEN_JSON);
}

static void test_token_type(void **state)
{
    static const char *const good[] = {"Bearer", "bearer", "bEARER", "BEARER"};
    (void)state;
    test_ids("TOK-04");
    for (size_t i = 0; i < array_length(good); i++) {
        cleanup_token_response struct token_response response = {0};
        cleanup_string char *body = memory_format("{\"access_token\":\"a\",\"token_type\":\"%s\"}", good[i]);
        struct token_error failed;
        struct error err = {0};
        assert_true(parse(200, body, &response, &failed, &err));
    }
    expect_refused("{\"access_token\":\"a\",\"token_type\":\"DPoP\"}", ERROR_TOKEN_TYPE);
    expect_refused("{\"access_token\":\"a\",\"token_type\":\"mac\"}", ERROR_TOKEN_TYPE);
    expect_refused("{\"access_token\":\"a\",\"token_type\":\"Bearer \"}", ERROR_TOKEN_TYPE);
    expect_refused("{\"access_token\":\"a\",\"token_type\":null}", ERROR_TOKEN_TYPE);
    expect_refused("{\"access_token\":\"a\",\"token_type\":[\"Bearer\"]}", ERROR_TOKEN_TYPE);
    expect_refused("{\"access_token\":\"a\"}", ERROR_TOKEN_TYPE);
}

static void test_expires_in(void **state)
{
    static const struct {
        const char *json;
        int64_t seconds;
    } cases[] = {
        {"3600", 3600},
        {"0", 0},
        {"\"3600\"", 3600},
        {"3600.0", 3600},
        {"null", -1},
        {"-5", -1},
        {"\"-1\"", -1},
        {"1.5", -1},
        {"\"1e3\"", -1},
        {"\"\"", -1},
        {"true", -1},
        {"[3600]", -1},
        {"1e300", -1},
        {"9007199254740993", -1},
        {"\" 3600\"", -1},
        {"9223372036854775807", -1},
        {"\"9223372036854775808\"", -1},
        {"9223372036854775808", -1},
        {"1e400", -1},
        {"-1.5E+400", -1},
        {"123456789012345678901234567890,\"x\":[1e999, \"1e999\\\"\", {\"y\":1e999}]", -1},
    };
    (void)state;
    test_ids("TOK-04");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_token_response struct token_response response = {0};
        cleanup_string char *body = memory_format(
            "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":%s}", cases[i].json);
        struct token_error failed;
        struct error err = {0};
        if (!parse(200, body, &response, &failed, &err))
            fail_msg("%s: %s", cases[i].json, err.message);
        if (response.expires_in != cases[i].seconds)
            fail_msg("%s gave %lld", cases[i].json, (long long)response.expires_in);
    }
}

static void test_absent_members(void **state)
{
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    (void)state;
    test_ids("TOK-06");
    assert_true(
        parse(200,
              "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"id_token\":\"\",\"refresh_token\":null,"
              "\"surprise\":{\"a\":[]}}",
              &response, &failed, &err));
    assert_null(response.id_token);
    assert_null(response.refresh_token);
    assert_int_equal(response.expires_in, -1);
}

static void test_error_message(void **state)
{
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    (void)state;
    test_ids("TOK-07");
    assert_false(parse(
        400,
        "{\"error\": \"invalid_grant\", \"error_description\": \"The provided authorization grant or refresh "
        "token is "
        "invalid, expired, revoked, does not match the redirection URI used in the authorization request, or "
        "was issued to another client\", \"request_id\": \"21fea4412a5a4e54a5d9902a3fe208fb\"}",
        &response, &failed, &err));
    assert_int_equal(err.code, ERROR_OAUTH_ERROR);
    assert_non_null(strstr(err.message, "HTTP 400: invalid_grant: The provided authorization grant"));
    assert_non_null(strstr(err.message, "another client (request id 21fea4412a5a4e54a5d9902a3fe208fb)"));
    assert_int_equal(failed.failure, TOKEN_FAILURE_GRANT);
    assert_string_equal(failed.oauth_error, "invalid_grant");
}

static void test_request_id_of_the_header(void **state)
{
    struct token_http http = {.status = 502, .body = "<html>", .length = 6, .request_id = "abc\x1b[2J"};
    struct token_error failed;
    struct error err = {0};
    (void)state;
    test_ids("TOK-07");
    assert_false(token_error_explain("the device request", &http, &failed, &err));
    assert_string_equal(err.message, "the device request failed: HTTP 502 (request id abc\\u{1B}[2J)");
}

/* Status and `error`, and what they mean for the session. */
static void test_classes(void **state)
{
    static const struct {
        long status;
        const char *oauth_error; /* NULL: the body is a page */
        enum token_failure failure;
        enum error_code code;
    } cases[] = {
        {400, "invalid_grant", TOKEN_FAILURE_GRANT, ERROR_OAUTH_ERROR},
        {403, "invalid_grant", TOKEN_FAILURE_GRANT, ERROR_OAUTH_ERROR},
        {200, "invalid_grant", TOKEN_FAILURE_GRANT, ERROR_OAUTH_ERROR},
        {400, "interaction_required", TOKEN_FAILURE_GRANT, ERROR_OAUTH_ERROR},
        {400, "invalid_client", TOKEN_FAILURE_CLIENT, ERROR_OAUTH_ERROR},
        {401, "invalid_client", TOKEN_FAILURE_CLIENT, ERROR_OAUTH_ERROR},
        {400, "unauthorized_client", TOKEN_FAILURE_CLIENT, ERROR_OAUTH_ERROR},
        {400, "unsupported_grant_type", TOKEN_FAILURE_CLIENT, ERROR_OAUTH_ERROR},
        {400, "invalid_scope", TOKEN_FAILURE_CLIENT, ERROR_OAUTH_ERROR},
        {400, "invalid_request", TOKEN_FAILURE_CLIENT, ERROR_OAUTH_ERROR},
        {400, "authorization_pending", TOKEN_FAILURE_OTHER, ERROR_OAUTH_ERROR},
        {400, "slow_down", TOKEN_FAILURE_OTHER, ERROR_OAUTH_ERROR},
        {400, "access_denied", TOKEN_FAILURE_OTHER, ERROR_OAUTH_ERROR},
        {429, "slow_down", TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {500, "invalid_grant", TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {503, "authentik starting", TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {400, "temporarily_unavailable", TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {400, "server_error", TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {500, NULL, TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {503, NULL, TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {429, NULL, TOKEN_FAILURE_TEMPORARY, ERROR_SERVER},
        {401, NULL, TOKEN_FAILURE_CLIENT, ERROR_TOKEN_HTTP},
        {400, NULL, TOKEN_FAILURE_OTHER, ERROR_TOKEN_HTTP},
        {404, NULL, TOKEN_FAILURE_OTHER, ERROR_TOKEN_HTTP},
        {405, NULL, TOKEN_FAILURE_OTHER, ERROR_TOKEN_HTTP},
        {204, NULL, TOKEN_FAILURE_OTHER, ERROR_TOKEN_HTTP},
        {201, NULL, TOKEN_FAILURE_OTHER, ERROR_TOKEN_HTTP},
    };
    (void)state;
    test_ids("REF-05 TOK-07");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_token_response struct token_response response = {0};
        cleanup_string char *body = cases[i].oauth_error != NULL
                                        ? memory_format("{\"error\":\"%s\"}", cases[i].oauth_error)
                                        : memory_copy_text("<html>secret page</html>");
        struct token_error failed;
        struct error err = {0};
        assert_false(parse(cases[i].status, body, &response, &failed, &err));
        if (failed.failure != cases[i].failure || err.code != cases[i].code)
            fail_msg("%ld %s gave %d [%s]", cases[i].status, body, (int)failed.failure,
                     error_code_name(err.code));
        assert_string_equal(failed.oauth_error, cases[i].oauth_error != NULL ? cases[i].oauth_error : "");
        assert_int_equal(error_is_temporary(&err), cases[i].failure == TOKEN_FAILURE_TEMPORARY);
        assert_null(strstr(err.message, "secret"));
    }
}

static void test_good_body_with_wrong_status(void **state)
{
    static const long statuses[] = {201, 204, 206, 302, 400, 401, 500};
    (void)state;
    test_ids("TOK-04");
    for (size_t i = 0; i < array_length(statuses); i++) {
        cleanup_token_response struct token_response response = {0};
        struct token_error failed;
        struct error err = {0};
        assert_false(parse(statuses[i], "{\"access_token\":\"SECRET\",\"token_type\":\"Bearer\"}", &response,
                           &failed, &err));
        assert_null(strstr(err.message, "SECRET"));
    }
}

static void test_masked_405(void **state)
{
    static const struct {
        long status;
        const char *allow;
        bool masked;
    } cases[] = {
        {405, "GET, HEAD, OPTIONS", true},
        {405, "OPTIONS,HEAD,GET", true},
        {405, "get, head, options", true},
        {405, "POST, OPTIONS", false},
        {405, "GET, POST, OPTIONS", false},
        {405, NULL, false},
        {405, "", false},
        {404, "GET, HEAD, OPTIONS", false},
        {405, "GETTER", false},
        {405, " ,, GET ,", true},
    };
    (void)state;
    test_ids("TOK-07 K7-90");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct token_http http = {.status = cases[i].status, .body = "", .allow = cases[i].allow};
        cleanup_token_response struct token_response response = {0};
        struct token_error failed;
        struct error err = {0};
        assert_false(token_response_parse(&http, &response, &failed, &err));
        assert_int_equal(failed.masked, cases[i].masked);
        assert_int_equal(failed.failure, cases[i].masked ? TOKEN_FAILURE_TEMPORARY : TOKEN_FAILURE_OTHER);
        assert_int_equal(err.code, cases[i].masked ? ERROR_SERVER : ERROR_TOKEN_HTTP);
        assert_int_equal(strstr(err.hint, "hides") != NULL, cases[i].masked);
    }
}

static void test_retry_after(void **state)
{
    static const struct {
        const char *header;
        int64_t seconds;
        const char *hint;
    } cases[] = {
        {"5", 5, "wait 5 s"},
        {"0", 0, "wait 0 s"},
        {NULL, -1, "try again later"},
        {"-5", -1, "'-5'"},
        {"99999999999999999999", -1, "'99999999999999999999'"},
        {"Sat, 21 Nov 2026 18:00:00 GMT", -1, "until 'Sat, 21 Nov 2026 18:00:00 GMT'"},
    };
    (void)state;
    test_ids("REF-05");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct token_http http = {.status = 503, .retry_after = cases[i].header};
        struct token_error failed;
        struct error err = {0};
        assert_false(token_error_explain("x", &http, &failed, &err));
        assert_int_equal(failed.retry_after, cases[i].seconds);
        if (strstr(err.hint, cases[i].hint) == NULL)
            fail_msg("no '%s' in '%s'", cases[i].hint, err.hint);
    }
}

static void expect_clean(const char *body)
{
    cleanup_token_response struct token_response response = {0};
    struct token_error failed;
    struct error err = {0};
    assert_false(parse(400, body, &response, &failed, &err));
    for (const char *at = err.message; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    for (const char *at = err.hint; *at != '\0'; at++)
        assert_true(*at == '\n' || ((unsigned char)*at >= 0x20 && *at != 0x7f));
    assert_true(strlen(failed.oauth_error) < sizeof(failed.oauth_error));
}

static void test_hostile_error_texts(void **state)
{
    cleanup_buffer struct buffer body = BUFFER(400000);
    struct token_error failed;
    struct error err = {0};
    (void)state;
    test_ids("TOK-07 T-16");
    expect_clean("{\"error\":\"a\\u001b]52;c;x\\u0007\"}");
    expect_clean("{\"error\":\"invalid_grant\",\"error_description\":\"\\u001b[2J\\r\\n\\u009b\\u202e\"}");
    expect_clean("{\"error\":\"invalid_grant\",\"error_uri\":\"\\u001b[2J\"}");
    expect_clean("{\"error\":\"invalid_grant\",\"request_id\":\"\\u001b[2J\"}");
    expect_clean("{\"error\":[\"invalid_grant\"]}");
    expect_clean("{\"error\":\"\"}");
    expect_clean("{\"error\":\"invalid_grant\",\"error_description\":\"\\u0000\"}");
    /* Long texts leave room for the request id. */
    buffer_add(&body, "{\"request_id\":\"0123456789abcdef\",\"error\":\"");
    for (size_t i = 0; i < 300; i++)
        buffer_add(&body, "e");
    buffer_add(&body, "\",\"error_description\":\"");
    for (size_t i = 0; i < 100000; i++)
        buffer_add(&body, "\xc3\xa4");
    buffer_add(&body, "\"}");
    struct token_http http = {.status = 400, .body = buffer_text(&body), .length = body.length};
    assert_false(token_error_explain("x", &http, &failed, &err));
    assert_non_null(strstr(err.message, "(request id 0123456789abcdef)"));
    assert_null(strstr(err.message, "\\u{"));
}

/* A code that is too long for the field is shown, but never mistaken for a known one. */
static void test_long_error_code(void **state)
{
    cleanup_buffer struct buffer body = BUFFER(1000);
    struct token_error failed;
    struct error err = {0};
    (void)state;
    buffer_add(&body, "{\"error\":\"");
    for (size_t i = 0; i < 64; i++)
        buffer_add(&body, "e");
    buffer_add(&body, "\"}");
    struct token_http http = {.status = 400, .body = buffer_text(&body), .length = body.length};
    assert_false(token_error_explain("x", &http, &failed, &err));
    assert_string_equal(failed.oauth_error, "");
    assert_int_equal(failed.failure, TOKEN_FAILURE_OTHER);
    assert_int_equal(err.code, ERROR_OAUTH_ERROR);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bodies_that_are_refused),
        cmocka_unit_test(test_token_type),
        cmocka_unit_test(test_expires_in),
        cmocka_unit_test(test_absent_members),
        cmocka_unit_test(test_error_message),
        cmocka_unit_test(test_request_id_of_the_header),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_good_body_with_wrong_status),
        cmocka_unit_test(test_masked_405),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_hostile_error_texts),
        cmocka_unit_test(test_long_error_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
