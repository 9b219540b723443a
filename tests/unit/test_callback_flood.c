/* SPDX-License-Identifier: Apache-2.0 */
/* The callback server under siege: drips and junk must not keep the browser out (security T-06). */
#include "callback_client.h"

#include <sys/resource.h>
#include <sys/wait.h>

enum { DRIPPING = 200, DRIP = 100, JUNK = 2000, PATIENCE = 20000 };

struct siege {
    struct bench bench;
    int port;
    int fds[DRIPPING];
    size_t drops;
};

/* One byte more on every connection; one that was ended comes back at once, as a stubborn attacker would. */
static void drip(void *context)
{
    static const char head[] = "GET /callback HTTP/1.1\r\nX: ";
    struct siege *siege = context;
    siege->drops++;
    char byte = siege->drops < sizeof head ? head[siege->drops - 1] : 'x';
    for (size_t i = 0; i < DRIPPING; i++) {
        if (siege->fds[i] >= 0 && send(siege->fds[i], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
            continue;
        if (siege->fds[i] >= 0)
            close(siege->fds[i]);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)siege->port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        siege->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(siege->fds[i] >= 0);
        assert_true(connect(siege->fds[i], (const struct sockaddr *)&address, sizeof address) == 0 ||
                    errno == EINPROGRESS);
    }
}

/* A browser of its own process: its connection may have to queue behind the others, and only our loop moves
 * the queue. */
struct visit {
    pid_t pid;
    int fd;
    int status;
    bool is_over;
};

static void visit_ready(void *context, int fd, short events)
{
    struct visit *visit = context;
    (void)events;
    if (read(fd, &visit->status, sizeof visit->status) != sizeof visit->status)
        visit->status = -1;
    visit->is_over = true;
}

static void visit_in_child(int fd, int port, const char *target)
{
    char answer[4096] = "";
    size_t length = 0;
    ssize_t received = 0;
    cleanup_string char *request = client_request(target, port);
    int connection = client_connect("127.0.0.1", port);
    if (connection >= 0 && send(connection, request, strlen(request), MSG_NOSIGNAL) > 0)
        while ((received = recv(connection, answer + length, sizeof answer - 1 - length, 0)) > 0)
            length += (size_t)received;
    int status = length > 12 ? (int)strtol(answer + 9, NULL, 10) : 0;
    _exit(write(fd, &status, sizeof status) == sizeof status ? 0 : 1);
}

static void visit_start(struct visit *visit, const struct bench *bench, const char *target)
{
    int pipe_fds[2];
    *visit = (struct visit){0};
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    visit->pid = fork();
    if (visit->pid == 0)
        visit_in_child(pipe_fds[1], bench->port, target);
    assert_true(visit->pid > 0);
    close(pipe_fds[1]);
    visit->fd = pipe_fds[0];
    loop_watch(bench->loop, visit->fd, POLLIN, visit_ready, visit);
}

/* Gives the status of the answer. */
static int visit_end(struct visit *visit, const struct bench *bench)
{
    client_run(bench->loop, &visit->is_over);
    loop_unwatch(bench->loop, visit->fd);
    close(visit->fd);
    assert_int_equal(waitpid(visit->pid, NULL, 0), visit->pid);
    return visit->status;
}

static void begin_siege(struct siege *siege)
{
    *siege = (struct siege){0};
    bench_open(&siege->bench);
    siege->port = siege->bench.port;
    for (size_t i = 0; i < DRIPPING; i++)
        siege->fds[i] = -1;
    drip(siege);
    loop_every(siege->bench.loop, DRIP, drip, siege);
}

static void end_siege(struct siege *siege)
{
    loop_never(siege->bench.loop, drip, siege);
    for (size_t i = 0; i < DRIPPING; i++)
        close(siege->fds[i]);
    bench_close(&siege->bench);
}

static void test_dripping_connections(void **state)
{
    struct siege siege;
    struct visit visit;
    (void)state;
    test_ids("T-06");
    begin_siege(&siege);
    for (int round = 0; round < 3; round++) {
        client_pause(siege.bench.loop, 500);
        int64_t start = clock_monotonic();
        visit_start(&visit, &siege.bench, "/callback?code=a&state=b");
        assert_int_equal(visit_end(&visit, &siege.bench), 303);
        assert_true(clock_monotonic() - start < PATIENCE);
    }
    assert_int_equal(siege.bench.asked, 3);
    end_siege(&siege);
}

static void test_waiting_survives_the_siege(void **state)
{
    struct siege siege;
    struct visit visit;
    (void)state;
    test_ids("T-06");
    begin_siege(&siege);
    visit_start(&visit, &siege.bench, "/done");
    client_pause(siege.bench.loop, 6500); /* longer than anybody else may stay */
    assert_false(visit.is_over);
    callback_server_release(siege.bench.server, &(struct callback_answer){.status = 200, .body = "outcome"});
    assert_int_equal(visit_end(&visit, &siege.bench), 200);
    end_siege(&siege);
}

static long resident_kilobytes(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void test_junk(void **state)
{
    static const char *const junk[] = {
        "GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
        "GET /x HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\r\n",
        "\x16\x03\x01\x02",
        "GET / HTTP/1.1\nHost: localhost\n\n",
        "HEAD / HTTP/1.1\r\n\r\n",
    };
    struct bench bench;
    (void)state;
    test_ids("CB-05 T-06");
    bench_open(&bench);
    client_exchange(bench.loop, bench.port, junk[0], strlen(junk[0]));
    long before = resident_kilobytes();
    for (int i = 0; i < JUNK; i++) {
        const char *bytes = junk[(size_t)i % array_length(junk)];
        int status = client_exchange(bench.loop, bench.port, bytes, strlen(bytes));
        assert_in_range(status, 400, 431);
    }
    assert_int_equal(bench.asked, 0);
    assert_int_equal(client_get(bench.loop, bench.port, "/callback?code=a&state=b"), 303);
#ifndef SANITIZED
    assert_true(resident_kilobytes() - before < 5 * 1024);
#else
    (void)before;
#endif
    bench_close(&bench);
}

/* Descriptors are the scarce thing: the oldest makes room then as well. */
static void test_few_descriptors(void **state)
{
    struct bench bench;
    struct visit visit;
    struct rlimit limit;
    int idle[12];
    (void)state;
    test_ids("T-42");
    bench_open(&bench);
    for (size_t i = 0; i < array_length(idle); i++)
        idle[i] = client_connect("127.0.0.1", bench.port);
    visit_start(&visit, &bench, "/page");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)visit.fd + 4; /* room for three of the thirteen */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(visit_end(&visit, &bench), 200);
    limit.rlim_cur = before;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < array_length(idle); i++)
        close(idle[i]);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dripping_connections),
        cmocka_unit_test(test_waiting_survives_the_siege),
        cmocka_unit_test(test_junk),
        cmocka_unit_test(test_few_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
