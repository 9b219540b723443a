/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of a callback server in the same process and loop: real sockets, no threads, no sleeps. */
#ifndef TESTS_CALLBACK_CLIENT_H
#define TESTS_CALLBACK_CLIENT_H

#include "ids.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "net/callback_server.h"

enum { CLIENT_WAIT = 30000, CLIENT_LIMIT = 16 * 1024 * 1024 };

struct client {
    int fd;
    struct loop *loop;
    struct buffer answer;
    bool is_closed;
};

static inline int client_connect(const char *host, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    assert_true(is_v4 || inet_pton(AF_INET6, host, &v6.sin6_addr) == 1);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    int result = connect(fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
                         is_v4 ? sizeof v4 : sizeof v6);
    if (result == 0)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

static inline void client_ready(void *context, int fd, short events)
{
    struct client *client = context;
    char bytes[4096];
    (void)events;
    ssize_t length = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN)
        return;
    if (length > 0) {
        assert_true(buffer_append(&client->answer, bytes, (size_t)length));
        return;
    }
    loop_unwatch(client->loop, fd);
    client->is_closed = true;
}

/* Connects and watches; nothing is sent. */
static inline void client_open(struct client *client, struct loop *loop, const char *host, int port)
{
    *client = (struct client){.loop = loop, .answer = BUFFER(CLIENT_LIMIT)};
    client->fd = client_connect(host, port);
    assert_true(client->fd >= 0);
    loop_watch(loop, client->fd, POLLIN, client_ready, client);
}

static inline void client_close(struct client *client)
{
    loop_unwatch(client->loop, client->fd);
    close(client->fd);
    buffer_release(&client->answer);
    client->is_closed = true;
}

/* The server may have ended the connection: that is not the sender's concern. */
static inline void client_send(const struct client *client, const char *bytes, size_t length)
{
    ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
    assert_true(sent == (ssize_t)length || errno == EPIPE || errno == ECONNRESET);
}

/* Runs the loop until *DONE. */
static inline void client_run(struct loop *loop, const bool *done)
{
    struct error err = {0};
    assert_int_equal(loop_run(loop, done, clock_monotonic() + CLIENT_WAIT, &err), LOOP_DONE);
}

/* Runs the loop for a while: nothing is expected to happen. */
static inline void client_pause(struct loop *loop, int milliseconds)
{
    struct error err = {0};
    const bool never = false;
    assert_int_equal(loop_run(loop, &never, clock_monotonic() + milliseconds, &err), LOOP_DEADLINE);
}

/* Gives the status of the answer so far, 0 for none. */
static inline int client_status(const struct client *client)
{
    const char *text = buffer_text(&client->answer);
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

/* True when the answer has this header with exactly this value; NULL: has it at all. */
static inline bool client_has_header(const struct client *client, const char *name, const char *value)
{
    cleanup_string char *line =
        memory_format("\r\n%s: %s%s", name, value != NULL ? value : "", value != NULL ? "\r\n" : "");
    const char *text = buffer_text(&client->answer), *end = strstr(text, "\r\n\r\n");
    const char *found = strstr(text, line);
    return found != NULL && end != NULL && found < end;
}

/* Sends BYTES and gives the status of the whole answer; the connection must be closed by the server. */
static inline int client_exchange(struct loop *loop, int port, const char *bytes, size_t length)
{
    struct client client;
    client_open(&client, loop, "127.0.0.1", port);
    client_send(&client, bytes, length);
    client_run(loop, &client.is_closed);
    int status = client_status(&client);
    client_close(&client);
    return status;
}

/* "GET TARGET HTTP/1.1" with the right Host. */
static inline char *client_request(const char *target, int port)
{
    return memory_format("GET %s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", target, port);
}

static inline int client_get(struct loop *loop, int port, const char *target)
{
    cleanup_string char *request = client_request(target, port);
    return client_exchange(loop, port, request, strlen(request));
}

/* The server under test: /callback answers 303, /done waits, /page 200, everything else 404. */
struct bench {
    struct loop *loop;
    struct callback_server *server;
    int port;
    int asked; /* how often the handler was asked */
    char last[128];
};

static inline struct callback_answer bench_handler(void *context, const char *target, size_t length)
{
    struct bench *bench = context;
    assert_int_equal(strlen(target), length);
    bench->asked++;
    snprintf(bench->last, sizeof bench->last, "%s", target);
    if (strncmp(target, "/callback", 9) == 0)
        return (struct callback_answer){.status = 303, .location = "/done"};
    if (strcmp(target, "/start") == 0)
        return (struct callback_answer){.status = 302, .location = "https://issuer.example/authorize?a=b"};
    if (strcmp(target, "/done") == 0)
        return (struct callback_answer){.wait = true};
    if (strcmp(target, "/page") == 0)
        return (struct callback_answer){.status = 200, .body = "<p>page</p>"};
    if (strcmp(target, "/method") == 0)
        return (struct callback_answer){.status = 405};
    return (struct callback_answer){.status = 404};
}

static inline void bench_open_with(struct bench *bench, const char *certificate, const char *key)
{
    struct error err = {0};
    cleanup_text_list struct text_list addresses = {0};
    text_list_add(&addresses, "127.0.0.1:0");
    *bench = (struct bench){0};
    assert_true(loop_open(&bench->loop, &err));
    const struct callback_server_settings settings = {
        .addresses = &addresses,
        .dual_stack = true,
        .certificate = certificate,
        .key = key,
        .extra_host = "redirect.example:9000",
        .handler = bench_handler,
        .context = bench,
    };
    assert_true(callback_server_open(bench->loop, &settings, &bench->server, &err));
    bench->port = callback_server_port(bench->server);
}

static inline void bench_open(struct bench *bench)
{
    bench_open_with(bench, NULL, NULL);
}

static inline void bench_close(struct bench *bench)
{
    callback_server_close(bench->server);
    loop_close(bench->loop);
}

#endif
