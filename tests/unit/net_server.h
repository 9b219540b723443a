/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile HTTP server on loopback: a forked child that answers by path, counting in shared memory. */
#ifndef TESTS_NET_SERVER_H
#define TESTS_NET_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SERVER_LIFE = 50, HEAD_SIZE = 8192 };

/* What the server saw, in memory that both processes share. */
struct server_view {
    atomic_uint connections, requests, canary, tunnels;
    char head[HEAD_SIZE];   /* of the last request, with its body */
    char tunnel[HEAD_SIZE]; /* of the last CONNECT */
};
struct server {
    pid_t pid;
    int plain, canary, proxy; /* ports */
    int closed, closed_fd;    /* a port where nobody listens */
    int tls;                  /* where the proxy's tunnels end */
    struct server_view *view;
};

/* A port that is ours, and where nobody listens: connecting to it is refused. */
static inline int server_bind(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = 0};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

static inline int server_listen(int *port)
{
    int fd = server_bind(port);
    if (listen(fd, 64) != 0)
        abort();
    return fd;
}

static inline int server_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void pause_milliseconds(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* A client that has gone ends the handler: there is nobody left to answer. */
static inline void send_bytes(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            _exit(0);
        bytes += sent;
        length -= (size_t)sent;
    }
}

static inline void send_text(int fd, const char *text)
{
    send_bytes(fd, text, strlen(text));
}

static inline void send_fill(int fd, size_t length)
{
    static char block[65536];
    memset(block, 'x', sizeof(block));
    for (; length > 0; length -= length < sizeof(block) ? length : sizeof(block))
        send_bytes(fd, block, length < sizeof(block) ? length : sizeof(block));
}

__attribute__((format(printf, 2, 3))) static inline void send_format(int fd, const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    send_text(fd, text);
}

/* One answer per path. True keeps the connection. */
typedef bool server_answer(int fd, long number, unsigned turn, const char *request);

static inline bool answer_ok(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn, (void)request;
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                  "Date: Sat, 21 Nov 2026 18:00:00 GMT\r\nX-authentik-id: 0123abcd\r\n"
                  "Allow: GET, HEAD\r\nRetry-After: 7 \r\n\r\n{}");
    return true;
}

static inline bool answer_body(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_format(fd, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", number);
    send_fill(fd, (size_t)number);
    return true;
}

static inline bool answer_chunked(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_format(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%lx\r\n", (unsigned long)number);
    send_fill(fd, (size_t)number);
    send_text(fd, "\r\n0\r\n\r\n");
    return true;
}

/* No length at all: the end of the connection is the end of the body. */
static inline bool answer_until_close(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
    send_fill(fd, (size_t)number);
    return false;
}

static inline bool answer_endless(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn, (void)request;
    send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (;;) {
        send_text(fd, "10000\r\n");
        send_fill(fd, 0x10000);
        send_text(fd, "\r\n");
    }
    return false;
}

/* A head of exactly NUMBER bytes, in lines of 1000. */
static inline bool answer_head(int fd, long number, unsigned turn, const char *request)
{
    static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
    size_t left = (size_t)number - strlen(first) - 2;
    (void)turn, (void)request;
    send_text(fd, first);
    for (size_t line; left > 0; left -= line) {
        line = left >= 2000 ? 1000 : left;
        send_text(fd, "X: ");
        send_fill(fd, line - 5);
        send_text(fd, "\r\n");
    }
    send_text(fd, "\r\n");
    return true;
}

static inline bool answer_endless_head(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_text(fd, number == 0 ? "HTTP/1.1 200 OK\r\nX: " : "HTTP/1.1 200 OK\r\n");
    for (;;)
        send_text(fd, number == 0 ? "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                  : "X-Line: xxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    return false;
}

/* Interim answers without end. */
static inline bool answer_continue(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn, (void)request;
    for (;;)
        send_text(fd, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    return false;
}

/* NUMBER bytes a second. */
static inline bool answer_drip(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000; i++) {
        send_text(fd, "x");
        pause_milliseconds(1000 / number);
    }
    return false;
}

static inline bool answer_after(int fd, long number, unsigned turn, const char *request)
{
    pause_milliseconds(number);
    return answer_ok(fd, number, turn, request);
}

static inline bool answer_encoded(int fd, long number, unsigned turn, const char *request)
{
    static const char empty[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0";
    (void)number, (void)turn, (void)request;
    send_format(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %ld\r\n\r\n",
                (long)sizeof(empty));
    send_bytes(fd, empty, sizeof(empty));
    return true;
}

static inline bool answer_reset(int fd, long number, unsigned turn, const char *request)
{
    struct linger now = {1, 0};
    (void)number, (void)turn, (void)request;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    return false;
}

static inline bool answer_nothing(int fd, long number, unsigned turn, const char *request)
{
    (void)fd, (void)number, (void)turn, (void)request;
    return false;
}

/* Good for the first NUMBER requests of a connection; the next one is read, and then nothing. */
static inline bool answer_first(int fd, long number, unsigned turn, const char *request)
{
    return (long)turn < number && answer_ok(fd, number, turn, request);
}

static inline bool answer_part(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn, (void)request;
    send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    return false;
}

static inline bool answer_ancient(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn, (void)request;
    send_text(fd, "no status line at all");
    return false;
}

static inline bool answer_status(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_format(fd, "HTTP/1.1 %ld Whatever\r\nContent-Length: 5\r\n\r\nerror", number);
    return true;
}

static inline bool answer_echo(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn;
    send_format(fd, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", (long)strlen(request));
    send_text(fd, request);
    return true;
}

/* Trailers that look like headers. */
static inline bool answer_trailer(int fd, long number, unsigned turn, const char *request)
{
    (void)number, (void)turn, (void)request;
    send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Location\r\n\r\n2\r\n{}\r\n0\r\n"
                  "Location: https://evil.example/\r\nContent-Encoding: gzip\r\n\r\n");
    return true;
}

#endif
