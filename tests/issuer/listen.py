# SPDX-License-Identifier: Apache-2.0
"""Listening on both loopback addresses, one port, and the loop of one connection."""

import asyncio
import errno
import itertools
import socket

from . import wire

ATTEMPTS = 50


def bind_loopback(port):
    """Return listening sockets for 127.0.0.1 and, where it exists, ::1 on one port."""
    for _ in range(ATTEMPTS):
        first = open_socket(socket.AF_INET, "127.0.0.1", port)
        try:
            second = open_socket(socket.AF_INET6, "::1", first.getsockname()[1])
        except OSError as failure:
            if failure.errno == errno.EADDRINUSE and port == 0:
                first.close()
                continue
            if failure.errno == errno.EADDRINUSE:
                raise
            return [first]
        return [first, second]
    raise OSError(errno.EADDRINUSE, "no port is free on both loopback addresses")


def open_socket(family, address, port):
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(256)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


async def start(app, port, context):
    """Serve the application; gives the port."""
    numbers = itertools.count(1)
    scheme = "https" if context else "http"

    async def connected(reader, writer):
        connection = wire.Connection(reader, writer, next(numbers), scheme)
        try:
            await serve(app, connection)
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError, OSError):
            pass
        finally:
            writer.close()

    asyncio.get_running_loop().set_exception_handler(ignore_broken_connections)
    sockets = bind_loopback(port)
    for listener in sockets:
        await asyncio.start_server(connected, sock=listener, ssl=context, limit=wire.HEAD_LIMIT)
    return sockets[0].getsockname()[1]


async def serve(app, connection):
    """Answer requests until one side wants to stop."""
    while True:
        try:
            request = await connection.read_request()
        except wire.BadRequest as failure:
            await connection.send(wire.plain(failure.status, str(failure)), keep_alive=False)
            return
        if request is None or not await app.handle(request, connection):
            return


def ignore_broken_connections(loop, details):
    """A client that resets, or that refuses our certificate, is nothing to report."""
    if not isinstance(details.get("exception"), OSError):
        loop.default_exception_handler(details)
