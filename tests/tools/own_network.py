# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: as root, run the tests in a loopback of their own, so that ports 8000 and 18000 are theirs."""

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 1


def pytest_configure(config):
    config.own_network = "own loopback" if enter() else "shared loopback (not root)"


def pytest_report_header(config):
    return f"network: {config.own_network}"


def enter():
    """Move this process, and so its children, to a new network namespace with nothing but loopback."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
    return True
