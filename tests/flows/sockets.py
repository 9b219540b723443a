# SPDX-License-Identifier: Apache-2.0
"""Who listens where on this loopback: other programs that hold ports, and what the kernel's tables say."""

import contextlib
import socket
from pathlib import Path

LISTENING, TIME_WAIT = "0A", "06"
ADDRESSES = {"0100007F": "127.0.0.1", "00000000": "0.0.0.0", "0" * 32: "::", "0" * 24 + "01000000": "::1"}


def open_listener(address, port, reuse=False):
    """Another program that listens on ADDRESS; on :: it takes no IPv4."""
    plug = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if ":" in address:
        plug.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse:
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        plug.bind((address, port))
        plug.listen(16)
    except OSError:
        plug.close()
        raise
    return plug


@contextlib.contextmanager
def holding(*places, reuse=False):
    """Holds every (address, port) for the duration."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(open_listener(*place, reuse=reuse)) for place in places]


@contextlib.contextmanager
def swallowing(port):
    """Connections to the port neither stand nor fail: its queues are full."""
    with contextlib.ExitStack() as stack:
        for address in ("127.0.0.1", "::1"):
            plug = stack.enter_context(open_listener(address, port))
            plug.listen(0)
            for _ in range(4):
                other = stack.enter_context(socket.socket(plug.family))
                other.setblocking(False)
                other.connect_ex(plug.getsockname()[:2])
        yield


def table():
    """(address, port, state) of every TCP socket here."""
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            address, _, port = words[1].partition(":")
            yield ADDRESSES.get(address, address), int(port, 16), words[3]


def listeners(port):
    """The addresses on which somebody listens on a port."""
    return sorted(address for address, number, state in table() if (number, state) == (port, LISTENING))


def is_free(port):
    """Whether a connection to the port is refused, on both addresses."""
    for address in ("127.0.0.1", "::1"):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((address, port), timeout=30):
            return False
    return True
