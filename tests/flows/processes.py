# SPDX-License-Identifier: Apache-2.0
"""Which processes there are, from /proc (a zombie still takes signals, so that `os.kill` proves nothing), and what they do."""

import fcntl
from pathlib import Path


def stat(path):
    """The words behind the name of a process: its state, its parent, ...; none when it has ended."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def is_alive(pid):
    return stat(Path(f"/proc/{pid}/stat"))[:1] not in ([], ["Z"], ["X"])


def children(pid):
    """The children of a process, zombies too."""
    found = [stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
    return [words for words in found if words and int(words[1]) == pid]


def is_held(lock):
    """Whether a process holds a lock file."""
    with open(lock, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
