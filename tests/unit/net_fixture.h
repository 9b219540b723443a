/* SPDX-License-Identifier: Apache-2.0 */
/* Starts net_server.h, and a loop with a client for each test. */
#ifndef TESTS_NET_FIXTURE_H
#define TESTS_NET_FIXTURE_H

#include "base/clock.h"
#include "ids.h"
#include "net/http.h"
#include "net_server.h"

static int server_canary_port;

/* A redirect with status NUMBER to the canary. */
static inline bool answer_redirect(int fd, long number, unsigned turn, const char *request)
{
    (void)turn, (void)request;
    send_format(fd, "HTTP/1.1 %ld Elsewhere\r\nContent-Length: 0\r\n", number);
    send_format(fd, "Location: http://localhost:%d/target?code=secret-code\r\n\r\n", server_canary_port);
    return true;
}

static const struct {
    const char *prefix;
    server_answer *answer;
} server_routes[] = {{"/ok", answer_ok},
                     {"/body/", answer_body},
                     {"/chunked/", answer_chunked},
                     {"/until-close/", answer_until_close},
                     {"/endless", answer_endless},
                     {"/head/", answer_head},
                     {"/heads/", answer_endless_head},
                     {"/continue", answer_continue},
                     {"/drip/", answer_drip},
                     {"/after/", answer_after},
                     {"/encoded", answer_encoded},
                     {"/redirect/", answer_redirect},
                     {"/reset", answer_reset},
                     {"/nothing", answer_nothing},
                     {"/first/", answer_first},
                     {"/part", answer_part},
                     {"/ancient", answer_ancient},
                     {"/status/", answer_status},
                     {"/echo", answer_echo},
                     {"/trailer", answer_trailer}};

/* Head and body of one request; false when the client ends. */
static inline bool server_read(int fd, char *request, size_t size)
{
    size_t length = 0, all = 0;
    for (;;) {
        ssize_t got = recv(fd, request + length, size - 1 - length, 0);
        if (got <= 0)
            return false;
        request[length += (size_t)got] = '\0';
        if (request[0] == 0x16) /* TLS */
            send_text(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        const char *end = strstr(request, "\r\n\r\n"),
                   *announced = strcasestr(request, "\r\nContent-Length:");
        if (end == NULL)
            continue;
        all = (size_t)(end - request) + 4 + (announced != NULL ? strtoul(announced + 17, NULL, 10) : 0);
        if (length >= all)
            return true;
    }
}

static inline bool server_answer_request(int fd, unsigned turn, const char *request)
{
    const char *path = strchr(request, ' ') + 1;
    for (size_t i = 0; i < sizeof(server_routes) / sizeof(server_routes[0]); i++) {
        size_t length = strlen(server_routes[i].prefix);
        if (strncmp(path, server_routes[i].prefix, length) == 0)
            return server_routes[i].answer(fd, strtol(path + length, NULL, 10), turn, request);
    }
    return answer_status(fd, 404, turn, request);
}

static inline void server_handle(struct server_view *view, int fd)
{
    char request[HEAD_SIZE];
    alarm(SERVER_LIFE);
    for (unsigned turn = 0; server_read(fd, request, sizeof(request)); turn++) {
        memcpy(view->head, request, sizeof(request));
        view->requests++;
        if (!server_answer_request(fd, turn, request))
            break;
    }
    close(fd);
    _exit(0);
}

static inline void server_pump(int client, int target)
{
    struct pollfd fds[] = {{client, POLLIN, 0}, {target, POLLIN, 0}};
    char block[16384];
    while (poll(fds, 2, -1) > 0) {
        int i = fds[0].revents != 0 ? 0 : 1;
        ssize_t got = recv(fds[i].fd, block, sizeof(block), 0);
        if (got <= 0)
            _exit(0);
        send_bytes(fds[1 - i].fd, block, (size_t)got);
    }
    _exit(0);
}

/* A proxy that knows one host, which it takes for the TLS server, and refuses the others in two ways. */
static inline void server_tunnel(struct server *server, int fd)
{
    char request[HEAD_SIZE];
    alarm(SERVER_LIFE);
    if (!server_read(fd, request, sizeof(request)))
        _exit(0);
    memcpy(server->view->tunnel, request, sizeof(request));
    server->view->tunnels++;
    if (strncmp(request, "CONNECT ak.example:443 ", 23) != 0) {
        send_text(
            fd, strstr(request, "locked") != NULL
                    ? "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n"
                    : "HTTP/1.1 302 No\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n");
        close(fd);
        _exit(0);
    }
    int target = server_connect(server->tls);
    send_text(fd, "HTTP/1.1 200 Go\r\nContent-Encoding: gzip\r\nLocation: http://evil.example/\r\n\r\n");
    server_pump(fd, target);
}

/* Forks a handler for a connection that waits on FD. */
static inline void server_accept(struct server *server, int fd, int port)
{
    int client = accept(fd, NULL, NULL);
    if (client < 0)
        return;
    server->view->connections += port == server->plain;
    server->view->canary += port == server->canary;
    if (port != server->canary && fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (port == server->proxy)
            server_tunnel(server, client);
        server_handle(server->view, client);
    }
    close(client);
}

static inline void server_serve(struct server *server, const int fds[3])
{
    struct pollfd polled[] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}, {fds[2], POLLIN, 0}};
    const int ports[] = {server->plain, server->canary, server->proxy};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    while (poll(polled, 3, -1) > 0)
        for (int i = 0; i < 3; i++)
            if (polled[i].revents != 0)
                server_accept(server, polled[i].fd, ports[i]);
    _exit(0);
}

/* TLS is the port where the proxy's tunnels end, 0 for none. */
static inline void server_start(struct server *server, int tls)
{
    int fds[3];
    *server = (struct server){.tls = tls};
    server->view =
        mmap(NULL, sizeof(*server->view), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fds[0] = server_listen(&server->plain);
    fds[1] = server_listen(&server->canary);
    fds[2] = server_listen(&server->proxy);
    server->closed_fd = server_bind(&server->closed);
    server_canary_port = server->canary;
    server->pid = fork();
    if (server->pid == 0)
        server_serve(server, fds);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* Ends one child of ours; 0 and -1, which kill(2) takes for whole groups, are no child. */
static inline void end_child(pid_t pid)
{
    if (pid <= 0)
        return;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static inline void server_stop(struct server *server)
{
    if (server->pid <= 0)
        return;
    end_child(server->pid);
    close(server->closed_fd);
    munmap(server->view, sizeof(*server->view));
}

/* What one test has: the server of the group, a loop, a client with SETTINGS. */
struct fixture {
    struct loop *loop;
    struct http *http;
    struct http_settings settings;
    struct error err;
    struct http_response response;
};

static inline void fixture_open(struct fixture *fixture)
{
    struct error *err = &fixture->err;
    fixture->settings.allow_plain_http = true;
    /* A shell ignores it for what runs in the background. */
    signal(SIGINT, SIG_DFL);
    assert_true(loop_open(&fixture->loop, err));
    if (!http_open(fixture->loop, &fixture->settings, &fixture->http, err))
        fail_msg("%s", err->message);
}

static inline void fixture_close(struct fixture *fixture)
{
    http_response_release(&fixture->response);
    http_close(fixture->http);
    loop_close(fixture->loop);
}
#define cleanup_fixture __attribute__((cleanup(fixture_close)))

/* GETs http://127.0.0.1:PORT/PATH, at most 1 KiB of it unless REQUEST says more. */
static inline bool fixture_get(struct fixture *fixture, int port, const char *path,
                               struct http_request request)
{
    char url[512];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
    request.what = "the page";
    request.url = url;
    request.limit = request.limit != 0 ? request.limit : 1024;
    http_response_release(&fixture->response);
    fixture->response.sent = false;
    error_clear(&fixture->err);
    return http_perform(fixture->http, &request, &fixture->response, &fixture->err);
}

static inline void assert_code(const struct error *err, enum error_code code)
{
    if (err->code != code)
        fail_msg("expected %s, got %s: %s", error_code_name(code), error_code_name(err->code), err->message);
}

static inline void assert_says(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' does not say '%s'", text, part);
}

static inline void assert_silent(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("'%s' says '%s'", text, part);
}

#endif
