# SPDX-License-Identifier: Apache-2.0
"""The program may be killed before any system call: what is on the disk is old or new, and the next run works."""

import pytest
from ground import Ground, side_by_side

KILLED = -9


# Calls whose number in a run does not depend on how its bytes come in.
STEADY = {"openat", "pwrite64", "fsync", "renameat", "ftruncate", "fallocate", "flock", "fchmod", "unlinkat", "getdents64"}
# Libraries are loaded by hundreds of these, which leave nothing behind: every tenth will do.
QUIET = {"mmap", "mprotect", "munmap", "brk", "futex", "newfstatat", "fstat", "pread64", "getpid", "geteuid", "close", "read"}


def place(points, is_mark):
    """The number of the call that IS_MARK knows."""
    return next(number for number, point in enumerate(points) if is_mark(point))


def kill_everywhere(grounds, prepare, points, may_cost_a_login):
    """Kills at each call; what may have been lost by then costs one login, nothing else does."""
    def kill(ground, case):
        number, point = case
        prepare(ground)
        result = ground.run(point.spoil("signal=KILL"))
        if result.status != KILLED:  # there were fewer such calls this time
            ground.judge(result, point)
            return
        killed.append(point)
        logins = 1 if may_cost_a_login(number) or point.name not in STEADY else 0
        ground.judge_rest(f"killed at {point}", logins)
    killed = []
    cases = [(number, point) for number, point in enumerate(points) if point.name not in QUIET or number % 10 == 0]
    assert side_by_side(grounds, cases, kill) == []
    assert len(killed) > 0.8 * len(cases)


def is_send(point):
    return point.name == "sendto" and "/token/" in point.text


def is_save(point):
    return point.name == "renameat" and ".json" in point.text


@pytest.mark.ids("T-33")
def test_a_refresh_that_is_killed_anywhere(grounds):
    """Only what was spent and not yet saved is lost."""
    points = grounds[0].record(Ground.prepare_refresh)
    send, save = place(points, is_send), place(points, is_save)
    kill_everywhere(grounds, Ground.prepare_refresh, points, lambda number: send < number <= save)


@pytest.mark.ids("T-33")
def test_a_login_that_is_killed_anywhere(grounds):
    points = grounds[0].record(Ground.prepare_login)
    save = place(points, is_save)
    kill_everywhere(grounds, Ground.prepare_login, points, lambda number: number <= save)


@pytest.mark.ids("T-33")
@pytest.mark.parametrize("prepare", [Ground.prepare_refresh, Ground.prepare_login])
def test_a_file_takes_its_place_only_after_it_is_on_the_disk(grounds, prepare):
    """In the trace: written, synced, renamed, the directory synced; whatever is written is written beside."""
    calls = [(point.name, point.text) for point in grounds[0].record(prepare)
             if point.name in ("pwrite64", "write", "fsync", "renameat", "ftruncate")]
    for number, (name, text) in enumerate(calls):
        if name == "renameat":
            draft = text.split('"')[1]
            about = [other for other, where in calls[:number] if draft in where]
            assert about[-1] == "fsync" and "pwrite64" in about
            following, where = calls[number + 1]
            assert following == "fsync" and where.split(">")[0].endswith("/cache")
    assert sum(name == "renameat" for name, _ in calls) >= 2
    assert all(".tok." in text for name, text in calls if name == "pwrite64")
