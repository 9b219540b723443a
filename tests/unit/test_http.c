/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to a server on loopback: what is sent, what never twice or elsewhere, what an answer is. */
#include <dirent.h>
#include <fcntl.h>

#include "base/log.h"
#include "net_fixture.h"

static struct server server;

static void test_answer(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    struct http_response *response = &fixture.response;
    (void)state;
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/ok?x=1", (struct http_request){0}));
    assert_int_equal(response->status, 200);
    assert_string_equal(buffer_text(&response->body), "{}");
    assert_true(response->body.secret);
    assert_string_equal(response->content_type, "application/json");
    assert_string_equal(response->retry_after, "7");
    assert_string_equal(response->request_id, "0123abcd");
    assert_string_equal(response->allow, "GET, HEAD");
    assert_null(response->location);
    assert_int_equal(response->date, 1795284000);
    assert_true(response->sent);
    assert_true(fixture_get(&fixture, server.plain, "/status/503", (struct http_request){0}));
    assert_int_equal(response->status, 503);
    assert_null(response->content_type);
    assert_int_equal(response->date, 0);
    assert_true(fixture_get(&fixture, server.plain, "/trailer", (struct http_request){0}));
    assert_null(response->location);
}

static void test_get_on_the_wire(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    cleanup_text_map struct text_map headers = {0};
    const char *head;
    (void)state;
    test_ids("K7-71");
    text_map_set(&headers, "X-Team", "platform");
    text_map_set(&headers, "X-Empty", "");
    fixture.settings = (struct http_settings){.headers = &headers, .user_agent = "latchkey/9.9"};
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/echo?a=b%20c", (struct http_request){0}));
    head = buffer_text(&fixture.response.body);
    assert_int_equal(strncmp(head, "GET /echo?a=b%20c HTTP/1.1\r\n", 28), 0);
    assert_says(head, "\r\nUser-Agent: latchkey/9.9\r\n");
    assert_says(head, "\r\nAccept: application/json\r\n");
    assert_says(head, "\r\nX-Team: platform\r\n");
    assert_says(head, "\r\nX-Empty:\r\n");
    assert_silent(head, "Accept-Encoding");
    assert_silent(head, "Authorization");
    assert_silent(head, "Cookie");
    assert_silent(head, "Expect");
    assert_true(fixture_get(&fixture, server.plain, "/echo", (struct http_request){.accept = "text/html"}));
    assert_says(buffer_text(&fixture.response.body), "\r\nAccept: text/html\r\n");
    assert_says(buffer_text(&fixture.response.body), "\r\nX-Team: platform\r\n");
}

static void test_own_accept_header(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    cleanup_text_map struct text_map headers = {0};
    (void)state;
    text_map_set(&headers, "accept", "*/*");
    fixture.settings.headers = &headers;
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/echo", (struct http_request){0}));
    assert_says(buffer_text(&fixture.response.body), "\r\naccept: */*\r\n");
    assert_silent(buffer_text(&fixture.response.body), "application/json");
}

/* A password is sent to the endpoint that it is for, and is not remembered for the next request. */
static void test_post_on_the_wire(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    struct http_request request = {
        .form = "grant_type=x&code=1%2B", .basic_user = "a%3Ab", .basic_password = "p%3Aw"};
    const char *head;
    (void)state;
    test_ids("TOK-10");
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/echo", request));
    head = buffer_text(&fixture.response.body);
    assert_int_equal(strncmp(head, "POST /echo HTTP/1.1\r\n", 21), 0);
    assert_says(head, "\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    assert_says(head, "\r\nAuthorization: Basic YSUzQWI6cCUzQXc=\r\n");
    assert_says(head, "\r\nContent-Length: 22\r\n");
    assert_says(head, "\r\n\r\ngrant_type=x&code=1%2B");
    assert_true(fixture_get(&fixture, server.plain, "/echo", (struct http_request){.bearer = "abc.def"}));
    head = buffer_text(&fixture.response.body);
    assert_int_equal(strncmp(head, "GET ", 4), 0);
    assert_says(head, "\r\nAuthorization: Bearer abc.def\r\n");
    assert_silent(head, "Basic");
    assert_true(fixture_get(&fixture, server.plain, "/echo", (struct http_request){0}));
    assert_silent(buffer_text(&fixture.response.body), "Authorization");
    assert_true(fixture_get(&fixture, server.plain, "/echo", (struct http_request){.form = ""}));
    assert_says(buffer_text(&fixture.response.body), "\r\nContent-Length: 0\r\n");
}

static void test_refused_headers(void **state)
{
    static const char *const bad[][2] = {{"X-A", "a\r\nX-B: b"},
                                         {"X-A", "a\nb"},
                                         {"X-A", "a\x7f"},
                                         {"X-A", "a\x1b[2J"},
                                         {"X A", "b"},
                                         {"X-A:", "b"},
                                         {"X\r\nX-B", "b"},
                                         {"", "b"},
                                         {"X\xc3\xa4", "b"},
                                         {"Host", "evil"},
                                         {"content-length", "0"},
                                         {"Transfer-Encoding", "chunked"},
                                         {"Expect", "x"},
                                         {"Accept-Encoding", "gzip"}};
    (void)state;
    test_ids("T-18");
    for (size_t i = 0; i < array_length(bad); i++) {
        cleanup_text_map struct text_map headers = {0};
        struct http_settings settings = {.headers = &headers};
        struct http *http = NULL;
        struct error err = {0};
        text_map_set(&headers, bad[i][0], bad[i][1]);
        assert_false(http_open(NULL, &settings, &http, &err));
        assert_code(&err, ERROR_CONFIG);
        assert_silent(err.message, "\n");
        assert_null(http);
    }
    struct http_settings settings = {.user_agent = "a\r\nX-B: b"};
    struct http *http = NULL;
    struct error err = {0};
    assert_false(http_open(NULL, &settings, &http, &err));
    assert_code(&err, ERROR_CONFIG);
}

static void test_refused_requests(void **state)
{
    static const struct {
        const char *url;
        enum error_code code;
    } bad[] = {{"http://127.0.0.1:1/a\r\nX: y", ERROR_CONFIG},
               {"http://127.0.0.1:1/a b", ERROR_CONFIG},
               {"http://127.0.0.1:1/\x01", ERROR_CONFIG},
               {"http://me:secret-code@127.0.0.1:1/", ERROR_ENDPOINT_URL},
               {"https://me@ak.example/?secret-code", ERROR_ENDPOINT_URL},
               {"http://ak.example/?secret-code", ERROR_ENDPOINT_URL},
               {"http://127.0.0.1.ak.example/", ERROR_ENDPOINT_URL},
               {"http://127.0.0.2:1/", ERROR_ENDPOINT_URL},
               {"file:///etc/passwd", ERROR_ENDPOINT_URL},
               {"ftp://127.0.0.1/", ERROR_ENDPOINT_URL},
               {"scp://127.0.0.1/", ERROR_ENDPOINT_URL},
               {"javascript:alert(1)", ERROR_ENDPOINT_URL},
               {"", ERROR_ENDPOINT_URL},
               {"https://", ERROR_ENDPOINT_URL},
               {"https://[::1/", ERROR_ENDPOINT_URL}};
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    test_ids("T-11 T-18");
    fixture_open(&fixture);
    for (size_t i = 0; i < array_length(bad); i++) {
        struct http_request request = {.what = "the page", .url = bad[i].url, .limit = 10};
        fixture.response.sent = true;
        assert_false(http_perform(fixture.http, &request, &fixture.response, &fixture.err));
        assert_code(&fixture.err, bad[i].code);
        assert_says(fixture.err.message, "cannot fetch the page");
        assert_silent(fixture.err.message, "secret-code");
        assert_false(fixture.response.sent);
    }
    struct http_request user = {.basic_user = "a\r\nb"}, bearer = {.bearer = "a\r\nb"},
                        accept = {.accept = "a\nb"};
    assert_false(fixture_get(&fixture, server.plain, "/ok", user));
    assert_code(&fixture.err, ERROR_CONFIG);
    assert_false(fixture_get(&fixture, server.plain, "/ok", bearer));
    assert_code(&fixture.err, ERROR_CONFIG);
    assert_false(fixture_get(&fixture, server.plain, "/ok", accept));
    assert_code(&fixture.err, ERROR_CONFIG);
    assert_false(fixture.response.sent);
}

static void test_plain_http_needs_leave(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    struct http_settings settings = {0};
    struct http *strict = NULL, *allowing;
    (void)state;
    fixture_open(&fixture);
    assert_true(http_open(fixture.loop, &settings, &strict, &fixture.err));
    allowing = fixture.http;
    fixture.http = strict;
    assert_false(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
    assert_code(&fixture.err, ERROR_ENDPOINT_URL);
    http_close(allowing);
}

static void test_redirects(void **state)
{
    static const int statuses[] = {300, 301, 302, 303, 307, 308};
    cleanup_fixture struct fixture fixture = {0};
    char path[32], target[32];
    (void)state;
    test_ids("TOK-09 TOK-10");
    fixture_open(&fixture);
    snprintf(target, sizeof(target), "'localhost:%d'", server.canary);
    for (size_t i = 0; i < 2 * array_length(statuses); i++) {
        int status = statuses[i / 2];
        struct http_request request = {.form = i % 2 == 1 ? "code=secret-code" : NULL,
                                       .bearer = "secret-token"};
        unsigned before = server.view->requests;
        snprintf(path, sizeof(path), "/redirect/%d", status);
        assert_false(fixture_get(&fixture, server.plain, path, request));
        assert_code(&fixture.err, ERROR_REDIRECT);
        assert_says(fixture.err.message, target);
        snprintf(path, sizeof(path), "%d", status);
        assert_says(fixture.err.message, path);
        assert_silent(fixture.err.message, "secret");
        assert_int_equal(server.view->requests, before + 1);
    }
    assert_true(
        fixture_get(&fixture, server.plain, "/redirect/302", (struct http_request){.keep_redirects = true}));
    assert_int_equal(fixture.response.status, 302);
    assert_says(fixture.response.location, "/target?code=secret-code");
    assert_false(fixture_get(&fixture, server.plain, "/status/304", (struct http_request){0}));
    assert_code(&fixture.err, ERROR_REDIRECT);
    assert_int_equal(server.view->canary, 0);
}

/* The server reads the request and breaks the connection in one of several ways: one request, an error, no
 * second try. */
static void test_broken_answers(void **state)
{
    static const char *const paths[] = {"/nothing", "/reset", "/part", "/ancient"};
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    test_ids("TOK-08");
    fixture_open(&fixture);
    for (size_t i = 0; i < 3 * array_length(paths); i++) {
        struct http_request request = {.form = i % 3 > 0 ? "code=x" : NULL, .never_retry = i % 3 > 1};
        unsigned before = server.view->requests;
        assert_false(fixture_get(&fixture, server.plain, paths[i / 3], request));
        assert_code(&fixture.err, ERROR_NETWORK);
        assert_true(fixture.response.sent);
        assert_int_equal(server.view->requests, before + 1);
    }
}

/* libcurl repeats by itself what it sent on a reused connection that was closed under it. */
static void test_dying_connection(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    struct http_request refresh = {.form = "refresh_token=x"}, code = {.form = "code=x", .never_retry = true};
    unsigned connections = server.view->connections, requests = server.view->requests;
    (void)state;
    test_ids("TOK-08");
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/first/1", (struct http_request){0}));
    assert_true(fixture_get(&fixture, server.plain, "/first/1", (struct http_request){0}));
    assert_int_equal(server.view->connections, connections + 2);
    assert_int_equal(server.view->requests, requests + 3);
    assert_false(fixture_get(&fixture, server.plain, "/first/1", refresh));
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_true(fixture.response.sent);
    assert_int_equal(server.view->requests, requests + 4);
    assert_true(fixture_get(&fixture, server.plain, "/first/1", (struct http_request){0}));
    assert_true(fixture_get(&fixture, server.plain, "/first/1", code));
    assert_int_equal(server.view->requests, requests + 6);
}

static void test_connection_reuse(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    unsigned connections = server.view->connections;
    (void)state;
    fixture_open(&fixture);
    for (int i = 0; i < 5; i++)
        assert_true(
            fixture_get(&fixture, server.plain, "/ok", (struct http_request){.form = i == 3 ? "a=b" : NULL}));
    assert_int_equal(server.view->connections, connections + 1);
}

/* Nothing of ours may be inherited by a browser. */
static void test_close_on_exec(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    unsigned sockets = 0;
    (void)state;
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
    for (int fd = 3; fd < 64; fd++) {
        struct sockaddr_storage address;
        socklen_t length = sizeof(address);
        if (getpeername(fd, (struct sockaddr *)&address, &length) != 0 || address.ss_family != AF_INET)
            continue;
        sockets++;
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
    assert_int_equal(sockets, 1);
}

/* At level 2 the log tells method, host, path, status, size: never the query, the body or a header. */
static void test_log(void **state)
{
    char text[4096] = "";
    int ends[2], before = dup(STDERR_FILENO);
    (void)state;
    assert_int_equal(pipe(ends), 0);
    {
        cleanup_fixture struct fixture fixture = {0};
        fixture_open(&fixture);
        log_set_level(2);
        dup2(ends[1], STDERR_FILENO);
        bool good = fixture_get(&fixture, server.plain, "/echo?state=secret-state",
                                (struct http_request){.form = "code=secret-code", .bearer = "secret-token"});
        dup2(before, STDERR_FILENO);
        log_set_level(0);
        assert_true(good);
    }
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    assert_says(text, "POST 127.0.0.1:");
    assert_says(text, "/echo: status 200");
    assert_silent(text, "secret");
    close(before);
    close(ends[0]);
    close(ends[1]);
}

/* Plain http goes to this machine only; all but the first four merely look like it. */
static void test_loopback_urls(void **state)
{
    static const char *const urls[] = {
        "http://localhost",      "http://LocalHost:8443/x",  "http://127.0.0.1:80/",
        "http://[::1]:9000/a?b", "http://localhost.example", "http://127.0.0.1.example/",
        "http://127.0.0.2/",     "http://evil/?localhost",   "http://a@localhost/",
        "http://[::2]/",         "http://0.0.0.0/",          "localhost",
        "file://localhost/",     "http://evil#@localhost/",  "https://evil\\@localhost/"};
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    fixture_open(&fixture);
    for (size_t i = 0; i < array_length(urls); i++) {
        struct http_request request = {.what = "the page", .url = urls[i], .limit = 10};
        struct http_transfer *transfer = NULL;
        if (http_start(fixture.http, &request, &transfer, &fixture.err) != (i < 4))
            fail_msg("%s: %s", urls[i], fixture.err.message);
        http_cancel(transfer);
    }
}

static void test_library_version(void **state)
{
    const char *version = NULL;
    struct error err = {0};
    (void)state;
    {
        cleanup_loop struct loop *loop = NULL;
        cleanup_http struct http *http = NULL;
        assert_true(loop_open(&loop, &err));
        assert_true(http_open(loop, &(struct http_settings){0}, &http, &err));
    }
    assert_true(http_library_version(&version, &err));
    assert_says(version, "libcurl/");
}

static int set_up_group(void **state)
{
    (void)state;
    server_start(&server, 0);
    return 0;
}

static int tear_down_group(void **state)
{
    (void)state;
    server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_get_on_the_wire),
        cmocka_unit_test(test_own_accept_header),
        cmocka_unit_test(test_post_on_the_wire),
        cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_plain_http_needs_leave),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_broken_answers),
        cmocka_unit_test(test_dying_connection),
        cmocka_unit_test(test_connection_reuse),
        cmocka_unit_test(test_close_on_exec),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_loopback_urls),
        cmocka_unit_test(test_library_version),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
