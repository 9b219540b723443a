# SPDX-License-Identifier: Apache-2.0
"""`Seat`: the program at a terminal, as a person in a shell has it; stdout is a pipe, as for kubectl."""

import os
import re
import select
import time

from program import Result
from pseudo_terminal import Terminal

CTRL_C = b"\x03"


class Seat(Terminal):
    def __init__(self, program, command, *flags, columns=200, **environment):
        super().__init__(columns)
        self.running = program.start(command, *flags, process=self.process, **{"TERM": "xterm", **environment})

    def expect(self, pattern, patience=60):
        """Reads until what was shown so far matches."""
        end = time.monotonic() + patience
        while not (found := re.search(pattern, self.seen)):
            left = end - time.monotonic()
            assert left > 0 and self.read(left), f"no {pattern} in {self.seen!r}"
        return found

    def read(self, seconds):
        """Takes what is shown next; gives whether there was something."""
        ready = select.select([self.master], [], [], seconds)[0]
        self.seen += self.receive() if ready else ""
        return bool(ready)

    def wait(self, timeout=90):
        """The Result; its `err` is what stays on the screen: lines that were cleared are gone, and the key's echo."""
        process = self.running.process
        status = process.wait(timeout)
        out = process.stdout.read().decode()
        while self.read(0.05):
            pass
        process.stderr = open(os.devnull, "rb")  # `Program` closes what its processes have
        self.hang_up()
        return Result(status, out, re.sub(r"[^\n]*\r\x1b\[K|\^C", "", self.seen.replace("\r\n", "\n")))
