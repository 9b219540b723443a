/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/callback_gate: who is let in, who has to go, and who may stay. */
#include "callback_client.h"

#include "net/callback_gate.h"
#include "net/listen_socket.h"

enum { PASSED_LIMIT = 256 };

/* Stands in for the HTTP library: keeps what it is given. */
struct library {
    int fds[PASSED_LIMIT];
    size_t count;
    bool refuses;
};
struct fixture {
    struct callback_gate gate;
    struct listen_socket sockets;
    struct library library;
};

static bool take(void *context, int fd)
{
    struct library *library = context;
    if (library->refuses) {
        close(fd);
        return false;
    }
    assert_true(library->count < PASSED_LIMIT);
    library->fds[library->count++] = fd;
    return true;
}

static void open_gate(struct fixture *fixture, bool encrypted)
{
    struct error err = {0};
    cleanup_text_list struct text_list addresses = {0};
    text_list_add(&addresses, "127.0.0.1:0");
    *fixture = (struct fixture){0};
    assert_true(
        listen_socket_open(&(struct listen_request){&addresses, false, false}, &fixture->sockets, &err));
    fixture->gate.names = (struct callback_names){.port = fixture->sockets.port, .encrypted = encrypted};
    fixture->gate.pass = take;
    fixture->gate.context = &fixture->library;
    assert_true(callback_gate_open(&fixture->gate, fixture->sockets.fds, fixture->sockets.count, &err));
}

static void close_gate(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->library.count; i++)
        close(fixture->library.fds[i]);
    listen_socket_release(&fixture->sockets);
    callback_gate_release(&fixture->gate);
    callback_gate_release(&fixture->gate);
}

static int join(const struct fixture *fixture)
{
    int fd = client_connect("127.0.0.1", fixture->sockets.port);
    assert_true(fd >= 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void say_request(const struct fixture *fixture, int fd)
{
    cleanup_string char *request = client_request("/", fixture->sockets.port);
    say(fd, request);
}

/* Waits until the gate has something to do, and lets it do everything. */
static void run(struct fixture *fixture)
{
    struct pollfd gate = {.fd = fixture->gate.epoll, .events = POLLIN};
    for (int wait = 200; poll(&gate, 1, wait) == 1; wait = 1)
        callback_gate_run(&fixture->gate);
}

static bool is_ended(int fd)
{
    struct pollfd peer = {.fd = fd, .events = POLLIN | POLLRDHUP};
    return poll(&peer, 1, 0) == 1 && (peer.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static size_t count(const struct fixture *fixture, enum callback_phase phase)
{
    size_t found = 0;
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        found += fixture->gate.connections[i].phase == phase;
    return found;
}

static void make_older(struct fixture *fixture, int64_t milliseconds)
{
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        fixture->gate.connections[i].since -= milliseconds;
}

/* As time goes by: everybody here came a while ago, and the next sweep is due. */
static void let_grace_pass(struct fixture *fixture)
{
    int64_t since = clock_monotonic() - CALLBACK_GATE_GRACE;
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        if (fixture->gate.connections[i].since > since)
            fixture->gate.connections[i].since = since;
    callback_gate_sweep(&fixture->gate);
}

static void test_passes_whole_requests_only(void **state)
{
    struct fixture fixture;
    (void)state;
    open_gate(&fixture, false);
    int fd = join(&fixture);
    cleanup_string char *request = client_request("/", fixture.sockets.port);
    for (const char *byte = request; *byte != '\0'; byte++) {
        assert_int_equal(fixture.library.count, 0);
        assert_int_equal(send(fd, byte, 1, MSG_NOSIGNAL), 1);
        run(&fixture);
    }
    assert_int_equal(fixture.library.count, 1);
    char bytes[512];
    assert_int_equal(recv(fixture.library.fds[0], bytes, sizeof bytes, 0), (ssize_t)strlen(request));
    assert_memory_equal(bytes, request, strlen(request));
    assert_int_equal(fcntl(fixture.library.fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(fixture.library.fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    close(fd);
    close_gate(&fixture);
}

/* Thousands of small pieces would make us read the same bytes thousands of times. */
static void test_too_many_pieces(void **state)
{
    struct fixture fixture;
    (void)state;
    test_ids("T-06");
    open_gate(&fixture, false);
    int fd = join(&fixture);
    run(&fixture);
    say(fd, "GET /");
    run(&fixture);
    for (int i = 1; i < CALLBACK_GATE_LOOKS; i++) {
        say(fd, "a");
        run(&fixture);
    }
    assert_false(is_ended(fd));
    say(fd, "a");
    run(&fixture);
    assert_true(is_ended(fd));
    close(fd);
    close_gate(&fixture);
}

static void test_ends_the_oldest(void **state)
{
    struct fixture fixture;
    int fds[CALLBACK_GATE_BUSY + 3];
    (void)state;
    test_ids("T-06");
    open_gate(&fixture, false);
    for (size_t i = 0; i < array_length(fds); i++) {
        let_grace_pass(&fixture);
        fds[i] = join(&fixture);
        run(&fixture);
    }
    for (size_t i = 0; i < array_length(fds); i++)
        assert_int_equal(is_ended(fds[i]), i < 3);
    assert_int_equal(count(&fixture, CALLBACK_PHASE_HEAD), CALLBACK_GATE_BUSY);
    for (size_t i = 0; i < array_length(fds); i++)
        close(fds[i]);
    close_gate(&fixture);
}

/* A crowd that pushes gets nobody out who just came: it queues. */
static void test_grace(void **state)
{
    struct fixture fixture;
    int fds[CALLBACK_GATE_BUSY + 2];
    (void)state;
    test_ids("T-06");
    open_gate(&fixture, false);
    for (size_t i = 0; i < array_length(fds); i++)
        fds[i] = join(&fixture);
    run(&fixture);
    assert_int_equal(count(&fixture, CALLBACK_PHASE_HEAD), CALLBACK_GATE_BUSY);
    assert_true(fixture.gate.is_paused);
    for (size_t i = 0; i < array_length(fds); i++)
        assert_false(is_ended(fds[i]));
    int last = fds[array_length(fds) - 1];
    say_request(&fixture, last);
    let_grace_pass(&fixture);
    run(&fixture);
    assert_true(is_ended(fds[0]) && is_ended(fds[1]) && !is_ended(fds[2]));
    assert_int_equal(fixture.library.count, 1);
    for (size_t i = 0; i < array_length(fds); i++)
        close(fds[i]);
    close_gate(&fixture);
}

static void test_sweeps_the_slow(void **state)
{
    struct fixture fixture;
    (void)state;
    test_ids("T-06");
    open_gate(&fixture, false);
    int slow = join(&fixture), quick = join(&fixture);
    say(slow, "GET /slow");
    run(&fixture);
    make_older(&fixture, CALLBACK_GATE_PATIENCE - 1000);
    callback_gate_sweep(&fixture.gate);
    assert_false(is_ended(slow));
    fixture.gate.connections[1].since += 3000;
    make_older(&fixture, 1001);
    callback_gate_sweep(&fixture.gate);
    assert_true(is_ended(slow));
    assert_false(is_ended(quick));
    close(slow);
    close(quick);
    close_gate(&fixture);
}

/* 8 may wait, and neither age nor a crowd moves them. */
static void test_waiting_is_exempt(void **state)
{
    struct fixture fixture;
    int fds[CALLBACK_GATE_WAITING + 1], crowd[2 * CALLBACK_GATE_BUSY];
    (void)state;
    open_gate(&fixture, false);
    for (size_t i = 0; i < array_length(fds); i++) {
        fds[i] = join(&fixture);
        say_request(&fixture, fds[i]);
        run(&fixture);
        bool may_wait = callback_gate_wait(&fixture.gate, fixture.library.fds[i]);
        assert_int_equal(may_wait, i < CALLBACK_GATE_WAITING);
    }
    make_older(&fixture, 10 * CALLBACK_GATE_PATIENCE);
    callback_gate_sweep(&fixture.gate);
    for (size_t i = 0; i < array_length(crowd); i++) {
        crowd[i] = join(&fixture);
        run(&fixture);
        let_grace_pass(&fixture);
    }
    for (size_t i = 0; i < CALLBACK_GATE_WAITING; i++)
        assert_false(is_ended(fds[i]));
    assert_true(is_ended(fds[CALLBACK_GATE_WAITING]));
    /* once resumed they have 5 s again, and no longer */
    for (size_t i = 0; i < CALLBACK_GATE_WAITING; i++)
        callback_gate_resume(&fixture.gate, fixture.library.fds[i]);
    callback_gate_sweep(&fixture.gate);
    assert_false(is_ended(fds[0]));
    make_older(&fixture, CALLBACK_GATE_PATIENCE + 1);
    callback_gate_sweep(&fixture.gate);
    assert_true(is_ended(fds[0]));
    for (size_t i = 0; i < array_length(fds); i++)
        close(fds[i]);
    for (size_t i = 0; i < array_length(crowd); i++)
        close(crowd[i]);
    close_gate(&fixture);
}

/* With TLS the library gets the connection at once, and the same rules hold. */
static void test_encrypted(void **state)
{
    struct fixture fixture;
    int fds[CALLBACK_GATE_SIZE + 10];
    (void)state;
    test_ids("T-06");
    open_gate(&fixture, true);
    for (size_t i = 0; i < array_length(fds); i++) {
        let_grace_pass(&fixture);
        fds[i] = join(&fixture);
        run(&fixture);
        /* the library closes what was shut down */
        for (size_t n = 0; n < fixture.library.count; n++)
            if (is_ended(fixture.library.fds[n])) {
                callback_gate_forget(&fixture.gate, fixture.library.fds[n]);
                close(fixture.library.fds[n]);
                fixture.library.fds[n] = fixture.library.fds[--fixture.library.count];
            }
    }
    assert_int_equal(fixture.library.count, CALLBACK_GATE_BUSY);
    assert_true(is_ended(fds[0]));
    assert_false(is_ended(fds[array_length(fds) - 1]));
    make_older(&fixture, CALLBACK_GATE_PATIENCE + 1);
    callback_gate_sweep(&fixture.gate);
    assert_true(is_ended(fds[array_length(fds) - 1]));
    for (size_t i = 0; i < array_length(fds); i++)
        close(fds[i]);
    close_gate(&fixture);
}

/* Preconnects, half-closed and reset connections leave nothing behind. */
static void test_noise(void **state)
{
    struct fixture fixture;
    (void)state;
    test_ids("T-07");
    open_gate(&fixture, false);
    int silent = join(&fixture), half = join(&fixture), reset = join(&fixture), finished = join(&fixture);
    say(half, "GET / HTTP/1.1\r\n");
    say(reset, "GET");
    say_request(&fixture, finished);
    run(&fixture);
    assert_int_equal(count(&fixture, CALLBACK_PHASE_HEAD), 3);
    shutdown(half, SHUT_WR);
    shutdown(finished, SHUT_WR);
    setsockopt(reset, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(reset);
    close(silent);
    run(&fixture);
    assert_int_equal(count(&fixture, CALLBACK_PHASE_HEAD), 0);
    assert_int_equal(count(&fixture, CALLBACK_PHASE_GIVEN), 1);
    close(half);
    close(finished);
    close_gate(&fixture);
}

/* What is not for us never gets to the library. */
static void test_refuses(void **state)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: localhost\n\n",
    };
    struct fixture fixture;
    (void)state;
    test_ids("CB-06 T-02");
    open_gate(&fixture, false);
    for (size_t i = 0; i < array_length(heads); i++) {
        char answer[2048] = "";
        int fd = join(&fixture);
        say(fd, heads[i]);
        run(&fixture);
        assert_true(recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT) > 0);
        assert_memory_equal(answer, i == 0 ? "HTTP/1.1 421" : "HTTP/1.1 400", 12);
        assert_int_equal(fixture.library.count, 0);
        assert_true(is_ended(fd));
        close(fd);
    }
    close_gate(&fixture);
}

static void test_library_refuses(void **state)
{
    struct fixture fixture;
    (void)state;
    open_gate(&fixture, false);
    fixture.library.refuses = true;
    int fd = join(&fixture);
    say_request(&fixture, fd);
    run(&fixture);
    assert_true(is_ended(fd));
    assert_int_equal(count(&fixture, CALLBACK_PHASE_FREE), CALLBACK_GATE_SIZE);
    close(fd);
    close_gate(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes_whole_requests_only),
        cmocka_unit_test(test_too_many_pieces),
        cmocka_unit_test(test_ends_the_oldest),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_sweeps_the_slow),
        cmocka_unit_test(test_waiting_is_exempt),
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_library_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
