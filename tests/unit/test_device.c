/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of oidc/device: which answers to a device authorization request are taken, and as what. */
#include "ids.h"

#include <string.h>

#include "base/memory.h"
#include "oidc/device.h"

#define ISSUER "https://ak.example/application/o/k8s/"
#define CODES "\"device_code\":\"d&%+#=\\\"\\\\\",\"user_code\":\"123-456\""
#define URI "\"verification_uri\":\"https://ak.example/device\""
#define GOOD CODES "," URI ",\"expires_in\":60"

static bool parse(const char *issuer, long status, const char *body, struct device_authorization *out,
                  struct error *err)
{
    struct token_http http = {.status = status, .body = body, .length = strlen(body)};
    struct token_error failed = {0};
    bool good = device_authorization_parse(issuer, &http, out, &failed, err);
    assert_int_equal(good, failed.failure == TOKEN_FAILURE_NONE);
    return good;
}

static void test_good(void **state)
{
    cleanup_device_authorization struct device_authorization device = {0};
    struct error err = {0};
    (void)state;
    assert_true(parse(ISSUER, 200,
                      "{" GOOD
                      ",\"interval\":7,\"verification_uri_complete\":\"https://ak.example/device?code=1\"}",
                      &device, &err));
    assert_string_equal(device.device_code, "d&%+#=\"\\");
    assert_string_equal(device.user_code, "123-456");
    assert_string_equal(device.verification_uri, "https://ak.example/device");
    assert_string_equal(device.verification_uri_complete, "https://ak.example/device?code=1");
    assert_int_equal(device.expires_in, 60);
    assert_int_equal(device.interval, 7);
}

static void expect_refused(const char *body, enum error_code code)
{
    cleanup_device_authorization struct device_authorization device = {0};
    struct error err = {0};
    if (parse(ISSUER, 200, body, &device, &err))
        fail_msg("%s was accepted", body);
    if (err.code != code)
        fail_msg("%s gave [%s] %s", body, error_code_name(err.code), err.message);
    assert_null(device.device_code);
}

static void test_members_that_must_be_there(void **state)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"user_code\":\"1\"," URI ",\"expires_in\":60}",
        "{\"device_code\":\"\",\"user_code\":\"1\"," URI ",\"expires_in\":60}",
        "{\"device_code\":5,\"user_code\":\"1\"," URI ",\"expires_in\":60}",
        "{\"device_code\":\"a\\nb\",\"user_code\":\"1\"," URI ",\"expires_in\":60}",
        "{\"device_code\":\"d\"," URI ",\"expires_in\":60}",
        "{\"device_code\":\"d\",\"user_code\":1," URI ",\"expires_in\":60}",
        "{\"device_code\":\"d\",\"user_code\":\"\\u001b[2J\"," URI ",\"expires_in\":60}",
        "{" CODES ",\"expires_in\":60}",
        "{" CODES ",\"verification_uri\":5,\"expires_in\":60}",
        "{" CODES "," URI "}",
        "{" CODES "," URI ",\"expires_in\":\"60\"}",
        "{" CODES "," URI ",\"expires_in\":null}",
        "{" CODES "," URI ",\"expires_in\":0}",
        "{" CODES "," URI ",\"expires_in\":-1}",
        "{" GOOD ",\"verification_uri_complete\":5}",
    };
    (void)state;
    test_ids("DEV-01");
    for (size_t i = 0; i < array_length(bodies); i++)
        expect_refused(bodies[i], ERROR_TOKEN_JSON);
}

static void test_times_are_clamped(void **state)
{
    static const struct {
        const char *body;
        int64_t expires_in, interval;
    } rows[] = {
        {"{" GOOD "}", 60, 5},
        {"{" GOOD ",\"interval\":null}", 60, 5},
        {"{" GOOD ",\"interval\":\"5\"}", 60, 5},
        {"{" GOOD ",\"interval\":0}", 60, 1},
        {"{" GOOD ",\"interval\":-1}", 60, 1},
        {"{" GOOD ",\"interval\":1e9}", 60, 60},
        {"{" CODES "," URI ",\"expires_in\":1800}", 1800, 5},
        {"{" CODES "," URI ",\"expires_in\":1801}", 1800, 5},
    };
    (void)state;
    test_ids("DEV-01");
    for (size_t i = 0; i < array_length(rows); i++) {
        cleanup_device_authorization struct device_authorization device = {0};
        struct error err = {0};
        if (!parse(ISSUER, 200, rows[i].body, &device, &err))
            fail_msg("%s: %s", rows[i].body, err.message);
        assert_int_equal(device.expires_in, rows[i].expires_in);
        assert_int_equal(device.interval, rows[i].interval);
    }
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"javascript:alert(1)",
                                      "http://ak.example/device",
                                      "http://localhost/device",
                                      "https://ak.example/\\u001b[2J",
                                      "https://user@ak.example/",
                                      "ak.example/device",
                                      ""};
    (void)state;
    test_ids("DEV-02");
    for (size_t i = 0; i < array_length(bad); i++) {
        cleanup_string char *plain =
            memory_format("{%s,\"verification_uri\":\"%s\",\"expires_in\":60}", CODES, bad[i]);
        cleanup_string char *complete =
            memory_format("{%s,\"verification_uri_complete\":\"%s\"}", GOOD, bad[i]);
        expect_refused(plain, ERROR_ENDPOINT_URL);
        if (bad[i][0] != '\0')
            expect_refused(complete, ERROR_ENDPOINT_URL);
    }
}

static void test_other_addresses_that_are_good(void **state)
{
    static const struct {
        const char *issuer, *body, *uri;
    } rows[] = {
        {"http://localhost:9000/",
         "{" CODES ",\"verification_uri\":\"http://localhost:9000/device\",\"expires_in\":60}",
         "http://localhost:9000/device"},
        {ISSUER, "{" CODES ",\"verification_url\":\"https://www.google.com/device\",\"expires_in\":60}",
         "https://www.google.com/device"},
    };
    (void)state;
    test_ids("K7-78");
    for (size_t i = 0; i < array_length(rows); i++) {
        cleanup_device_authorization struct device_authorization device = {0};
        struct error err = {0};
        assert_true(parse(rows[i].issuer, 200, rows[i].body, &device, &err));
        assert_string_equal(device.verification_uri, rows[i].uri);
        assert_null(device.verification_uri_complete);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        long status;
        const char *body;
        enum error_code code;
    } rows[] = {
        {400, "{\"error\":\"invalid_client\"}", ERROR_OAUTH_ERROR},
        {200, "{\"error\":\"invalid_client\"}", ERROR_OAUTH_ERROR},
        {429, "{\"error\":\"slow_down\"}", ERROR_SERVER},
        {429, "", ERROR_SERVER},
        {503, "", ERROR_SERVER},
        {404, "", ERROR_TOKEN_HTTP},
    };
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        cleanup_device_authorization struct device_authorization device = {0};
        struct error err = {0};
        assert_false(parse(ISSUER, rows[i].status, rows[i].body, &device, &err));
        assert_int_equal(err.code, rows[i].code);
        assert_non_null(strstr(err.message, "the device authorization request failed"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_members_that_must_be_there),
        cmocka_unit_test(test_times_are_clamped),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_other_addresses_that_are_good),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
