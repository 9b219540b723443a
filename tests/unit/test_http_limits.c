/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that send too much, too slowly or for ever: each limit of T-12 at its edge and beyond. */
#include <sys/resource.h>

#include "net_fixture.h"

enum { KIB = 1024, DISCOVERY = 256 * KIB, TOKEN = 1024 * KIB, SLACK = 15000 };

static struct server server;

static void assert_size(const struct fixture *fixture, size_t size)
{
    assert_int_equal(fixture->response.body.length, size);
    assert_int_equal(strlen(buffer_text(&fixture->response.body)), size);
}

static void test_body_limits(void **state)
{
    static const char *const kinds[] = {"/body/", "/chunked/", "/until-close/"};
    static const size_t limits[] = {1, 1000, DISCOVERY, TOKEN};
    cleanup_fixture struct fixture fixture = {0};
    char path[64];
    (void)state;
    test_ids("T-12");
    fixture_open(&fixture);
    for (size_t i = 0; i < array_length(kinds) * array_length(limits); i++) {
        struct http_request request = {.limit = limits[i / 3]};
        snprintf(path, sizeof(path), "%s%zu", kinds[i % 3], request.limit);
        assert_true(fixture_get(&fixture, server.plain, path, request));
        assert_size(&fixture, request.limit);
        snprintf(path, sizeof(path), "%s%zu", kinds[i % 3], request.limit + 1);
        assert_false(fixture_get(&fixture, server.plain, path, request));
        assert_code(&fixture.err, ERROR_TOO_LARGE);
        assert_null(fixture.response.body.data);
    }
}

/* A probe wants the beginning and no more. */
static void test_truncated_body(void **state)
{
    static const char *const paths[] = {
        "/body/1000", "/body/1001",  "/chunked/99999", "/until-close/50000000",
        "/endless",   "/body/65536", "/drip/100"};
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    fixture_open(&fixture);
    for (size_t i = 0; i < array_length(paths); i++) {
        size_t limit = i == 6 ? 10 : 1000;
        assert_true(fixture_get(&fixture, server.plain, paths[i],
                                (struct http_request){.limit = limit, .truncate = true}));
        assert_int_equal(fixture.response.status, 200);
        assert_size(&fixture, limit);
    }
    assert_true(fixture_get(&fixture, server.plain, "/body/5",
                            (struct http_request){.limit = 1000, .truncate = true}));
    assert_size(&fixture, 5);
}

static void test_head_limit(void **state)
{
    static const struct {
        const char *path;
        bool good;
    } rows[] = {{"/head/65536", true}, {"/head/65537", false}, {"/head/200000", false},
                {"/heads/0", false},   {"/heads/1", false},    {"/continue", false}};
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    test_ids("T-12");
    fixture_open(&fixture);
    for (size_t i = 0; i < array_length(rows); i++) {
        int64_t start = clock_monotonic();
        assert_int_equal(fixture_get(&fixture, server.plain, rows[i].path, (struct http_request){0}),
                         rows[i].good);
        assert_in_range(clock_monotonic() - start, 0, SLACK);
        if (rows[i].good)
            continue;
        assert_code(&fixture.err, ERROR_TOO_LARGE);
        assert_says(fixture.err.message, "header");
    }
}

static void test_encoding(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    (void)state;
    test_ids("T-12");
    fixture_open(&fixture);
    assert_false(fixture_get(&fixture, server.plain, "/encoded", (struct http_request){0}));
    assert_code(&fixture.err, ERROR_UNSUPPORTED);
}

/* Bombs of every kind end at once and in little memory: the limit is counted while they come. */
static void test_bombs(void **state)
{
    static const char *const paths[] = {"/body/50000000", "/chunked/50000000", "/until-close/50000000",
                                        "/endless",       "/heads/0",          "/heads/1",
                                        "/continue"};
    cleanup_fixture struct fixture fixture = {0};
    struct rusage usage;
    (void)state;
    test_ids("T-12");
    fixture_open(&fixture);
    for (size_t i = 0; i < array_length(paths); i++) {
        int64_t start = clock_monotonic();
        assert_false(
            fixture_get(&fixture, server.plain, paths[i], (struct http_request){.limit = DISCOVERY}));
        assert_code(&fixture.err, ERROR_TOO_LARGE);
        assert_in_range(clock_monotonic() - start, 0, SLACK);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
#ifndef SANITIZED
    if (getenv("LD_PRELOAD") == NULL)
        assert_in_range(usage.ru_maxrss, 1, 32 * KIB);
#endif
}

struct slow {
    const char *path;
    int port, timeout, least, most; /* seconds, milliseconds */
    const char *says;
    struct fixture fixture;
    struct http_transfer *transfer;
    char url[128];
};

static void slow_open(struct slow *slow, struct loop *loop)
{
    slow->fixture.settings =
        (struct http_settings){.timeout_seconds = slow->timeout, .allow_plain_http = true};
    assert_true(http_open(loop, &slow->fixture.settings, &slow->fixture.http, &slow->fixture.err));
}

static void slow_begin(struct slow *slow)
{
    snprintf(slow->url, sizeof(slow->url), "http://127.0.0.1:%d%s", slow->port, slow->path);
    struct http_request request = {.what = "the page", .url = slow->url, .limit = 2000};
    assert_true(http_start(slow->fixture.http, &request, &slow->transfer, &slow->fixture.err));
}

static void slow_end(struct slow *slow, int64_t start)
{
    assert_false(http_finish(slow->transfer, &slow->fixture.response, &slow->fixture.err));
    if (slow->fixture.err.code != ERROR_TIMEOUT)
        fail_msg("%s: %s", slow->path, slow->fixture.err.message);
    assert_says(slow->fixture.err.message, slow->says);
    assert_says(slow->fixture.err.hint, "--http-timeout-sec");
    if (clock_monotonic() - start < slow->least || clock_monotonic() - start > slow->most)
        fail_msg("%s: %lld ms", slow->path, (long long)(clock_monotonic() - start));
    http_close(slow->fixture.http);
}

/* A socket whose queue is full: the next connection hangs as if the network swallowed it. */
static int open_full_port(int fds[4])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int port;
    fds[0] = server_listen(&port);
    listen(fds[0], 0);
    assert_int_equal(getsockname(fds[0], (struct sockaddr *)&address, &length), 0);
    for (int i = 1; i < 4; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(fds[i], (struct sockaddr *)&address, sizeof(address));
    }
    return port;
}

/* All at once, in the order in which they end: 10 s to connect, 10 s of silence, and the whole request. A
 * longer limit for the whole makes the parts longer, a shorter one does not make them shorter. */
static void test_times(void **state)
{
    int fds[4], full = open_full_port(fds);
    struct slow rows[] = {{"/after/60000", server.plain, 1, 900, 9000, "", {0}, NULL, ""},
                          {"/", full, 2, 1900, 9500, "", {0}, NULL, ""},
                          {"/drip/40", server.plain, 5, 4900, 9500, "5", {0}, NULL, ""},
                          {"/after/60000", server.plain, 9, 8900, 20000, "9", {0}, NULL, ""},
                          {"/drip/10", server.plain, 30, 9900, 25000, "slow", {0}, NULL, ""},
                          {"/after/60000", server.plain, 30, 9900, 25000, "slow", {0}, NULL, ""},
                          {"/", full, 30, 9900, 25000, "", {0}, NULL, ""},
                          {"/", full, 36, 11900, 30000, "", {0}, NULL, ""},
                          {"/after/60000", server.plain, 36, 11900, 30000, "slow", {0}, NULL, ""}};
    struct loop *loop = NULL;
    struct error err = {0};
    (void)state;
    test_ids("T-12 K7-74");
    assert_true(loop_open(&loop, &err));
    int64_t start = clock_monotonic();
    for (size_t i = 0; i < array_length(rows); i++) {
        slow_open(&rows[i], loop);
        slow_begin(&rows[i]);
    }
    for (size_t i = 0; i < array_length(rows); i++)
        slow_end(&rows[i], start);
    loop_close(loop);
    for (size_t i = 0; i < array_length(fds); i++)
        close(fds[i]);
}

/* A connection that is worth no waiting: little time to stand, no second try. */
static void test_hurry(void **state)
{
    static const struct {
        int timeout, least, most;
    } rows[] = {{30, 1900, 4000}, {5, 1900, 4000}, {1, 900, 9000}, {45, 2900, 5000}};
    int fds[4], full = open_full_port(fds);
    (void)state;
    test_ids("T-12");
    for (size_t i = 0; i <= array_length(rows); i++) {
        size_t row = i % array_length(rows);
        struct slow slow = {.path = "/", .port = full, .timeout = rows[row].timeout};
        struct loop *loop = NULL;
        int64_t start = clock_monotonic();
        if (i == array_length(rows)) /* refused */
            close(server_listen(&slow.port));
        assert_true(loop_open(&loop, &slow.fixture.err));
        slow_open(&slow, loop);
        http_set_patience(slow.fixture.http, false);
        slow_begin(&slow);
        assert_false(http_finish(slow.transfer, &slow.fixture.response, &slow.fixture.err));
        assert_in_range(clock_monotonic() - start, i < array_length(rows) ? rows[row].least : 0,
                        i < array_length(rows) ? rows[row].most : 1000);
        http_close(slow.fixture.http);
        loop_close(loop);
    }
    for (size_t i = 0; i < array_length(fds); i++)
        close(fds[i]);
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
        cmocka_unit_test(test_body_limits), cmocka_unit_test(test_truncated_body),
        cmocka_unit_test(test_head_limit),  cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_bombs),       cmocka_unit_test(test_times),
        cmocka_unit_test(test_hurry),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
