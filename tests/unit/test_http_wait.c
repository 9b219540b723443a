/* SPDX-License-Identifier: Apache-2.0 */
/* While a request is on its way the network comes up, a signal comes, other requests run beside it. */
#include <errno.h>
#include <sys/resource.h>

#include "net_fixture.h"

/* A label of more than 63 letters is refused before any resolver is asked. */
#define NO_NAME "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid"

/* An idle machine needs a millisecond. */
enum { AT_ONCE = 4000 };

static struct server server;

struct late {
    int port, fd;
    pid_t pid;
};

/* From a tick: the network comes up. */
static void start_late_server(void *context)
{
    struct late *late = context;
    listen(late->fd, 4);
    late->pid = fork();
    if (late->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        server_handle(server.view, accept(late->fd, NULL, NULL));
    }
    close(late->fd);
}

static void test_network_comes_up(void **state)
{
    (void)state;
    test_ids("TOK-08");
    for (int i = 0; i < 2; i++) {
        cleanup_fixture struct fixture fixture = {0};
        struct http_request request = {.form = "code=x", .never_retry = i == 1};
        struct late late = {0};
        unsigned requests = server.view->requests;
        late.fd = server_bind(&late.port);
        fixture_open(&fixture);
        loop_after(fixture.loop, 1500, start_late_server, &late);
        int64_t start = clock_monotonic();
        assert_true(fixture_get(&fixture, late.port, "/ok", request));
        assert_in_range(clock_monotonic() - start, 1500, 15000);
        assert_int_equal(server.view->requests, requests + 1);
        end_child(late.pid);
    }
}

static void test_network_stays_down(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    int64_t start = clock_monotonic();
    (void)state;
    fixture_open(&fixture);
    assert_false(fixture_get(&fixture, server.closed, "/?secret", (struct http_request){.form = "a"}));
    assert_in_range(clock_monotonic() - start, 4900, 15000);
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_true(error_is_network(&fixture.err));
    assert_says(fixture.err.message, "onnection refused");
    assert_silent(fixture.err.message, "secret");
    assert_false(fixture.response.sent);
}

/* The limit of the whole request holds for the tries together. */
static void test_tries_end_with_the_request(void **state)
{
    cleanup_fixture struct fixture fixture = {.settings = {.timeout_seconds = 1}};
    struct http_request request = {.what = "the page", .url = "https://" NO_NAME "/?secret", .limit = 10};
    int64_t start = clock_monotonic();
    (void)state;
    fixture_open(&fixture);
    assert_false(fixture_get(&fixture, server.closed, "/", (struct http_request){0}));
    assert_in_range(clock_monotonic() - start, 700, 4500);
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_false(http_perform(fixture.http, &request, &fixture.response, &fixture.err));
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_says(fixture.err.message, "resolve");
    assert_silent(fixture.err.message, "secret");
    assert_in_range(clock_monotonic() - start, 1400, 9000);
}

struct raising {
    int number;
    int64_t at;
};

static void raise_now(void *context)
{
    struct raising *raising = context;
    raising->at = clock_monotonic();
    raise(raising->number);
}

static void test_signals(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    (void)state;
    test_ids("T-38 K7-86");
    for (size_t i = 0; i < array_length(signals); i++) {
        cleanup_fixture struct fixture fixture = {0};
        struct raising raising = {.number = signals[i]};
        fixture_open(&fixture);
        loop_after(fixture.loop, 50, raise_now, &raising);
        assert_false(fixture_get(&fixture, server.plain, "/after/5000", (struct http_request){0}));
        assert_in_range(clock_monotonic() - raising.at, 0, AT_ONCE);
        assert_code(&fixture.err, ERROR_INTERRUPTED);
        assert_true(fixture.response.sent);
        /* It is not forgotten by the next request. */
        assert_false(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
        assert_code(&fixture.err, ERROR_INTERRUPTED);
    }
}

/* While a rotated refresh token is on its way one signal waits. */
static void test_held_signal(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    struct raising raising = {.number = SIGINT};
    (void)state;
    test_ids("T-38");
    fixture_open(&fixture);
    loop_hold_signals(fixture.loop, true);
    loop_after(fixture.loop, 50, raise_now, &raising);
    assert_true(fixture_get(&fixture, server.plain, "/after/300", (struct http_request){.form = "a"}));
    assert_true(loop_interrupted(fixture.loop));
    loop_hold_signals(fixture.loop, false);
    assert_false(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
    assert_code(&fixture.err, ERROR_INTERRUPTED);
}

static void test_second_signal(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    struct raising first = {.number = SIGINT}, second = {.number = SIGINT};
    (void)state;
    test_ids("T-38");
    fixture_open(&fixture);
    loop_hold_signals(fixture.loop, true);
    loop_after(fixture.loop, 30, raise_now, &first);
    loop_after(fixture.loop, 90, raise_now, &second);
    assert_false(fixture_get(&fixture, server.plain, "/after/5000", (struct http_request){.form = "a"}));
    assert_code(&fixture.err, ERROR_INTERRUPTED);
    assert_in_range(clock_monotonic() - second.at, 0, AT_ONCE);
}

/* No descriptor is left for a socket: an error that says so, and the client works again afterwards. */
static void test_no_descriptors(void **state)
{
    cleanup_fixture struct fixture fixture = {.settings = {.timeout_seconds = 1}};
    struct rlimit before, none;
    (void)state;
    test_ids("T-42");
    fixture_open(&fixture);
    assert_true(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)dup(STDERR_FILENO);
    close((int)none.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &none);
    bool good = fixture_get(&fixture, server.canary, "/ok", (struct http_request){0});
    setrlimit(RLIMIT_NOFILE, &before);
    assert_false(good);
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_says(fixture.err.message, strerror(EMFILE));
    assert_false(fixture.response.sent);
    assert_true(fixture_get(&fixture, server.plain, "/first/1", (struct http_request){0}));
}

static struct http_transfer *start(struct fixture *fixture, const char *path, char url[128])
{
    struct http_transfer *transfer = NULL;
    snprintf(url, 128, "http://127.0.0.1:%d%s", server.plain, path);
    struct http_request request = {.what = "the other page", .url = url, .limit = 1000};
    assert_true(http_start(fixture->http, &request, &transfer, &fixture->err));
    return transfer;
}

static void test_background(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    char urls[4][128];
    (void)state;
    fixture_open(&fixture);
    struct http_transfer *slow = start(&fixture, "/after/200", urls[0]),
                         *fast = start(&fixture, "/ok", urls[1]);
    struct http_transfer *broken = start(&fixture, "/nothing", urls[2]),
                         *never = start(&fixture, "/after/9000", urls[3]);
    int64_t begin = clock_monotonic();
    for (int i = 0; i < 3; i++)
        assert_true(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
    http_cancel(never);
    http_response_release(&fixture.response);
    assert_true(http_finish(slow, &fixture.response, &fixture.err));
    http_response_release(&fixture.response);
    assert_true(http_finish(fast, &fixture.response, &fixture.err));
    assert_false(http_finish(broken, &fixture.response, &fixture.err));
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_says(fixture.err.message, "the other page");
    assert_in_range(clock_monotonic() - begin, 0, 8500);
    http_cancel(NULL);
}

/* Given up in every phase: right after the start, between two tries, after the end. */
static void test_cancel(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    char url[128];
    bool never = false;
    (void)state;
    fixture_open(&fixture);
    http_cancel(start(&fixture, "/ok", url));
    int plain = server.plain;
    server.plain = server.closed;
    struct http_transfer *waiting = start(&fixture, "/ok", url);
    server.plain = plain;
    assert_int_equal(loop_run(fixture.loop, &never, clock_monotonic() + 150, &fixture.err), LOOP_DEADLINE);
    http_cancel(waiting);
    struct http_transfer *ended = start(&fixture, "/ok", url);
    assert_int_equal(loop_run(fixture.loop, &never, clock_monotonic() + 200, &fixture.err), LOOP_DEADLINE);
    http_cancel(ended);
    assert_true(fixture_get(&fixture, server.plain, "/ok", (struct http_request){0}));
}

struct listener {
    struct loop *loop;
    unsigned answers;
    int fd; /* closed with the second request, when it is to keep the connection of the first */
};

static void answer_self(void *context, int fd, short events)
{
    struct listener *listener = context;
    char request[HEAD_SIZE];
    (void)events;
    assert_true(server_read(fd, request, sizeof(request)));
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nself");
    loop_unwatch(listener->loop, fd);
    close(fd);
    listener->answers++;
}

static void accept_self(void *context, int fd, short events)
{
    struct listener *listener = context;
    (void)events;
    loop_watch(listener->loop, accept(fd, NULL, NULL), POLLIN, answer_self, listener);
}

/* A listener of ours is served while a request waits: here it is the one that answers. */
static void test_own_listener_lives_on(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    int port, fd = server_listen(&port);
    (void)state;
    fixture_open(&fixture);
    struct listener listener = {.loop = fixture.loop};
    loop_watch(fixture.loop, fd, POLLIN, accept_self, &listener);
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(fixture_get(&fixture, port, "/", (struct http_request){0}));
        assert_string_equal(buffer_text(&fixture.response.body), "self");
        assert_int_equal(listener.answers, i);
    }
    loop_unwatch(fixture.loop, fd);
    close(fd);
}

static void answer_once(void *context, int fd, short events)
{
    struct listener *listener = context;
    char request[HEAD_SIZE];
    (void)events;
    assert_true(server_read(fd, request, sizeof(request)));
    if (listener->answers++ == 0) {
        answer_ok(fd, 0, 0, request);
        return;
    }
    loop_unwatch(listener->loop, fd);
    close(fd);
    loop_unwatch(listener->loop, listener->fd);
    close(listener->fd);
}

static void accept_once(void *context, int fd, short events)
{
    struct listener *listener = context;
    (void)events;
    loop_watch(listener->loop, accept(fd, NULL, NULL), POLLIN, answer_once, listener);
}

/* The server takes the second request and is gone: libcurl connects anew by itself and is refused, which
 * looks as if nothing had been sent. */
static void test_no_retry_once_sent(void **state)
{
    cleanup_fixture struct fixture fixture = {0};
    int port, fd = server_listen(&port);
    (void)state;
    test_ids("TOK-08");
    fixture_open(&fixture);
    struct listener listener = {.loop = fixture.loop, .fd = fd};
    loop_watch(fixture.loop, fd, POLLIN, accept_once, &listener);
    assert_true(fixture_get(&fixture, port, "/", (struct http_request){0}));
    int64_t start = clock_monotonic();
    assert_false(fixture_get(&fixture, port, "/", (struct http_request){.form = "refresh_token=x"}));
    assert_code(&fixture.err, ERROR_NETWORK);
    assert_in_range(clock_monotonic() - start, 0, 4500);
    assert_true(fixture.response.sent);
    assert_int_equal(listener.answers, 2);
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
        cmocka_unit_test(test_network_comes_up),
        cmocka_unit_test(test_network_stays_down),
        cmocka_unit_test(test_tries_end_with_the_request),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_held_signal),
        cmocka_unit_test(test_second_signal),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_own_listener_lives_on),
        cmocka_unit_test(test_no_retry_once_sent),
    };
    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
