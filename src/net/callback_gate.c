/* SPDX-License-Identifier: Apache-2.0 */
/* The table of connections, and the look at their first bytes. */
#include "net/callback_gate.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { EVENTS = 32, ACCEPTS_PER_RUN = 32, PEEK_SIZE = CALLBACK_HEAD_LIMIT + 4, DISCARD_SIZE = 4096 };

static bool watch(const struct callback_gate *gate, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(gate->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool callback_gate_open(struct callback_gate *gate, const int *listeners, size_t count, struct error *err)
{
    gate->listeners = listeners;
    gate->listener_count = count;
    gate->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (gate->epoll < 0)
        return error_set(err, ERROR_PORT, "cannot watch the callback sockets: %s", strerror(errno));
    for (size_t i = 0; i < count; i++)
        if (!watch(gate, listeners[i], EPOLLIN)) {
            error_set(err, ERROR_PORT, "cannot watch the callback sockets: %s", strerror(errno));
            callback_gate_release(gate);
            return false;
        }
    return true;
}

static struct callback_connection *find(struct callback_gate *gate, int fd)
{
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        if (gate->connections[i].phase != CALLBACK_PHASE_FREE && gate->connections[i].fd == fd)
            return &gate->connections[i];
    return NULL;
}

static struct callback_connection *find_free(struct callback_gate *gate)
{
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        if (gate->connections[i].phase == CALLBACK_PHASE_FREE)
            return &gate->connections[i];
    return NULL;
}

static bool is_busy(const struct callback_connection *connection)
{
    return connection->phase == CALLBACK_PHASE_HEAD || connection->phase == CALLBACK_PHASE_GIVEN;
}

static size_t count_phase(const struct callback_gate *gate, enum callback_phase phase)
{
    size_t count = 0;
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        count += gate->connections[i].phase == phase;
    return count;
}

/* A connection of the library is shut down, and the library then closes it and forgets it here. */
static void end(struct callback_connection *connection)
{
    if (connection->phase == CALLBACK_PHASE_GIVEN) {
        shutdown(connection->fd, SHUT_RDWR);
        connection->phase = CALLBACK_PHASE_ENDED;
        return;
    }
    close(connection->fd);
    connection->phase = CALLBACK_PHASE_FREE;
}

static struct callback_connection *find_oldest(struct callback_gate *gate)
{
    struct callback_connection *oldest = NULL;
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++) {
        struct callback_connection *connection = &gate->connections[i];
        if (is_busy(connection) && (oldest == NULL || connection->serial < oldest->serial))
            oldest = connection;
    }
    return oldest;
}

/* A browser sends its request soon, but not in the same instant: whoever just came stays, however many push.
 */
static bool may_be_ended(const struct callback_connection *connection)
{
    return connection != NULL && clock_monotonic() - connection->since >= CALLBACK_GATE_GRACE;
}

static void set_paused(struct callback_gate *gate, bool is_paused)
{
    if (gate->is_paused == is_paused)
        return;
    gate->is_paused = is_paused;
    for (size_t i = 0; i < gate->listener_count; i++) {
        struct epoll_event event = {.events = is_paused ? 0 : EPOLLIN, .data.fd = gate->listeners[i]};
        epoll_ctl(gate->epoll, EPOLL_CTL_MOD, gate->listeners[i], &event);
    }
}

/* Gives the connection away. The slot is marked first: the library may end the connection before it
 * returns. */
static void give(struct callback_gate *gate, struct callback_connection *connection)
{
    int fd = connection->fd;
    connection->phase = CALLBACK_PHASE_GIVEN;
    if (!gate->pass(gate->context, fd))
        callback_gate_forget(gate, fd);
}

/* Answers without the library. What was only looked at is read, or closing would reset the answer away. */
static void refuse(struct callback_connection *connection, unsigned status)
{
    log_line(2, "callback server: refused a request with status %u", status);
    cleanup_string char *answer = callback_request_refusal(status);
    ssize_t moved = send(connection->fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(connection->fd, SHUT_WR);
    char bytes[DISCARD_SIZE];
    for (int i = 0; i < 2 * CALLBACK_HEAD_LIMIT / DISCARD_SIZE && moved > 0; i++)
        moved = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    end(connection);
}

/* Edge-triggered: called once for every arrival of bytes, of which none are taken. */
static void look(struct callback_gate *gate, struct callback_connection *connection, uint32_t events)
{
    static char head[PEEK_SIZE]; /* of the one loop; too large for a stack frame */
    ssize_t length;
    do {
        length = recv(connection->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    } while (length < 0 && errno == EINTR);
    if (length < 0 && errno == EAGAIN)
        return;
    if (length <= 0 || ++connection->looks > CALLBACK_GATE_LOOKS) {
        end(connection);
        return;
    }
    struct callback_request request;
    unsigned status = callback_request_parse(head, (size_t)length, &request);
    if (status == 200)
        status = callback_request_judge(&request, &gate->names);
    if (status == 200) {
        epoll_ctl(gate->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
        give(gate, connection);
    } else if (status != 0) {
        refuse(connection, status);
    } else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        end(connection);
    }
}

static void admit(struct callback_gate *gate, struct callback_connection *connection, int fd)
{
    int64_t now = clock_monotonic();
    *connection = (struct callback_connection){
        .fd = fd, .since = now, .serial = ++gate->serial, .phase = CALLBACK_PHASE_HEAD};
    if (gate->names.encrypted)
        give(gate, connection);
    else if (!watch(gate, fd, EPOLLIN | EPOLLRDHUP | EPOLLET))
        end(connection);
}

/* Takes one from the queue, in place of the oldest when there are too many. False when that is all for now.
 */
static bool accept_one(struct callback_gate *gate, int listener)
{
    struct callback_connection *place = find_free(gate), *oldest = find_oldest(gate);
    size_t busy = count_phase(gate, CALLBACK_PHASE_HEAD) + count_phase(gate, CALLBACK_PHASE_GIVEN);
    bool is_full = busy >= CALLBACK_GATE_BUSY;
    if (place == NULL || (is_full && !may_be_ended(oldest))) {
        set_paused(gate, true);
        return false;
    }
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool is_short = fd < 0 && (errno == EMFILE || errno == ENFILE);
    if ((is_full && fd >= 0) || (is_short && may_be_ended(oldest))) {
        log_line(2, "callback server: ended the oldest connection to make room");
        end(oldest);
    }
    if (is_short)
        set_paused(gate, true);
    if (fd >= 0)
        admit(gate, place, fd);
    return fd >= 0;
}

static void accept_some(struct callback_gate *gate, int listener)
{
    for (int i = 0; i < ACCEPTS_PER_RUN; i++)
        if (!accept_one(gate, listener))
            return;
}

static bool is_listener(const struct callback_gate *gate, int fd)
{
    for (size_t i = 0; i < gate->listener_count; i++)
        if (gate->listeners[i] == fd)
            return true;
    return false;
}

/* Looks first, accepts afterwards: a new connection may get the number of one that ended in this very run,
 * and must not get its events. */
void callback_gate_run(struct callback_gate *gate)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(gate->epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        struct callback_connection *connection = find(gate, events[i].data.fd);
        if (connection != NULL && connection->phase == CALLBACK_PHASE_HEAD)
            look(gate, connection, events[i].events);
    }
    for (int i = 0; i < count; i++)
        if (is_listener(gate, events[i].data.fd))
            accept_some(gate, events[i].data.fd);
}

void callback_gate_sweep(struct callback_gate *gate)
{
    int64_t limit = clock_monotonic() - CALLBACK_GATE_PATIENCE;
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++)
        if (is_busy(&gate->connections[i]) && gate->connections[i].since < limit)
            end(&gate->connections[i]);
    set_paused(gate, false);
}

void callback_gate_forget(struct callback_gate *gate, int fd)
{
    struct callback_connection *connection = find(gate, fd);
    if (connection != NULL)
        connection->phase = CALLBACK_PHASE_FREE;
}

bool callback_gate_wait(struct callback_gate *gate, int fd)
{
    struct callback_connection *connection = find(gate, fd);
    if (connection == NULL || count_phase(gate, CALLBACK_PHASE_WAITING) >= CALLBACK_GATE_WAITING)
        return false;
    connection->phase = CALLBACK_PHASE_WAITING;
    return true;
}

void callback_gate_resume(struct callback_gate *gate, int fd)
{
    struct callback_connection *connection = find(gate, fd);
    if (connection == NULL)
        return;
    connection->phase = CALLBACK_PHASE_GIVEN;
    connection->since = clock_monotonic();
}

void callback_gate_release(struct callback_gate *gate)
{
    for (size_t i = 0; i < CALLBACK_GATE_SIZE; i++) {
        if (gate->connections[i].phase == CALLBACK_PHASE_HEAD)
            close(gate->connections[i].fd);
        gate->connections[i].phase = CALLBACK_PHASE_FREE;
    }
    if (gate->epoll >= 0)
        close(gate->epoll);
    gate->epoll = -1;
}
