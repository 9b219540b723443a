/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/callback_server with TLS: the same rules behind a certificate. */
#include "callback_client.h"

#include "net/http.h"

/* A throw-away key for localhost, made for this test. */
static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                  "MIIBrjCCAVSgAwIBAgIUZNFeWbp0yD1vYW2rG9lFPQtOzb0wCgYIKoZIzj0EAwIw\n"
                                  "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTIzMDIxOFoYDzIxMjYxMDI4\n"
                                  "MjMwMjE4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                                  "PQMBBwNCAAReP8J+THLPfL/Cb6C38jUS1JrGNS4rbqJlWZtRKlC1y5sP6liV0i+M\n"
                                  "yI7E21pbi9pxZihqPgC/wUnn2ZxzumIZo4GBMH8wHQYDVR0OBBYEFDQFvzcjtRes\n"
                                  "pjBukgV8vk2pmfACMB8GA1UdIwQYMBaAFDQFvzcjtRespjBukgV8vk2pmfACMA8G\n"
                                  "A1UdEwEB/wQFMAMBAf8wLAYDVR0RBCUwI4IJbG9jYWxob3N0hwR/AAABhxAAAAAA\n"
                                  "AAAAAAAAAAAAAAABMAoGCCqGSM49BAMCA0gAMEUCIBeC9ZIRaL4H6Yx+ZBK8On1T\n"
                                  "UQ51dm6K6EiyHcGvgcIhAiEA4nf6nzEbKhHfKmU+1ctd7AU0Ul2i/WTp9As3yQ4g\n"
                                  "xB4=\n"
                                  "-----END CERTIFICATE-----\n";
#define KEY_BEGIN "-----BEGIN PRIVATE KEY-----\n"
#define KEY_END "-----END PRIVATE KEY-----\n"
static const char key[] = KEY_BEGIN "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdm46G1Uy3d6qzEpO\n"
                                    "iWfgE3d/OXn4BCXtJUlpiA5TcomhRANCAAReP8J+THLPfL/Cb6C38jUS1JrGNS4r\n"
                                    "bqJlWZtRKlC1y5sP6liV0i+MyI7E21pbi9pxZihqPgC/wUnn2ZxzumIZ\n" KEY_END;
static const char other_key[] =
    KEY_BEGIN "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9oHlEfeld8xFPJXu\n"
              "5qRQAnXXBax5/1ebJxcg1X1gCGKhRANCAARJHYaHn2gSNdEt+nCVCnAhl1pgSy4y\n"
              "B87cltrntox166JXpTiIk1Groi7e/tb8xaQdmMvPpK1p3DwxRlm0hibp\n" KEY_END;

static void test_encrypted(void **state)
{
    struct bench bench;
    struct error err = {0};
    (void)state;
    test_ids("K7-47");
    bench_open_with(&bench, certificate, key);
    cleanup_http struct http *http = NULL;
    const struct http_settings settings = {.insecure_skip_tls_verify = true, .timeout_seconds = 10};
    assert_true(http_open(bench.loop, &settings, &http, &err));
    static const struct {
        const char *path;
        long status;
    } cases[] = {{"localhost:%d/page", 200},
                 {"127.0.0.1:%d/page", 200},
                 {"localhost:%d/callback?code=a%%00b", 400},
                 {"localhost:%d/callback?code=a", 303}};
    for (size_t i = 0; i < array_length(cases); i++) {
        char url[128];
        size_t length = (size_t)snprintf(url, sizeof url, "https://");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(url + length, sizeof url - length, cases[i].path, bench.port);
#pragma GCC diagnostic pop
        cleanup_http_response struct http_response response = {0};
        const struct http_request request = {
            .what = "the page", .url = url, .accept = "*/*", .limit = 4096, .keep_redirects = true};
        if (!http_perform(http, &request, &response, &err))
            fail_msg("%s: %s", url, err.message);
        assert_int_equal(response.status, cases[i].status);
    }
    /* plain http at an https port is no request */
    int asked = bench.asked;
    assert_int_equal(client_get(bench.loop, bench.port, "/page"), 0);
    assert_int_equal(bench.asked, asked);
    http_close(steal(http));
    bench_close(&bench);
}

static void test_bad_certificates(void **state)
{
    (void)state;
    test_ids("K7-47");
    static const struct {
        const char *certificate, *key;
    } cases[] = {{certificate, NULL}, {NULL, key}, {certificate, other_key}, {"x", key}, {certificate, ""}};
    cleanup_loop struct loop *loop = NULL;
    struct error err = {0};
    cleanup_text_list struct text_list addresses = {0};
    text_list_add(&addresses, "127.0.0.1:0");
    assert_true(loop_open(&loop, &err));
    for (size_t i = 0; i < array_length(cases); i++) {
        const struct callback_server_settings settings = {.addresses = &addresses,
                                                          .certificate = cases[i].certificate,
                                                          .key = cases[i].key,
                                                          .handler = bench_handler};
        struct callback_server *server = NULL;
        assert_false(callback_server_open(loop, &settings, &server, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        assert_null(server);
    }
}

static void test_version(void **state)
{
    const char *version = NULL;
    struct error err = {0};
    (void)state;
    assert_true(callback_server_library_version(&version, &err));
    assert_true(version != NULL && version[0] != '\0');
    callback_server_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_bad_certificates),
        cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
