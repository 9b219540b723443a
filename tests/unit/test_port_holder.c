/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of net/port_holder: who listens on a port, by /proc. */
#include "callback_client.h"

#include <sys/prctl.h>

static int listen_on(const char *host, int *port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    socklen_t length = is_v4 ? sizeof v4 : sizeof v6;
    struct sockaddr *address = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    assert_true(is_v4 || inet_pton(AF_INET6, host, &v6.sin6_addr) == 1);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, address, length), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, address, &length), 0);
    *port = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
    return fd;
}

static void expect_holder(int port, const char *name)
{
    cleanup_string char *holder = callback_server_port_holder(port);
    cleanup_string char *expected = memory_format("pid %d (%s)", (int)getpid(), name);
    assert_non_null(holder);
    assert_string_equal(holder, expected);
}

static void test_finds_the_process(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "0.0.0.0", "::"};
    (void)state;
    assert_int_equal(prctl(PR_SET_NAME, "some name", 0, 0, 0), 0);
    for (size_t i = 0; i < array_length(hosts); i++) {
        int port;
        int fd = listen_on(hosts[i], &port);
        expect_holder(port, "some name");
        close(fd);
    }
}

/* Process names are text from outside. */
static void test_hostile_name(void **state)
{
    int port;
    (void)state;
    test_ids("T-16");
    int fd = listen_on("127.0.0.1", &port);
    assert_int_equal(prctl(PR_SET_NAME, "\x1b[31m) (a\n\n", 0, 0, 0), 0);
    cleanup_string char *holder = callback_server_port_holder(port);
    assert_non_null(holder);
    assert_null(strpbrk(holder, "\x1b\n"));
    assert_non_null(strstr(holder, "[31m"));
    close(fd);
}

static void test_unknown(void **state)
{
    int port;
    (void)state;
    int fd = listen_on("127.0.0.1", &port);
    /* a connection from or to the port is not a listener */
    int client = client_connect("127.0.0.1", port);
    int server = accept(fd, NULL, NULL);
    assert_true(client >= 0 && server >= 0);
    close(fd);
    assert_null(callback_server_port_holder(port));
    assert_null(callback_server_port_holder(0));
    assert_null(callback_server_port_holder(-1));
    assert_null(callback_server_port_holder(65536));
    close(client);
    close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_process),
        cmocka_unit_test(test_hostile_name),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
