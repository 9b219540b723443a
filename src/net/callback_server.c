/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd behind our own sockets and rules; the only file that knows it. */
#include "net/callback_server.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/late.h"
#include "base/log.h"
#include "net/callback_gate.h"
#include "net/callback_outcome.h"
#include "net/callback_request.h"
#include "net/listen_socket.h"

#define MICROHTTPD_FUNCTIONS(X)                                                                              \
    X(MHD_start_daemon)                                                                                      \
    X(MHD_stop_daemon) X(MHD_run) X(MHD_get_timeout) X(MHD_add_connection) X(MHD_get_daemon_info)            \
        X(MHD_get_connection_info) X(MHD_get_connection_values) X(MHD_suspend_connection)                    \
            X(MHD_resume_connection) X(MHD_create_response_from_buffer) X(MHD_add_response_header)           \
                X(MHD_queue_response) X(MHD_destroy_response) X(MHD_get_version)
static struct {
    MICROHTTPD_FUNCTIONS(LATE_MEMBER)
} mhd;
#define MICROHTTPD_SYMBOL(function) LATE_SYMBOL(mhd, function)
static const struct late_symbol symbols[] = {MICROHTTPD_FUNCTIONS(MICROHTTPD_SYMBOL)};
static const struct late_library library = {LATE_MICROHTTPD, "libmicrohttpd12", symbols,
                                            array_length(symbols)};

/* RUNS of the library in a row, so that one peer cannot keep us. */
enum { CONNECTION_MEMORY = 32 * 1024, TICK = 250, RUNS = 64, LOG_SIZE = 256 };

/* One request inside the library. */
struct request {
    struct callback_server *server;
    struct MHD_Connection *connection;
    struct request *next;
    char *target; /* raw */
    int fd;
    bool is_waiting, is_gone;
};
struct callback_server {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    int epoll; /* the library's */
    struct listen_socket sockets;
    struct callback_gate gate;
    char *extra_host;
    callback_handler *handler;
    void *context;
    struct request *requests;
    struct callback_outcome outcome;
    bool is_closing;
    bool is_drained;
    char log[LOG_SIZE];
};

__attribute__((format(printf, 2, 0))) static void log_library(void *context, const char *format, va_list list)
{
    struct callback_server *server = context;
    vsnprintf(server->log, sizeof server->log, format, list);
    server->log[strcspn(server->log, "\n")] = '\0';
    log_line(2, "libmicrohttpd: %s", safe(server->log));
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return value == NULL || mhd.MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response, const struct callback_answer *answer)
{
    for (const struct callback_header *header = callback_headers; header->name != NULL; header++)
        if (!add_header(response, header->name, header->value))
            return false;
    return add_header(response, "Content-Type", answer->body != NULL ? "text/html; charset=utf-8" : NULL) &&
           add_header(response, "Allow", answer->status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET" : NULL) &&
           add_header(response, "Location", answer->location);
}

static enum MHD_Result answer_request(struct request *request, const struct callback_answer *answer)
{
    unsigned status = answer->status != 0 ? answer->status : MHD_HTTP_INTERNAL_SERVER_ERROR;
    const char *body = answer->body != NULL ? answer->body : "";
    struct MHD_Response *response =
        mhd.MHD_create_response_from_buffer(strlen(body), (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    bool is_complete = add_headers(response, answer);
    enum MHD_Result result =
        is_complete ? mhd.MHD_queue_response(request->connection, status, response) : MHD_NO;
    mhd.MHD_destroy_response(response);
    log_line(2, "callback server: answered with status %u", status);
    return result;
}

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    struct callback_request *head = context;
    if (strcasecmp(name, "Host") == 0) {
        head->host = (struct callback_text){value != NULL ? value : "", value != NULL ? strlen(value) : 0};
        head->host_count++;
    }
    return MHD_YES;
}

/* With TLS nobody has looked yet; without, the same judgement once more, on what the library understood. */
static unsigned judge(const struct request *request, const char *method)
{
    struct callback_request head = {
        .method = {method, strlen(method)},
        .target = {request->target, strlen(request->target)},
    };
    mhd.MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_host, &head);
    return callback_request_judge(&head, &request->server->gate.names);
}

static enum MHD_Result wait_or_answer(struct request *request, const struct callback_answer *answer)
{
    struct callback_server *server = request->server;
    if (!answer->wait) {
        callback_outcome_note_answer(&server->outcome, answer);
        return answer_request(request, answer);
    }
    if (server->outcome.is_known)
        return answer_request(request, &server->outcome.answer);
    if (!callback_gate_wait(&server->gate, request->fd))
        return answer_request(request, &(struct callback_answer){.status = MHD_HTTP_SERVICE_UNAVAILABLE});
    request->is_waiting = true;
    mhd.MHD_suspend_connection(request->connection);
    return MHD_YES;
}

/* The request's head is complete, or the connection was resumed. A body is never read: the answer stands
 * before it. */
static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload,
                                      size_t *upload_size, void **slot)
{
    struct callback_server *server = context;
    struct request *request = *slot;
    (void)connection, (void)url, (void)version, (void)upload, (void)upload_size;
    if (request == NULL || request->is_gone || server->is_closing)
        return MHD_NO;
    if (request->is_waiting) {
        request->is_waiting = false;
        return answer_request(request, &server->outcome.answer);
    }
    unsigned status = judge(request, method);
    if (status != 200)
        return answer_request(request, &(struct callback_answer){.status = status});
    callback_outcome_note_request(&server->outcome, request->target);
    size_t length = strlen(request->target);
    struct callback_answer answer = server->handler(server->context, request->target, length);
    return wait_or_answer(request, &answer);
}

static int connection_fd(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

/* The request line has come: the one moment at which the target can be seen as it was sent. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    struct callback_server *server = context;
    struct request *request = memory_allocate(sizeof *request);
    *request = (struct request){.server = server, .connection = connection, .next = server->requests};
    request->target = memory_copy_text(target);
    request->fd = connection_fd(connection);
    server->requests = request;
    return request;
}

static void end_request(void *context, struct MHD_Connection *connection, void **slot,
                        enum MHD_RequestTerminationCode code)
{
    struct callback_server *server = context;
    struct request *request = *slot;
    (void)connection, (void)code;
    if (request == NULL)
        return;
    struct request **link = &server->requests;
    while (*link != request)
        link = &(*link)->next;
    *link = request->next;
    free(request->target);
    free(request);
    *slot = NULL;
}

static void end_connection(void *context, struct MHD_Connection *connection, void **slot,
                           enum MHD_ConnectionNotificationCode code)
{
    struct callback_server *server = context;
    (void)slot;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED)
        callback_gate_forget(&server->gate, connection_fd(connection));
}

/* The library works until nothing is left to do at once: its epoll descriptor does not show everything. */
static void run(struct callback_server *server)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    for (int i = 0; i < RUNS && timeout == 0; i++) {
        callback_gate_run(&server->gate);
        mhd.MHD_run(server->daemon);
        if (mhd.MHD_get_timeout(server->daemon, &timeout) != MHD_YES)
            break;
    }
    server->is_drained = server->requests == NULL && server->outcome.promised == NULL;
}

static void ready(void *context, int fd, short events)
{
    (void)fd, (void)events;
    run(context);
}

static bool is_gone(const struct request *request)
{
    struct pollfd peer = {.fd = request->fd, .events = POLLRDHUP};
    return poll(&peer, 1, 0) == 1;
}

/* Lets waiting requests go on; ONLY_GONE: those whose browser gave up, so that they keep nobody's place. */
static void resume_waiting(struct callback_server *server, bool only_gone)
{
    for (struct request *request = server->requests; request != NULL; request = request->next) {
        if (!request->is_waiting || (only_gone && !is_gone(request)))
            continue;
        request->is_gone |= only_gone;
        callback_gate_resume(&server->gate, request->fd);
        mhd.MHD_resume_connection(request->connection);
    }
}

static void tick(void *context)
{
    struct callback_server *server = context;
    resume_waiting(server, true);
    callback_gate_sweep(&server->gate);
    run(server);
}

static bool pass_connection(void *context, int fd)
{
    const struct callback_server *server = context;
    const struct sockaddr nobody = {.sa_family = AF_INET}; /* it would serve limits per peer, which are off */
    return mhd.MHD_add_connection(server->daemon, fd, &nobody, sizeof nobody) == MHD_YES;
}

static bool start_daemon(struct callback_server *server, const struct callback_server_settings *settings)
{
    bool encrypted = settings->certificate != NULL;
    cleanup_string char *certificate = memory_copy_text(settings->certificate);
    cleanup_secret char *key = memory_copy_text(settings->key);
    const struct MHD_OptionItem tls[] = {
        {encrypted ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, key},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    server->daemon = mhd.MHD_start_daemon(
        encrypted ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, handle_request, server,
        MHD_OPTION_EXTERNAL_LOGGER, log_library, server, MHD_OPTION_URI_LOG_CALLBACK, begin_request, server,
        MHD_OPTION_NOTIFY_COMPLETED, end_request, server, MHD_OPTION_NOTIFY_CONNECTION, end_connection,
        server, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CALLBACK_GATE_SIZE, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(CALLBACK_GATE_PATIENCE / 1000),
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    return server->daemon != NULL;
}

static bool open_daemon(struct callback_server *server, const struct callback_server_settings *settings,
                        struct error *err)
{
    bool encrypted = settings->certificate != NULL;
    if (encrypted != (settings->key != NULL))
        return error_set(err, ERROR_CONFIG, "an https callback needs both a certificate and a key");
    if (!start_daemon(server, settings)) {
        if (!encrypted)
            return error_set(err, ERROR_LIBRARY, "cannot start libmicrohttpd: %s", safe(server->log));
        error_set(err, ERROR_CONFIG, "cannot use --local-server-cert with --local-server-key: %s",
                  safe(server->log));
        return error_hint(err, "both must be PEM and belong together, and the key must not be encrypted");
    }
    const union MHD_DaemonInfo *info = mhd.MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0)
        return error_set(err, ERROR_LIBRARY, "cannot watch libmicrohttpd: it was built without epoll");
    server->epoll = info->epoll_fd;
    return true;
}

static bool open_parts(struct callback_server *server, const struct callback_server_settings *settings,
                       struct error *err)
{
    const struct listen_request request = {settings->addresses, settings->dual_stack,
                                           settings->random_fallback};
    if (!open_daemon(server, settings, err) || !listen_socket_open(&request, &server->sockets, err))
        return false;
    bool encrypted = settings->certificate != NULL;
    server->gate.names = (struct callback_names){server->sockets.port, encrypted, server->extra_host};
    return callback_gate_open(&server->gate, server->sockets.fds, server->sockets.count, err);
}

bool callback_server_open(struct loop *loop, const struct callback_server_settings *settings,
                          struct callback_server **out, struct error *err)
{
    if (!late_bind(&library, err))
        return false;
    cleanup_callback_server struct callback_server *server = memory_allocate(sizeof *server);
    server->gate = (struct callback_gate){.epoll = -1, .pass = pass_connection, .context = server};
    server->handler = settings->handler;
    server->context = settings->context;
    server->extra_host = memory_copy_text(settings->extra_host);
    if (!open_parts(server, settings, err))
        return false;
    server->loop = loop;
    loop_watch(loop, server->gate.epoll, POLLIN, ready, server);
    loop_watch(loop, server->epoll, POLLIN, ready, server);
    loop_every(loop, TICK, tick, server);
    *out = steal(server);
    return true;
}

int callback_server_port(const struct callback_server *server)
{
    return server->sockets.port;
}

size_t callback_server_index(const struct callback_server *server)
{
    return server->sockets.index;
}

void callback_server_release(struct callback_server *server, const struct callback_answer *answer)
{
    callback_outcome_set(&server->outcome, answer);
    resume_waiting(server, false);
    loop_after(server->loop, 0, tick, server); /* the library does not wake its epoll descriptor for that */
}

void callback_server_drain(struct callback_server *server, int milliseconds)
{
    struct error ignored = {0};
    run(server);
    if (!server->is_drained)
        (void)!loop_run(server->loop, &server->is_drained, clock_monotonic() + milliseconds, &ignored);
}

void callback_server_close(struct callback_server *server)
{
    if (server == NULL)
        return;
    if (server->loop != NULL) {
        loop_unwatch(server->loop, server->gate.epoll);
        loop_unwatch(server->loop, server->epoll);
        loop_never(server->loop, tick, server);
    }
    listen_socket_release(&server->sockets);
    callback_gate_release(&server->gate);
    server->is_closing = true;
    resume_waiting(server, false);
    if (server->daemon != NULL)
        mhd.MHD_stop_daemon(server->daemon);
    callback_outcome_release(&server->outcome);
    free(server->extra_host);
    free(server);
}

void callback_server_cleanup(struct callback_server **server)
{
    callback_server_close(*server);
    *server = NULL;
}

bool callback_server_library_version(const char **version, struct error *err)
{
    if (!late_bind(&library, err))
        return false;
    *version = mhd.MHD_get_version();
    return true;
}
