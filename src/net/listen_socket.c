/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a port that is ours on every address that the browser may try. */
#include "net/listen_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "net/callback_server.h"

enum { BACKLOG = 256, RANDOM_PORT_TRIES = 16, MESSAGE_SIZE = 400 };

/* The hosts that an address means; all of them get the same port. */
struct place {
    const char *hosts[LISTEN_SOCKET_MAXIMUM];
    size_t count;
    int port;
    char literal[INET6_ADDRSTRLEN];
};

static void place_set(struct place *place, const char *first, const char *second)
{
    place->hosts[0] = first;
    place->hosts[1] = second;
    place->count = second != NULL ? 2 : 1;
}

static bool is_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool host_parse(const char *host, size_t length, bool dual_stack, struct place *place)
{
    bool bracketed = length >= 2 && host[0] == '[' && host[length - 1] == ']';
    if (bracketed) {
        host++;
        length -= 2;
    }
    if (length >= sizeof place->literal || (memchr(host, ':', length) != NULL) != bracketed)
        return false;
    memcpy(place->literal, host, length);
    place->literal[length] = '\0';
    if (length == 0 || strcmp(place->literal, "::") == 0)
        place_set(place, "0.0.0.0", "::");
    else if (strcmp(place->literal, dual_stack ? "127.0.0.1" : "localhost") == 0)
        place_set(place, "127.0.0.1", "::1");
    else
        place_set(place, place->literal, NULL);
    return is_address(place->hosts[0]);
}

static bool place_parse(const char *address, bool dual_stack, struct place *place, struct error *err)
{
    if (*address == '\0')
        address = "127.0.0.1:0";
    const char *colon = strrchr(address, ':');
    int64_t port;
    if (colon == NULL || !text_to_number(colon + 1, 0, 65535, &port) ||
        !host_parse(address, (size_t)(colon - address), dual_stack, place)) {
        error_set(err, ERROR_CONFIG, "listen address '%s' is not an address and a port", safe(address));
        return error_hint(err, "write it as 127.0.0.1:8000 or [::1]:8000; port 0 takes a random one");
    }
    place->port = (int)port;
    return true;
}

bool listen_socket_check(const struct text_list *addresses, struct error *err)
{
    struct place ignored;
    for (size_t i = 0; i < addresses->count; i++)
        if (!place_parse(addresses->items[i], false, &ignored, err))
            return false;
    return true;
}

/* True when the cause says that this machine has no such address, rather than that the port is taken. */
static bool family_is_missing(int cause)
{
    return cause == EAFNOSUPPORT || cause == EADDRNOTAVAIL || cause == EPROTONOSUPPORT;
}

static bool bind_and_listen(int fd, const char *host, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
    const int on = 1;
    if (!is_v4 && (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1 ||
                   setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0))
        return false;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           bind(fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
                is_v4 ? sizeof v4 : sizeof v6) == 0 &&
           listen(fd, BACKLOG) == 0;
}

/* Gives 0, or the errno. */
static int socket_open(const char *host, int port, int *out)
{
    int family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
    cleanup_fd int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) /* a sandbox may forbid a family that the kernel has */
        return errno == EACCES || errno == EPERM ? EAFNOSUPPORT : errno;
    if (!bind_and_listen(fd, host, port))
        return errno;
    *out = steal_fd(&fd);
    return 0;
}

static int socket_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

/* Takes the port on all hosts of the place that exist. Gives 0, or the errno of the one that stands in the
 * way. */
static int place_open(const struct place *place, struct listen_socket *out)
{
    struct listen_socket sockets = {.port = place->port};
    int cause = 0;
    for (size_t i = 0; i < place->count; i++) {
        int result = socket_open(place->hosts[i], sockets.port, &sockets.fds[sockets.count]);
        if (result == 0) {
            sockets.port = socket_port(sockets.fds[sockets.count++]);
            continue;
        }
        cause = result;
        if (!family_is_missing(result)) {
            listen_socket_release(&sockets);
            return cause;
        }
    }
    if (sockets.count == 0)
        return cause;
    *out = sockets;
    return 0;
}

/* A random port can be free on one loopback address and taken on the other: another one then. */
static int place_open_retrying(const struct place *place, struct listen_socket *out)
{
    int cause = place_open(place, out);
    for (int i = 1; place->port == 0 && cause == EADDRINUSE && i < RANDOM_PORT_TRIES; i++)
        cause = place_open(place, out);
    return cause;
}

static void add_holder_hint(int port, struct error *err)
{
    cleanup_string char *holder = callback_server_port_holder(port);
    if (holder != NULL)
        error_hint(err, "port %d is held by %s", port, holder);
}

static bool try_place(const struct place *place, const char *name, struct listen_socket *out,
                      struct error *err)
{
    int cause = place_open_retrying(place, out);
    if (cause == 0)
        return true;
    log_line(1, "cannot listen on %s: %s", safe(name), strerror(cause));
    struct error before = *err;
    bool first = before.code == ERROR_NONE;
    error_set(err, ERROR_PORT, "%s%s '%s': %s", first ? "cannot listen on" : before.message, first ? "" : ",",
              safe(name), strerror(cause));
    if (before.hint[0] != '\0')
        error_hint(err, "%s", before.hint);
    if (cause == EADDRINUSE && place->port != 0)
        add_holder_hint(place->port, err);
    return false;
}

bool listen_socket_open(const struct listen_request *request, struct listen_socket *out, struct error *err)
{
    struct error failure = {0};
    struct listen_socket sockets = {0};
    size_t count = request->addresses->count;
    for (size_t i = 0; i < count + request->random_fallback; i++) {
        const char *name = i < count ? request->addresses->items[i] : "127.0.0.1:0";
        struct place place;
        if (!place_parse(name, request->dual_stack, &place, err))
            return false;
        if (!try_place(&place, name, &sockets, &failure))
            continue;
        log_line(1, "listening on port %d", sockets.port);
        sockets.index = i;
        *out = sockets;
        return true;
    }
    if (failure.code == ERROR_NONE)
        return error_set(err, ERROR_CONFIG, "no address to listen on");
    error_hint(&failure, "free one of them, or name another with --listen-address=127.0.0.1:PORT");
    *err = failure;
    return false;
}

void listen_socket_release(struct listen_socket *sockets)
{
    for (size_t i = 0; i < sockets->count; i++)
        close(sockets->fds[i]);
    sockets->count = 0;
}
