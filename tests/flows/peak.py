# SPDX-License-Identifier: Apache-2.0
"""A parent so small that it does not count: runs a program and notes how much memory it had at most."""

import os
import sys

LIMIT = 32 * 1024  # kilobytes


def words(file):
    """What to put before a program."""
    return [sys.executable, "-SE", __file__, str(file)]


def main():
    pid = os.fork()
    if pid == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    _, status, usage = os.wait4(pid, 0)
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write(str(usage.ru_maxrss))
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


if __name__ == "__main__":
    main()
