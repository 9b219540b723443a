/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/listen_socket: a port is ours on both loopback addresses, or it is not used. */
#include "callback_client.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "net/listen_socket.h"

/* A foreign listener, as another program makes one. Port 0: random. Gives the descriptor, -1 on failure. */
static int occupy(const char *host, int port, bool only_v6)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    int only = only_v6;
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!is_v4) {
        assert_int_equal(inet_pton(AF_INET6, host, &v6.sin6_addr), 1);
        assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only), 0);
    }
    const struct sockaddr *address = is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    if (bind(fd, address, is_v4 ? sizeof v4 : sizeof v6) == 0 && listen(fd, 1) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A port that was free on both families a moment ago. */
static int free_port(void)
{
    struct error err = {0};
    struct listen_socket sockets = {0};
    cleanup_text_list struct text_list addresses = {0};
    text_list_add(&addresses, "127.0.0.1:0");
    assert_true(listen_socket_open(&(struct listen_request){&addresses, true, false}, &sockets, &err));
    listen_socket_release(&sockets);
    return sockets.port;
}

static bool open_ports(const int *ports, size_t count, bool random_fallback, struct listen_socket *out,
                       struct error *err)
{
    cleanup_text_list struct text_list addresses = {0};
    for (size_t i = 0; i < count; i++) {
        cleanup_string char *address = memory_format("127.0.0.1:%d", ports[i]);
        text_list_add(&addresses, address);
    }
    return listen_socket_open(&(struct listen_request){&addresses, true, random_fallback}, out, err);
}

static bool open_address(const char *address, bool dual_stack, struct listen_socket *out, struct error *err)
{
    cleanup_text_list struct text_list addresses = {0};
    text_list_add(&addresses, address);
    return listen_socket_open(&(struct listen_request){&addresses, dual_stack, false}, out, err);
}

static bool answers(const char *host, int port)
{
    int fd = client_connect(host, port);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The address that a socket is bound to, as text. */
static void expect_bound(int fd, const char *expected)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char text[INET6_ADDRSTRLEN];
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    const void *bytes = address.ss_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)&address)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)&address)->sin6_addr;
    assert_non_null(inet_ntop(address.ss_family, bytes, text, sizeof text));
    assert_string_equal(text, expected);
}

static void test_both_loopback_addresses(void **state)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    (void)state;
    test_ids("CB-01 CB-04 K7-62");
    assert_true(open_address("127.0.0.1:0", true, &sockets, &err));
    assert_int_equal(sockets.count, 2);
    expect_bound(sockets.fds[0], "127.0.0.1");
    expect_bound(sockets.fds[1], "::1");
    assert_true(answers("127.0.0.1", sockets.port));
    assert_true(answers("::1", sockets.port));
    for (size_t i = 0; i < sockets.count; i++) {
        int on = -1;
        socklen_t length = sizeof on;
        assert_int_equal(fcntl(sockets.fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fcntl(sockets.fds[i], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        assert_int_equal(getsockopt(sockets.fds[i], SOL_SOCKET, SO_REUSEPORT, &on, &length), 0);
        assert_int_equal(on, 0);
    }
    listen_socket_release(&sockets);
    listen_socket_release(&sockets);
    assert_false(answers("127.0.0.1", sockets.port));
}

/* Each way in which another program can hold a port: we take the next, and nothing of the first stays with
 * us. */
static void test_never_half_owned(void **state)
{
    static const struct {
        const char *host, *free_host;
        bool only_v6;
    } cases[] = {
        {"127.0.0.1", "::1", false}, {"::1", "127.0.0.1", true}, {"0.0.0.0", "::1", false},
        {"::", "127.0.0.1", true},   {"::", NULL, false},
    };
    (void)state;
    test_ids("CB-01 T-03");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct listen_socket sockets = {0};
        struct error err = {0};
        const int ports[] = {free_port(), free_port()};
        int foreign = occupy(cases[i].host, ports[0], cases[i].only_v6);
        assert_true(foreign >= 0);
        assert_true(open_ports(ports, 2, true, &sockets, &err));
        assert_int_equal(sockets.index, 1);
        assert_int_equal(sockets.port, ports[1]);
        assert_int_equal(sockets.count, 2);
        if (cases[i].free_host != NULL)
            assert_false(answers(cases[i].free_host, ports[0]));
        listen_socket_release(&sockets);
        close(foreign);
    }
}

static void test_random_is_last(void **state)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    const int ports[] = {free_port(), free_port()};
    (void)state;
    test_ids("CB-04 K7-45");
    int first = occupy("::1", ports[0], true), second = occupy("127.0.0.1", ports[1], false);
    assert_true(first >= 0 && second >= 0);
    assert_true(open_ports(ports, 2, true, &sockets, &err));
    assert_int_equal(sockets.index, 2);
    assert_true(sockets.port > 0 && sockets.port != ports[0] && sockets.port != ports[1]);
    assert_int_equal(sockets.count, 2);
    listen_socket_release(&sockets);
    close(first);
    close(second);
}

static void test_all_taken(void **state)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    const int ports[] = {free_port(), free_port()};
    (void)state;
    test_ids("K7-43");
    int first = occupy("0.0.0.0", ports[0], false), second = occupy("::1", ports[1], true);
    assert_false(open_ports(ports, 2, false, &sockets, &err));
    assert_int_equal(err.code, ERROR_PORT);
    for (int i = 0; i < 2; i++) {
        cleanup_string char *cause = memory_format("'127.0.0.1:%d': %s", ports[i], strerror(EADDRINUSE));
        cleanup_string char *holder = memory_format("port %d is held by pid %d (", ports[i], (int)getpid());
        assert_non_null(strstr(err.message, cause));
        assert_non_null(strstr(err.hint, holder));
    }
    cleanup_string char *between = memory_format(", '127.0.0.1:%d': ", ports[1]);
    assert_non_null(strstr(err.message, between));
    assert_int_equal(sockets.count, 0);
    close(first);
    close(second);
}

/* Nobody can bind beside us, with whatever option. */
static void test_nobody_beside_us(void **state)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    const int on = 1;
    (void)state;
    test_ids("T-03");
    assert_true(open_address("127.0.0.1:0", true, &sockets, &err));
    for (int option = 0; option < 3; option++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)sockets.port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (option > 0)
            setsockopt(fd, SOL_SOCKET, option == 1 ? SO_REUSEADDR : SO_REUSEPORT, &on, sizeof on);
        assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), -1);
        assert_int_equal(errno, EADDRINUSE);
        close(fd);
    }
    listen_socket_release(&sockets);
}

static void test_time_wait_is_free(void **state)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    (void)state;
    assert_true(open_address("127.0.0.1:0", true, &sockets, &err));
    const int port = sockets.port;
    for (size_t i = 0; i < 2; i++) {
        int client = client_connect(i == 0 ? "127.0.0.1" : "::1", port);
        struct pollfd listener = {.fd = sockets.fds[i], .events = POLLIN};
        assert_int_equal(poll(&listener, 1, 1000), 1);
        int server = accept(sockets.fds[i], NULL, NULL);
        assert_true(client >= 0 && server >= 0);
        close(server); /* who closes first is left with TIME_WAIT */
        close(client);
    }
    listen_socket_release(&sockets);
    assert_true(open_ports(&port, 1, false, &sockets, &err));
    assert_int_equal(sockets.count, 2);
    listen_socket_release(&sockets);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *address, *first, *second;
        bool dual_stack;
    } cases[] = {
        {"127.0.0.1:0", "127.0.0.1", NULL, false},
        {"127.0.0.1:0", "127.0.0.1", "::1", true},
        {"[::1]:0", "::1", NULL, false},
        {"[::1]:0", "::1", NULL, true},
        {"localhost:0", "127.0.0.1", "::1", false},
        {"127.0.0.2:0", "127.0.0.2", NULL, true},
        {"0.0.0.0:0", "0.0.0.0", NULL, false},
        {":0", "0.0.0.0", "::", false},
        {"[::]:0", "0.0.0.0", "::", false},
        {"", "127.0.0.1", NULL, false},
    };
    (void)state;
    test_ids("K7-45 K7-89");
    for (size_t i = 0; i < array_length(cases); i++) {
        struct listen_socket sockets = {0};
        struct error err = {0};
        assert_true(open_address(cases[i].address, cases[i].dual_stack, &sockets, &err));
        assert_int_equal(sockets.count, cases[i].second != NULL ? 2 : 1);
        expect_bound(sockets.fds[0], cases[i].first);
        if (cases[i].second != NULL)
            expect_bound(sockets.fds[1], cases[i].second);
        assert_int_equal(sockets.index, 0);
        listen_socket_release(&sockets);
    }
}

static void test_malformed_addresses(void **state)
{
    static const char *const addresses[] = {
        "8000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1: 8000",
        "127.0.0.1:8000 ",
        "127.1:8000",
        "::1:8000",
        "[::1]",
        "[127.0.0.1:8000",
        "127.0.0.1]:8000",
        "[127.0.0.1]:8000",
        "[]:8000",
        "example.com:8000",
        "http://127.0.0.1:8000",
        "127.0.0.1:8000/",
        "[::1%lo]:0",
        "0123456789012345678901234567890123456789012345678901234567890123456789:8000",
    };
    (void)state;
    for (size_t i = 0; i < array_length(addresses); i++) {
        struct listen_socket sockets = {0};
        struct error err = {0};
        if (open_address(addresses[i], true, &sockets, &err) || err.code != ERROR_CONFIG)
            fail_msg("'%s' gave %s", addresses[i], error_code_name(err.code));
    }
    struct listen_socket sockets = {0};
    struct error err = {0};
    assert_false(
        listen_socket_open(&(struct listen_request){&(struct text_list){0}, true, false}, &sockets, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
}

static void test_no_such_address(void **state)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    (void)state;
    assert_false(open_address("192.0.2.1:8000", false, &sockets, &err));
    assert_int_equal(err.code, ERROR_PORT);
    assert_non_null(strstr(err.message, strerror(EADDRNOTAVAIL)));
}

/* A network of our own: nothing but loopback, which is switched on here, without IPv6. */
static bool enter_network_without_v6(void)
{
    struct ifreq loopback = {.ifr_name = "lo"};
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    int off = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (off < 0 || write(off, "1", 1) != 1)
        return false;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &loopback) != 0)
        return false;
    loopback.ifr_flags = (short)(loopback.ifr_flags | IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
}

enum { OUTCOME_FINE, OUTCOME_WRONG, OUTCOME_CANNOT };

static int open_without_v6(void)
{
    struct listen_socket sockets = {0};
    struct error err = {0};
    const int ports[] = {8000, 18000};
    if (!enter_network_without_v6())
        return OUTCOME_CANNOT;
    bool is_fine = open_ports(ports, 2, true, &sockets, &err) && sockets.count == 1 && sockets.port == 8000 &&
                   answers("127.0.0.1", 8000);
    struct listen_socket others = {0};
    is_fine =
        is_fine && open_ports(ports, 2, true, &others, &err) && others.port == 18000 && others.index == 1;
    is_fine = is_fine && !open_address("[::1]:8000", false, &others, &err) && err.code == ERROR_PORT;
    return is_fine ? OUTCOME_FINE : OUTCOME_WRONG;
}

static void test_missing_family(void **state)
{
    (void)state;
    test_ids("CB-01 T-42");
    pid_t pid = fork();
    if (pid == 0)
        _exit(open_without_v6());
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == OUTCOME_CANNOT)
        skip();
    assert_int_equal(WEXITSTATUS(status), OUTCOME_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_loopback_addresses),
        cmocka_unit_test(test_never_half_owned),
        cmocka_unit_test(test_random_is_last),
        cmocka_unit_test(test_all_taken),
        cmocka_unit_test(test_nobody_beside_us),
        cmocka_unit_test(test_time_wait_is_free),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_malformed_addresses),
        cmocka_unit_test(test_no_such_address),
        cmocka_unit_test(test_missing_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
