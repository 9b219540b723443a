# SPDX-License-Identifier: Apache-2.0
"""A login with a person at the terminal: the line that shows what is awaited, and Ctrl-C."""

import os
import re
import shlex
import signal
import subprocess
import termios
import time

import pytest
from issuer.browse import Browser
from patience import PROMPT, until
from processes import is_alive
from program import TIMEOUT
from pseudo_terminal import Terminal
from sockets import is_free
from terminal import CTRL_C, Seat
from waiting import Waiting

ids = pytest.mark.ids
STATUS = r"\r\x1b\[K(\d+):(\d\d) left to log in at (http://localhost:8000/[A-Za-z0-9_-]{22})"


def seconds_left(found):
    return int(found[1]) * 60 + int(found[2])


def test_one_line_shows_the_url_and_the_time_left(kube, issuer):
    seat = Seat(kube, "get-token", FAKE_BROWSER="ignore")
    first = seat.expect(STATUS)
    assert 120 <= seconds_left(first) <= 180
    second = seat.expect(rf"(?s){STATUS}.*{STATUS}")
    assert (second[3], second[6]) == (first[3], first[3])
    later = int(second[4]) * 60 + int(second[5])
    assert seconds_left(first) - 60 <= later <= seconds_left(first)
    assert seat.seen.count("\n") == 0  # one line, written over itself
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"


def test_the_line_goes_when_the_login_is_done(kube, issuer):
    seat = Seat(kube, "get-token", FAKE_BROWSER_TIMEOUT="60")
    seat.expect(STATUS)
    result = seat.wait()
    assert result.status == 0
    assert result.err == f"logged in as alice@example.com at {issuer.url}\n"
    assert result.token


def test_eighty_columns_have_room_for_the_whole_line(kube, issuer):
    seat = Seat(kube, "get-token", "--listen-address=127.0.0.1:18000", columns=80, FAKE_BROWSER="ignore")
    url = seat.expect(r"left to log in at (\S+)\r")[1]
    seat.press(CTRL_C)
    seat.wait()
    assert re.fullmatch(r"http://localhost:18000/[A-Za-z0-9_-]{22}", url)


@pytest.mark.parametrize("columns", [20, 40])
def test_the_line_never_wraps(kube, issuer, columns):
    seat = Seat(kube, "get-token", columns=columns, FAKE_BROWSER="ignore")
    line = seat.expect(r"\r\x1b\[K([^\r]*)\r")[1]
    assert len(line) == columns - 1
    seat.press(CTRL_C)
    seat.wait()


@pytest.mark.parametrize("kind", ["dumb", "", None])
def test_a_terminal_that_cannot_move_its_cursor_gets_the_line_once(kube, issuer, kind):
    seat = Seat(kube, "get-token", "--authentication-timeout-sec=4", TERM=kind, FAKE_BROWSER="ignore")
    assert seat.wait().code == "callback_timeout"
    assert re.match(r"0:0[34] left to log in at http://localhost:8000/[A-Za-z0-9_-]{22}\r\nerror: ", seat.seen)


@pytest.mark.parametrize("columns, lines", [(40, 1), (80, 0)])
def test_the_whole_address_can_be_read_on_a_narrow_terminal(kube, issuer, columns, lines):
    seat = Seat(kube, "get-token", columns=columns, FAKE_BROWSER="ignore")
    seat.expect(r"(?s)\r\x1b\[K\d:.*\r\x1b\[K\d:")
    seat.press(CTRL_C)
    seat.wait()
    assert len(re.findall(r"^\d:\d\d left to log in at http://localhost:8000/[\w-]{22}\r\n", seat.seen)) == lines


def test_without_a_terminal_nothing_is_written_over(kube, issuer):
    waiting = Waiting(kube, TERM="xterm")
    time.sleep(1.2)  # more than one tick of the line
    assert waiting.finish().err == f"logged in as alice@example.com at {issuer.url}\n"


def test_the_url_can_be_read_at_once_where_no_browser_opens(kube, issuer):
    seat = Seat(kube, "get-token", BROWSER=None)
    began = time.monotonic()
    seat.expect(r"warning: could not open the browser: (?:there is no display here|this is a container without a display)\r\n"
                    r"Please visit the following URL in your browser manually: http://localhost:8000/\S+\r\n")
    assert time.monotonic() - began < PROMPT
    seat.press(CTRL_C)
    seat.wait()


@ids("T-09")
@pytest.mark.parametrize("flags, shown", [([], STATUS), (["--skip-open-browser"], "Paste the address: $")])
def test_control_c_ends_the_login_at_once_and_frees_the_port(kube, issuer, flags, shown):
    seat = Seat(kube, "get-token", *flags, FAKE_BROWSER="ignore")
    seat.expect(shown)
    began = time.monotonic()
    seat.press(CTRL_C)
    result = seat.wait()
    assert time.monotonic() - began < PROMPT
    assert result.code == "interrupted"
    until(lambda: is_free(8000))


def test_control_c_at_a_terminal_starts_no_cool_down(kube, issuer):
    seat = Seat(kube, "get-token", FAKE_BROWSER="ignore")
    seat.expect(STATUS)
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"
    assert kube.get_token().status == 0


def test_the_browser_survives_control_c(kube, issuer, tmp_path):
    """It has a session of its own: the terminal's signal does not reach it."""
    log = tmp_path / "log"
    seat = Seat(kube, "get-token", FAKE_BROWSER="hang", FAKE_BROWSER_LOG=str(log))
    seat.expect(STATUS)
    until(lambda: log.exists() and log.read_text().endswith("\n"))
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"
    (pid,) = re.findall(r'"pid": (\d+)', log.read_text())
    assert is_alive(pid)
    os.kill(int(pid), signal.SIGKILL)


def test_the_terminal_is_left_as_it_was(kube, issuer):
    seat = Seat(kube, "get-token", FAKE_BROWSER="ignore")
    before = seat.settings
    seat.expect(STATUS)
    seat.press(CTRL_C)
    seat.running.process.wait(TIMEOUT)
    assert termios.tcgetattr(seat.master) == before
    seat.wait()


@pytest.mark.parametrize("endpoint", ["discovery", "authorize"])
def test_control_c_ends_a_login_whose_issuer_does_not_answer(kube, issuer, endpoint, tmp_path):
    issuer.fault(endpoint, stall=True)
    log = tmp_path / "log"
    seat = Seat(kube, "get-token", FAKE_BROWSER="ignore", FAKE_BROWSER_LOG=str(log))
    assert issuer.wait_for(endpoint)
    began = time.monotonic()
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"
    assert time.monotonic() - began < PROMPT
    time.sleep(0.3)  # a browser that was started in the last moment would have written its log
    assert not log.exists()


@pytest.mark.parametrize("endpoint", ["token", "jwks"])
def test_control_c_ends_a_login_whose_code_is_being_exchanged(kube, issuer, endpoint):
    issuer.fault(endpoint, stall=True)
    seat = Seat(kube, "get-token")
    assert issuer.wait_for("token")
    began = time.monotonic()
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"
    assert time.monotonic() - began < PROMPT  # the browser's second is in it
    until(lambda: is_free(8000))


class Shell(Terminal):
    """A shell with job control whose job is the program."""

    def __init__(self, kube, *flags):
        super().__init__()
        self.kube = kube
        words = shlex.join(map(str, [kube.path, "get-token", *kube.flags, *flags]))
        environment = {**kube.environment, "TERM": "xterm", "PS1": "", "PS2": "", "BROWSER": ""}
        process = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], env=environment, stdout=self.slave, **self.process)
        kube.running.append(process)
        self.press(f"bind 'set enable-bracketed-paste off'; {words} >{kube.directory}/out\n".encode())

    def wait_for(self, text):
        """Reads up to and with TEXT; what was read is forgotten."""
        self.seen = self.read_until(text).partition(text)[2]


def test_a_login_in_the_background_leaves_the_lines_to_the_shell(kube, issuer):
    shell = Shell(kube, "--skip-open-browser")
    visit = re.search(r"visit the following URL in your browser: (\S+)", shell.read_until("Paste the address: "))[1]
    shell.wait_for("Paste the address: ")
    shell.press(b"\x1a")
    shell.wait_for("Stopped")
    shell.press(b"bg\n")
    shell.wait_for("&\r\n")
    for number in range(3):
        shell.press(f"sleep 0.3; echo for the $((shell + {number}))\n".encode())
        shell.wait_for(f"for the {number}\r\n")
    shell.press(b"jobs -s; echo its end\n")
    assert "Stopped" not in shell.read_until("its end\r\n").rpartition("echo its end")[2]
    shell.press(b"fg\n")
    shell.wait_for("Paste the address: ")
    Browser(None).open(visit)
    shell.wait_for("logged in as alice")
    shell.press(b"exit\n")
    until(lambda: (kube.directory / "out").read_text().endswith("\n"))
    shell.hang_up()
