# SPDX-License-Identifier: Apache-2.0
"""Every system call of a refresh and of a login may fail: an answer or a clean error, nothing torn, nothing lost in silence."""

import pytest
from ground import Ground, Point, side_by_side, some

ERRORS = ["ENOSPC", "EIO", "EROFS", "EACCES", "EMFILE", "ENOMEM", "EINTR"]
FILES = ["openat", "pwrite64", "fsync", "renameat", "ftruncate", "fallocate", "flock"]
NETWORK = ["socket", "connect", "sendto", "recvfrom", "poll"]
CALLBACK = ["bind", "listen", "accept4", "epoll_create1", "epoll_wait", "setsockopt", "sendmsg"]
OTHERS = ["write", "read", "newfstatat", "fchmod", "getrandom", "getdents64", "unlinkat", "socketpair", "fcntl", "getsockopt",
          "signalfd4", "prctl"]  # another libc may use others
MOST_OF_OURS, MOST_OF_LIBRARIES = 8, 2
PREPARE = {"refresh": Ground.prepare_refresh, "login": Ground.prepare_login}
PAIRS = [("refresh", name) for name in FILES + NETWORK + OTHERS] + [
    ("login", name) for name in FILES + NETWORK + CALLBACK + OTHERS]


@pytest.fixture(scope="module")
def records(grounds):
    """The system calls of one run of each flow that nothing disturbs."""
    return {kind: grounds[0].record(prepare) for kind, prepare in PREPARE.items()}


def choose(points, name, cache):
    """The calls on our own files and sockets, and samples of those that libraries make of files."""
    named = [point for point in points if point.name == name]
    ours = [point for point in named if cache in point.text or name in NETWORK + CALLBACK]
    return some(ours, MOST_OF_OURS) + some([point for point in named if point not in ours], MOST_OF_LIBRARIES)


@pytest.mark.ids("T-32")
@pytest.mark.parametrize(("kind", "name"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_a_call_that_fails(grounds, records, kind, name):
    points = choose(records[kind], name, str(grounds[0].program.cache))
    cases = [(point, error) for point in points for error in ERRORS]
    assert cases or name in CALLBACK + OTHERS

    def spoil(ground, case):
        point, error = case
        PREPARE[kind](ground)
        ground.judge(ground.run(point.spoil(f"error={error}")), f"{kind}: {error} at {point}")
    assert side_by_side(grounds, cases, spoil) == []


@pytest.mark.parametrize("name", ["clone3", "clone", "vfork"])
def test_a_browser_that_cannot_be_started(grounds, name):
    """The person is shown the address instead."""
    def spoil(ground, error):
        ground.prepare_login()
        flags = [flag for flag in ground.program.flags if flag != "--skip-open-browser"]
        kept, ground.program.flags = ground.program.flags, flags
        result = ground.run(Point(name, "1+", "").spoil(f"error={error}"), timeout=60)
        ground.program.flags = kept
        ground.judge(result, f"{error} at {name}")
        assert result.status == 0
    assert side_by_side(grounds, ["EAGAIN", "ENOMEM", "EPERM", "ENOSYS"], spoil) == []
