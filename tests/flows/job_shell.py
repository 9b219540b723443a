# SPDX-License-Identifier: Apache-2.0
"""A shell with job control and one job: `job_shell.before` goes before a command; at a stop it takes `bg` and `fg`."""

import os
import signal
import sys

before = [sys.executable, "-SE", __file__]


def say(text):
    os.write(2, f"[{text}]\n".encode())


def start(words):
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execv(words[0], words)
    return job


def obey(job):
    """Until the job is in the foreground again."""
    os.tcsetpgrp(0, os.getpgrp())
    say("stopped")
    for order in iter(lambda: os.read(0, 100), b"fg\n"):
        os.kill(job, signal.SIGCONT)
        say(order.decode().strip())
    os.tcsetpgrp(0, job)
    os.kill(job, signal.SIGCONT)


def main():
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = start(sys.argv[1:])
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
        obey(job)


if __name__ == "__main__":
    main()
