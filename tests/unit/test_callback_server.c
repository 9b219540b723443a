/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/callback_server: what it answers, what it lets wait, how it ends. */
#include "callback_client.h"

#include <dirent.h>

static void open_request(struct client *client, const struct bench *bench, const char *target)
{
    cleanup_string char *request = client_request(target, bench->port);
    client_open(client, bench->loop, "127.0.0.1", bench->port);
    client_send(client, request, strlen(request));
}

/* Lets the loop run until the handler was asked so many times. */
static void run_until_asked(struct bench *bench, int count)
{
    for (int i = 0; i < CLIENT_WAIT / 10 && bench->asked < count; i++)
        client_pause(bench->loop, 10);
    assert_int_equal(bench->asked, count);
}

static void expect_security_headers(const struct client *client)
{
    assert_true(client_has_header(client, "Content-Security-Policy",
                                  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                                  "form-action 'none'; frame-ancestors 'none'"));
    assert_true(client_has_header(client, "X-Content-Type-Options", "nosniff"));
    assert_true(client_has_header(client, "Referrer-Policy", "no-referrer"));
    assert_true(client_has_header(client, "Cache-Control", "no-store"));
    assert_true(client_has_header(client, "Connection", "close"));
    assert_null(strstr(buffer_text(&client->answer), "Access-Control-"));
    assert_null(strstr(buffer_text(&client->answer), "Set-Cookie"));
}

static void test_answers(void **state)
{
    struct bench bench;
    (void)state;
    test_ids("CB-12 CB-13 K7-56");
    static const struct {
        const char *target, *location, *body;
        int status;
    } cases[] = {
        {"/page", NULL, "<p>page</p>", 200},
        {"/start", "https://issuer.example/authorize?a=b", "", 302},
        {"/callback?code=<script>&state=<script>", "/done", "", 303},
        {"/favicon.ico", NULL, "", 404},
        {"/method", NULL, "", 405},
        {"/?<script>alert(1)</script>", NULL, "", 404},
    };
    bench_open(&bench);
    for (size_t i = 0; i < array_length(cases); i++) {
        struct client client;
        open_request(&client, &bench, cases[i].target);
        client_run(bench.loop, &client.is_closed);
        assert_int_equal(client_status(&client), cases[i].status);
        assert_string_equal(bench.last, cases[i].target);
        expect_security_headers(&client);
        assert_int_equal(client_has_header(&client, "Location", NULL), cases[i].location != NULL);
        assert_int_equal(client_has_header(&client, "Allow", "GET"), cases[i].status == 405);
        if (cases[i].location != NULL)
            assert_true(client_has_header(&client, "Location", cases[i].location));
        assert_string_equal(strstr(buffer_text(&client.answer), "\r\n\r\n") + 4, cases[i].body);
        assert_null(strstr(buffer_text(&client.answer), "<script"));
        client_close(&client);
    }
    bench_close(&bench);
}

/* Nothing of this reaches the handler or ends the wait. */
static void test_refuses_without_asking(void **state)
{
    struct bench bench;
    (void)state;
    test_ids("CB-05 CB-06 T-07");
    bench_open(&bench);
    static const char *const methods[] = {"HEAD", "POST", "PUT", "TRACE", "DELETE", "OPTIONS", "PATCH", "X"};
    for (size_t i = 0; i < array_length(methods); i++) {
        struct client client;
        cleanup_string char *request =
            memory_format("%s /page HTTP/1.1\r\nHost: localhost:%d\r\nContent-Length: 4\r\n\r\nabcd",
                          methods[i], bench.port);
        client_open(&client, bench.loop, i % 2 == 0 ? "127.0.0.1" : "::1", bench.port);
        client_send(&client, request, strlen(request));
        client_run(bench.loop, &client.is_closed);
        assert_int_equal(client_status(&client), 405);
        assert_true(client_has_header(&client, "Allow", "GET"));
        expect_security_headers(&client);
        client_close(&client);
    }
    static const struct {
        const char *format;
        int status;
    } heads[] = {
        {"GET /page HTTP/1.1\r\n\r\n", 400},
        {"GET /page HTTP/1.1\r\nHost: evil:%d\r\n\r\n", 421},
        {"GET /page HTTP/1.1\r\nHost: localhost.:%d\r\n\r\n", 421},
        {"GET /page HTTP/1.1\r\nHost: localhost:%d\r\nHost: evil\r\n\r\n", 400},
        {"GET http://localhost:%d/page HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        {"GET /page%%00 HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", 400},
        {"GET /page HTTP/1.1\nHost: localhost:%d\n\n", 400},
        {"GET /page\x01 HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", 400},
        {"\x16\x03\x01 hello", 400},
    };
    for (size_t i = 0; i < array_length(heads); i++) {
        char request[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(request, sizeof request, heads[i].format, bench.port);
#pragma GCC diagnostic pop
        assert_int_equal(client_exchange(bench.loop, bench.port, request, strlen(request)), heads[i].status);
    }
    assert_int_equal(bench.asked, 0);
    assert_int_equal(client_get(bench.loop, bench.port, "/page"), 200);
    assert_int_equal(bench.asked, 1);
    bench_close(&bench);
}

static void test_raw_nul_and_long_target(void **state)
{
    struct bench bench;
    (void)state;
    test_ids("T-06");
    bench_open(&bench);
    static const char nul[] = "GET /callback?state=good\0bad HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(client_exchange(bench.loop, bench.port, nul, sizeof nul - 1), 400);
    char target[9 * 1024];
    memset(target, 'a', sizeof target);
    target[0] = '/';
    target[sizeof target - 1] = '\0';
    assert_int_equal(client_get(bench.loop, bench.port, target), 414);
    target[8192] = '\0';
    assert_int_equal(client_get(bench.loop, bench.port, target), 404);
    assert_int_equal(bench.asked, 1);
    bench_close(&bench);
}

/* A head of nearly 16 KiB (cookies of other services on localhost) is taken; only the first of several
 * requests is. */
static void test_large_head_and_pipeline(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    cleanup_buffer struct buffer request = BUFFER(65536);
    buffer_add_format(&request, "GET /page HTTP/1.1\r\nHost: [::1]:%d\r\n", bench.port);
    while (request.length < 15 * 1024)
        buffer_add(
            &request,
            "Cookie: session=0123456789012345678901234567890123456789012345678901234567890123456789\r\n");
    buffer_add(&request, "\r\n");
    assert_int_equal(client_exchange(bench.loop, bench.port, request.data, request.length), 200);
    cleanup_string char *one = client_request("/page", bench.port);
    cleanup_string char *two = memory_format("%s%s", one, one);
    assert_int_equal(client_exchange(bench.loop, bench.port, two, strlen(two)), 200);
    assert_int_equal(bench.asked, 2);
    bench_close(&bench);
}

static void test_extra_host(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    static const char request[] = "GET /page HTTP/1.1\r\nHost: redirect.example:9000\r\n\r\n";
    assert_int_equal(client_exchange(bench.loop, bench.port, request, sizeof request - 1), 200);
    bench_close(&bench);
}

static void test_waits_for_the_outcome(void **state)
{
    struct bench bench;
    struct client first, second;
    (void)state;
    test_ids("CB-13");
    bench_open(&bench);
    open_request(&first, &bench, "/done");
    open_request(&second, &bench, "/done");
    run_until_asked(&bench, 2);
    assert_false(first.is_closed);
    char body[] = "<p>outcome</p>";
    callback_server_release(bench.server, &(struct callback_answer){.status = 200, .body = body});
    memset(body, 'x', sizeof body - 1);
    client_run(bench.loop, &first.is_closed);
    client_run(bench.loop, &second.is_closed);
    assert_int_equal(client_status(&first), 200);
    assert_non_null(strstr(buffer_text(&first.answer), "<p>outcome</p>"));
    assert_non_null(strstr(buffer_text(&second.answer), "<p>outcome</p>"));
    expect_security_headers(&first);
    client_close(&first);
    client_close(&second);
    /* a later one needs not wait; the others are the handler's as before */
    assert_int_equal(client_get(bench.loop, bench.port, "/done"), 200);
    assert_int_equal(client_get(bench.loop, bench.port, "/nothing"), 404);
    bench_close(&bench);
}

/* The person is not kept waiting until something else happens. */
static void test_answers_at_once(void **state)
{
    int64_t best = INT64_MAX;
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct bench bench;
        struct client client;
        bench_open(&bench);
        open_request(&client, &bench, "/done");
        run_until_asked(&bench, 1);
        int64_t start = clock_monotonic();
        callback_server_release(bench.server, &(struct callback_answer){.status = 200, .body = "outcome"});
        client_run(bench.loop, &client.is_closed);
        best = clock_monotonic() - start < best ? clock_monotonic() - start : best;
        client_close(&client);
        bench_close(&bench);
    }
    assert_true(best < 100);
}

static void test_eight_may_wait(void **state)
{
    struct bench bench;
    struct client clients[8];
    (void)state;
    bench_open(&bench);
    for (size_t i = 0; i < array_length(clients); i++)
        open_request(&clients[i], &bench, "/done");
    run_until_asked(&bench, 8);
    assert_int_equal(client_get(bench.loop, bench.port, "/done"), 503);
    /* a browser that gave up makes room for another */
    client_close(&clients[0]);
    client_pause(bench.loop, 600);
    struct client another;
    open_request(&another, &bench, "/done");
    run_until_asked(&bench, 10);
    client_pause(bench.loop, 50);
    assert_false(another.is_closed);
    callback_server_release(bench.server, &(struct callback_answer){.status = 200, .body = "x"});
    client_run(bench.loop, &another.is_closed);
    assert_int_equal(client_status(&another), 200);
    client_close(&another);
    for (size_t i = 1; i < array_length(clients); i++) {
        client_run(bench.loop, &clients[i].is_closed);
        assert_int_equal(client_status(&clients[i]), 200);
        client_close(&clients[i]);
    }
    bench_close(&bench);
}

static void test_drain(void **state)
{
    struct bench bench;
    struct client client;
    (void)state;
    bench_open(&bench);
    int64_t start = clock_monotonic();
    callback_server_drain(bench.server, 2000); /* nothing to wait for */
    assert_true(clock_monotonic() - start < 1900);
    open_request(&client, &bench, "/done");
    run_until_asked(&bench, 1);
    /* much more than the sockets hold: it is flushed only when the client has read nearly all */
    const size_t size = 12 * 1024 * 1024;
    cleanup_string char *body = memory_allocate(size + 1);
    memset(body, 'x', size);
    callback_server_release(bench.server, &(struct callback_answer){.status = 200, .body = body});
    callback_server_drain(bench.server, 5000);
    callback_server_close(bench.server);
    client_run(bench.loop, &client.is_closed);
    assert_true(client.answer.length > size);
    client_close(&client);
    loop_close(bench.loop);
}

/* A browser that was sent to /done is waited for, but not for ever; a preconnect without bytes is not. */
static void test_drain_waits_for_the_promised(void **state)
{
    struct bench bench;
    struct client client, silent;
    (void)state;
    test_ids("CB-13 T-07");
    bench_open(&bench);
    client_open(&silent, bench.loop, "127.0.0.1", bench.port);
    assert_int_equal(client_get(bench.loop, bench.port, "/callback?code=a"), 303);
    callback_server_release(bench.server, &(struct callback_answer){.status = 200, .body = "outcome"});
    int64_t start = clock_monotonic();
    callback_server_drain(bench.server, 300);
    assert_true(clock_monotonic() - start >= 300 && clock_monotonic() - start < 9500);
    open_request(&client, &bench, "/done");
    start = clock_monotonic();
    callback_server_drain(bench.server, 5000);
    assert_true(clock_monotonic() - start < 4500);
    client_run(bench.loop, &client.is_closed);
    assert_int_equal(client_status(&client), 200);
    client_close(&client);
    client_close(&silent);
    bench_close(&bench);
}

static void test_port_is_free_after_close(void **state)
{
    struct bench bench;
    struct client client, silent;
    (void)state;
    test_ids("CB-03 T-07");
    bench_open(&bench);
    assert_int_equal(client_get(bench.loop, bench.port, "/page"), 200);
    open_request(&client, &bench, "/done"); /* waits, and must not stop the end */
    client_open(&silent, bench.loop, "::1", bench.port);
    run_until_asked(&bench, 2);
    int64_t start = clock_monotonic();
    callback_server_close(bench.server);
    assert_true(clock_monotonic() - start < 4500);
    assert_int_equal(client_connect("127.0.0.1", bench.port), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(client_connect("::1", bench.port), -1);
    client_run(bench.loop, &client.is_closed);
    client_close(&client);
    client_close(&silent);
    /* connections in TIME_WAIT do not keep the next login from the port */
    struct error err = {0};
    cleanup_text_list struct text_list addresses = {0};
    cleanup_string char *address = memory_format("127.0.0.1:%d", bench.port);
    text_list_add(&addresses, address);
    const struct callback_server_settings settings = {.addresses = &addresses, .handler = bench_handler};
    assert_true(callback_server_open(bench.loop, &settings, &bench.server, &err));
    bench_close(&bench);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static void test_nothing_is_left(void **state)
{
    size_t before = 0;
    (void)state;
    test_ids("T-40");
    for (int i = 0; i < 100; i++) {
        struct bench bench;
        struct client client, silent;
        bench_open(&bench);
        open_request(&client, &bench, "/done");
        client_open(&silent, bench.loop, "::1", bench.port);
        assert_int_equal(client_get(bench.loop, bench.port, "/page"), 200);
        if (i % 2 == 0)
            callback_server_release(bench.server, &(struct callback_answer){.status = 200, .body = "x"});
        client_close(&client);
        client_close(&silent);
        bench_close(&bench);
        before = i == 0 ? count_descriptors() : before;
        assert_int_equal(count_descriptors(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_refuses_without_asking),
        cmocka_unit_test(test_raw_nul_and_long_target),
        cmocka_unit_test(test_large_head_and_pipeline),
        cmocka_unit_test(test_extra_host),
        cmocka_unit_test(test_waits_for_the_outcome),
        cmocka_unit_test(test_answers_at_once),
        cmocka_unit_test(test_eight_may_wait),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_drain_waits_for_the_promised),
        cmocka_unit_test(test_port_is_free_after_close),
        cmocka_unit_test(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
