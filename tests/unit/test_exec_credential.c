/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of kubernetes/exec_credential: what kubectl says, and the bytes it gets back. */
#include "ids.h"

#include <string.h>

#include "kubernetes/exec_credential.h"

#define V1 "client.authentication.k8s.io/v1"
#define V1BETA1 "client.authentication.k8s.io/v1beta1"

static void expect_version(const char *text, enum exec_version version, bool present)
{
    cleanup_exec_request struct exec_request request = {0};
    struct error err = {0};
    if (!exec_request_parse(text, &request, &err))
        fail_msg("%s: %s", text, err.message);
    assert_int_equal(request.version, version);
    assert_int_equal(request.present, present);
}

static void test_versions(void **state)
{
    (void)state;
    test_ids("K7-20 OUT-02");
    expect_version(NULL, EXEC_V1BETA1, false);
    expect_version("", EXEC_V1BETA1, false);
    expect_version("{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
                   "\",\"spec\":{\"interactive\":false}}\n",
                   EXEC_V1, true);
    expect_version("{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1BETA1 "\",\"spec\":{}}", EXEC_V1BETA1,
                   true);
    expect_version("{\"kind\":\"ExecCredential\",\"apiVersion\":\"\"}", EXEC_V1BETA1, true);
    expect_version("{\"kind\":\"ExecCredential\",\"apiVersion\":null,\"spec\":null}", EXEC_V1BETA1, true);
    expect_version("{}", EXEC_V1BETA1, true);
}

static void expect_refused(const char *text)
{
    cleanup_exec_request struct exec_request request = {0};
    struct error err = {0};
    if (exec_request_parse(text, &request, &err))
        fail_msg("'%s' was accepted", text);
    assert_int_equal(err.code, ERROR_EXEC_INFO);
    assert_false(request.present);
}

static void test_bad_input(void **state)
{
    static const char *const texts[] = {
        "x",
        "[]",
        "null",
        " ",
        "{",
        "{}x",
        "{\"kind\":\"Pod\"}",
        "{\"kind\":1}",
        "{\"apiVersion\":1}",
        "{\"kind\":\"ExecCredential\",\"kind\":\"ExecCredential\"}",
        "{\"spec\":1}",
        "{\"spec\":[]}",
        "{\"spec\":{\"interactive\":\"yes\"}}",
        "{\"spec\":{\"interactive\":1}}",
        "{\"spec\":{\"cluster\":\"x\"}}",
    };
    (void)state;
    test_ids("K7-23");
    for (size_t i = 0; i < array_length(texts); i++)
        expect_refused(texts[i]);
}

static void test_unsupported_versions(void **state)
{
    static const char *const versions[] = {
        "client.authentication.k8s.io/v1alpha1", "client.authentication.k8s.io/v2", "v1",
        "client.authentication.k8s.io/V1", "client.authentication.k8s.io/v1 "};
    (void)state;
    test_ids("K7-23 OUT-02");
    for (size_t i = 0; i < array_length(versions); i++) {
        cleanup_exec_request struct exec_request request = {0};
        cleanup_string char *text = memory_format("{\"apiVersion\":\"%s\"}", versions[i]);
        struct error err = {0};
        assert_false(exec_request_parse(text, &request, &err));
        assert_int_equal(err.code, ERROR_EXEC_INFO);
        assert_true(strncmp(err.message, "unknown apiVersion", 18) == 0);
        assert_non_null(strstr(err.message, versions[i]));
        assert_non_null(strstr(err.hint, V1));
    }
}

static void test_size_limit(void **state)
{
    enum { LIMIT = 1024 * 1024 };
    char *text = memory_allocate(LIMIT + 2);
    cleanup_exec_request struct exec_request request = {0};
    struct error err = {0};
    (void)state;
    memset(text, ' ', LIMIT + 1);
    text[0] = '{';
    text[LIMIT - 1] = '}';
    text[LIMIT] = '\0';
    assert_true(exec_request_parse(text, &request, &err));
    text[LIMIT] = ' ';
    assert_false(exec_request_parse(text, &request, &err));
    assert_int_equal(err.code, ERROR_EXEC_INFO);
    free(text);
}

static void test_interactive_and_server(void **state)
{
    cleanup_exec_request struct exec_request asked = {0}, quiet = {0};
    struct error err = {0};
    (void)state;
    test_ids("OUT-02");
    assert_true(exec_request_parse(
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"spec\":{\"cluster\":{\"server\":"
        "\"https://localhost:17443\",\"certificate-authority-data\":\"LS0\",\"config\":{\"a\":1}},"
        "\"interactive\":true}}",
        &asked, &err));
    assert_true(asked.interactive);
    assert_string_equal(asked.server, "https://localhost:17443");
    assert_true(
        exec_request_parse("{\"spec\":{\"interactive\":false,\"cluster\":{\"server\":1}}}", &quiet, &err));
    assert_false(quiet.interactive);
    assert_null(quiet.server);
}

/* The variable may hold what nobody should read over a shoulder. */
static void test_input_is_not_echoed(void **state)
{
    cleanup_exec_request struct exec_request request = {0};
    struct error err = {0};
    (void)state;
    assert_false(exec_request_parse("{\"secret\":\"hunter2\",", &request, &err));
    assert_null(strstr(err.message, "hunter2"));
    assert_true(strncmp(err.message, "invalid KUBERNETES_EXEC_INFO", 28) == 0);
}

static void test_exact_output(void **state)
{
    static const struct {
        enum exec_version version;
        const char *token;
        int64_t expires_at;
        const char *json;
    } cases[] = {
        {EXEC_V1, "a.b-c_d~e+f/g=", 1795284000,
         "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
         "\",\"spec\":{\"interactive\":false},\"status\":{"
         "\"expirationTimestamp\":\"2026-11-21T18:00:00Z\",\"token\":\"a.b-c_d~e+f/g=\"}}\n"},
        {EXEC_V1BETA1, "t", 0,
         "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1BETA1
         "\",\"spec\":{\"interactive\":false},\"status\":{"
         "\"expirationTimestamp\":\"1970-01-01T00:00:00Z\",\"token\":\"t\"}}\n"},
    };
    (void)state;
    test_ids("K7-20 K7-21 K7-22 OUT-02 OUT-03");
    for (size_t i = 0; i < array_length(cases); i++) {
        cleanup_buffer struct buffer out = BUFFER_SECRET(4096);
        struct error err = {0};
        assert_true(exec_credential_write(cases[i].version, cases[i].token, cases[i].expires_at, &out, &err));
        assert_string_equal(buffer_text(&out), cases[i].json);
    }
}

static void test_tokens_that_are_refused(void **state)
{
    static const char *const tokens[] = {"",         "a\"b",  "a\\b",  "a\nb", "a\rb", "a b", "a\tb",
                                         "\xc3\xa4", "a\x7f", "a\x01", "a,b",  "a:b",  "a{b", "a%b"};
    (void)state;
    test_ids("OUT-03 T-17");
    for (size_t i = 0; i < array_length(tokens); i++) {
        cleanup_buffer struct buffer out = BUFFER_SECRET(4096);
        struct error err = {0};
        if (exec_credential_write(EXEC_V1, tokens[i], 1, &out, &err))
            fail_msg("'%s' was accepted", tokens[i]);
        assert_int_equal(err.code, ERROR_IDTOKEN_FORMAT);
        assert_int_equal(out.length, 0);
    }
}

static void test_every_byte_of_a_token(void **state)
{
    (void)state;
    test_ids("OUT-03");
    for (int byte = 1; byte < 256; byte++) {
        char token[] = {'a', (char)byte, 'b', '\0'};
        cleanup_buffer struct buffer out = BUFFER_SECRET(4096);
        struct error err = {0};
        bool plain =
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=-", byte) != NULL;
        assert_int_equal(exec_credential_write(EXEC_V1, token, 1, &out, &err), plain);
    }
}

static void test_output_that_does_not_fit(void **state)
{
    cleanup_buffer struct buffer out = BUFFER_SECRET(260);
    struct error err = {0};
    (void)state;
    assert_false(exec_credential_write(EXEC_V1, "aaaaaaaaaa", 1, &out, &err));
    assert_int_equal(err.code, ERROR_TOO_LARGE);
    assert_int_equal(out.length, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_unsupported_versions),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_interactive_and_server),
        cmocka_unit_test(test_input_is_not_echoed),
        cmocka_unit_test(test_exact_output),
        cmocka_unit_test(test_tokens_that_are_refused),
        cmocka_unit_test(test_every_byte_of_a_token),
        cmocka_unit_test(test_output_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
