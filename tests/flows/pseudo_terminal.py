# SPDX-License-Identifier: Apache-2.0
"""A terminal of the test's own: the program's stderr, and the keys that a person presses."""

import codecs
import fcntl
import os
import pty
import select
import termios
import time


class Terminal:
    """`process` are the arguments of Program.start for a program whose controlling terminal this is."""

    def __init__(self, columns=200):
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, columns))
        self.settings = termios.tcgetattr(self.slave)
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may end within a character

    @property
    def process(self):
        return {"stdin": self.slave, "stderr": self.slave, "preexec_fn": self.take}

    def take(self):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def press(self, keys):
        os.write(self.master, keys)

    def receive(self):
        return self.decoder.decode(os.read(self.master, 65536))

    def read_until(self, text, patience=60):
        """What the screen got, up to and with TEXT."""
        end = time.monotonic() + patience
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {text!r} in {self.seen!r}"
            self.seen += self.receive()
        return self.seen

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
