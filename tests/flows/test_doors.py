# SPDX-License-Identifier: Apache-2.0
"""One screen with every way in, where no browser can open: whichever is used first wins, the others are cancelled."""

import re

import pytest
from issuer.browse import Browser, is_callback
from picture import read_qr_code
from program import BROWSER, exec_info
from sockets import is_free
from terminal import CTRL_C, Seat
from wire import token_form

ids = pytest.mark.ids
VISIT = r"Please visit the following URL in your browser(?: manually)?: (http://localhost:8000/\S+)\r\n"
PASTE = r"Or visit this one anywhere, and paste the address that the browser ends on \(its page need not load\): (\S+)\r\n"
DEVICE = r"Or use any other device: (\S+)\r\nIt shows the code (\d{9}); at \S+/device the code can be entered as well\.\r\n"
QUESTION = r"Paste the address: $"
SSH = {"SSH_CONNECTION": "198.51.100.4 51000 192.0.2.7 22", "USER": "ada"}


@pytest.fixture
def kube(kube, issuer):
    issuer.configure(device_interval=1)
    kube.environment["BROWSER"] = None
    return kube


class Screen(Seat):
    """A login at a terminal that has shown all of its doors."""

    def __init__(self, kube, *flags, **environment):
        super().__init__(kube, "get-token", *flags, **environment)
        self.browser = Browser(None)
        found = self.expect(rf"(?s){VISIT}.*{PASTE}{DEVICE}.*{QUESTION}")
        self.visit, self.authorization, self.device, self.code = found.groups()

    def log_in(self, url):
        return self.browser.open(url, stop=is_callback).url

    def paste(self, text):
        self.press(text.encode() + b"\n")


def logged_in(screen, issuer):
    result = screen.wait()
    assert result.claims["email"] == "alice@example.com", result.err
    assert result.err.endswith(f"logged in as alice@example.com at {issuer.url}\n")
    return result


def test_the_door_of_the_callback(kube, issuer):
    screen = Screen(kube)
    screen.browser.open(screen.visit)
    logged_in(screen, issuer)
    assert token_form(issuer)["grant_type"] == "authorization_code"
    assert is_free(8000)


def test_the_door_of_the_pasted_address(kube, issuer):
    screen = Screen(kube)
    screen.paste(screen.log_in(screen.authorization))
    logged_in(screen, issuer)
    assert token_form(issuer)["grant_type"] == "authorization_code"
    assert is_free(8000)


def test_the_door_of_the_device_code(kube, issuer):
    screen = Screen(kube)
    assert issuer.approve_device(screen.code)
    result = logged_in(screen, issuer)
    assert token_form(issuer)["grant_type"].endswith("device_code")
    assert "nonce" not in result.claims
    assert is_free(8000)


def test_the_doors_that_were_not_used_are_cancelled(kube, issuer):
    screen = Screen(kube)
    issuer.wait_for("token")
    screen.paste(screen.log_in(screen.authorization))
    logged_in(screen, issuer)
    grants = [entry["form"]["grant_type"][0] for entry in issuer.requests("token")]
    assert grants.count("authorization_code") == 1
    assert grants[-1] == "authorization_code"


def test_the_screen_has_the_device_code_as_a_picture(kube, issuer, tmp_path):
    screen = Screen(kube)
    screen.press(CTRL_C)
    shown = screen.seen
    screen.wait()
    assert read_qr_code(shown, tmp_path) == screen.device


def test_an_issuer_without_device_codes_has_one_door_less(kube, issuer):
    issuer.fault("discovery", times=-1, json_patch={"device_authorization_endpoint": None})
    seat = Seat(kube, "get-token")
    seat.expect(rf"(?s){VISIT}.*{PASTE}{QUESTION}")
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"
    assert issuer.count("device") == 0


def test_a_device_door_with_nothing_behind_it_is_not_mentioned(kube, issuer):
    issuer.configure(brand_device_flow=False)
    seat = Seat(kube, "get-token")
    seat.expect(rf"(?s){VISIT}.*{PASTE}{QUESTION}")
    seat.press(CTRL_C)
    assert "evice" not in seat.wait().err
    assert issuer.count("device") == 0


@pytest.mark.parametrize("fault", [{"status": 400, "json": {"error": "invalid_client"}},
                                   {"status": 429, "json": {"error": "slow_down"}}, {"close": "before_headers"}])
def test_a_device_door_that_stays_shut_is_not_mentioned(kube, issuer, fault):
    issuer.fault("device", times=-1, **fault)
    seat = Seat(kube, "get-token")
    found = seat.expect(rf"(?s){VISIT}.*{PASTE}{QUESTION}")
    assert issuer.count("device") == 1
    seat.press(Browser(None).open(found[2], stop=is_callback).url.encode() + b"\n")
    result = seat.wait()
    assert result.status == 0
    assert "evice" not in result.err


def test_device_codes_run_out_and_the_other_doors_stay(kube, issuer):
    issuer.configure(code_ttl=1)
    screen = Screen(kube)
    screen.expect(r"(?s)has expired.*has expired.*There are no more device codes; the other ways stay open\.\r\n.*Paste the address: $")
    assert issuer.count("device") == 3
    issuer.configure(code_ttl=60)
    screen.paste(screen.log_in(screen.authorization))
    logged_in(screen, issuer)


def test_a_stale_code_is_asked_for_again_and_every_door_is_open(kube, issuer):
    screen = Screen(kube)
    issuer.fault("token", grant_type="authorization_code", status=400, json={"error": "invalid_grant"})
    screen.paste(screen.log_in(screen.authorization))
    again = screen.expect(rf"(?s)warning: the provider refused that code, which may have expired.*{PASTE}{QUESTION}")[1]
    assert again != screen.authorization
    assert issuer.approve_device(screen.code)
    logged_in(screen, issuer)


@pytest.mark.parametrize("text", ["state=other&code=x", "https://ak.example/"])
def test_a_wrong_paste_is_asked_for_again(kube, issuer, text):
    screen = Screen(kube)
    screen.paste(text)
    screen.expect(r"warning: that (address belongs to another login|is not the address)[^\r]*\r\n(?s:.*)Paste the address: $")
    screen.paste(screen.log_in(screen.authorization))
    logged_in(screen, issuer)


def test_a_pasted_refusal_is_an_end(kube, issuer):
    screen = Screen(kube)
    state = re.search(r"state=([^&]+)", screen.authorization)[1]
    screen.paste(f"?error=access_denied&state={state}")
    assert screen.wait().code == "callback_error"


def test_the_end_of_input_closes_only_that_door(kube, issuer):
    screen = Screen(kube)
    screen.press(b"\x04")
    assert issuer.approve_device(screen.code)
    logged_in(screen, issuer)


def test_control_c_ends_all_of_it(kube, issuer):
    screen = Screen(kube)
    screen.press(CTRL_C)
    assert screen.wait().code == "interrupted"
    assert is_free(8000)


def test_the_time_is_one_for_all_doors(kube, issuer):
    assert Screen(kube, "--authentication-timeout-sec=8").wait().code == "callback_timeout"


def test_the_flag_opens_the_same_doors(kube, issuer):
    screen = Screen(kube, "--skip-open-browser")
    assert issuer.approve_device(screen.code)
    logged_in(screen, issuer)


def test_a_browser_that_fails_opens_them_too(kube, issuer):
    screen = Screen(kube, "--browser-command=/bin/false")
    assert issuer.approve_device(screen.code)
    logged_in(screen, issuer)


def test_a_browser_that_opens_leaves_them_shut(kube, issuer):
    seat = Seat(kube, "get-token", "--browser-command=/bin/true")
    seat.expect("left to log in at")
    seat.press(CTRL_C)
    assert "Paste" not in seat.wait().err
    assert issuer.count("device") == 0


@pytest.mark.parametrize("kind", ["dumb", None])
def test_a_terminal_that_cannot_move_its_cursor_has_the_same_doors(kube, issuer, kind):
    screen = Screen(kube, TERM=kind)
    screen.paste("state=other&code=x")
    screen.expect(r"warning: that address belongs to another login[^\r]*\r\nPaste the address: $")
    assert issuer.approve_device(screen.code)
    result = logged_in(screen, issuer)
    assert "\x1b" not in screen.seen
    assert "Paste the address: \nlogged in as" in result.err


# Addresses that can be clicked

LINK = "\x1b]8;;%s\x1b\\%s\x1b]8;;\x1b\\"
KNOWN = [{"TERM_PROGRAM": "iTerm.app"}, {"TERM_PROGRAM": "vscode"}, {"VTE_VERSION": "7600"}, {"WT_SESSION": "x"}, {"TERM": "xterm-kitty"},
         {"TERM": "foot-extra"}, {"KONSOLE_VERSION": "230800"}, {"FORCE_HYPERLINK": "1"}]
UNKNOWN = [{}, {"TERM": "linux"}, {"TERM": "vt100"}, {"VTE_VERSION": "4999"}, {"TERM": "screen-256color", "VTE_VERSION": "7600"},
           {"TERM": "tmux-256color", "TERM_PROGRAM": "WezTerm"}, {"TERM": "dumb", "FORCE_HYPERLINK": "1"},
           {"TERM_PROGRAM": "iTerm.app", "FORCE_HYPERLINK": "0"}]


@pytest.mark.parametrize("environment", KNOWN)
def test_a_terminal_that_is_known_for_it_gets_links(kube, issuer, environment):
    seat = Seat(kube, "get-token", **environment)
    seat.expect(QUESTION)
    links = re.findall(r"\x1b\]8;;([^\x1b]+)\x1b\\([^\x1b]+)\x1b\]8;;\x1b\\", seat.seen)
    assert [url for url, _ in links] == [shown for _, shown in links] and len(links) == 4
    seat.seen = re.sub(r"\x1b\]8;;[^\x1b]*\x1b\\", "", seat.seen)
    found = re.search(rf"(?s){VISIT}.*{PASTE}{DEVICE}.*{QUESTION}", seat.seen)
    assert [url for url, _ in links[:3]] == [found[1], found[2], found[3]] and links[3][0].endswith("/device")
    issuer.approve_device(found[4])
    assert seat.wait().claims["email"] == "alice@example.com"


@pytest.mark.parametrize("environment", UNKNOWN)
def test_any_other_terminal_gets_plain_addresses(kube, issuer, environment):
    screen = Screen(kube, **environment)
    screen.press(CTRL_C)
    assert "\x1b]" not in screen.seen
    assert screen.wait().code == "interrupted"


def test_a_pipe_gets_plain_addresses(kube, issuer):
    running = kube.start("get-token", TERM_PROGRAM="iTerm.app", TERM="xterm", FORCE_HYPERLINK="1")
    assert "\x1b" not in running.read_line("Please visit.*").string
    running.signal()
    assert "\x1b" not in running.wait().err


# Where the person sits

def test_over_ssh_the_tunnel_is_ready_to_be_copied(kube, issuer):
    screen = Screen(kube, **SSH)
    assert "could not open the browser: this is an SSH session without a display" in screen.seen
    assert "ssh -N -L 127.0.0.1:8000:127.0.0.1:8000 ada@192.0.2.7\r\n" in screen.seen
    screen.press(CTRL_C)
    screen.wait()


@pytest.mark.parametrize("environment, line", [
    ({"SSH_CONNECTION": "::1 1 2001:db8::7 2222", "USER": "ada"}, "127.0.0.1:18000 -p 2222 ada@2001:db8::7"),
    ({"SSH_CONNECTION": "::1 1 192.0.2.7 22", "USER": "a;reboot"}, "127.0.0.1:18000 192.0.2.7"),
    ({"SSH_CONNECTION": "::1 1 192.0.2.7 22", "LOGNAME": "-oX"}, "127.0.0.1:18000 192.0.2.7"),
    ({"SSH_CONNECTION": "::1 1 $(reboot) 22"}, None), ({"SSH_CONNECTION": "nonsense"}, None)])
def test_the_tunnel_is_made_of_plain_words(kube, issuer, environment, line):
    running = kube.start("get-token", "--listen-address=127.0.0.1:18000", "--authentication-timeout-sec=1", **environment)
    found = re.search(r"ssh -N -L 127\.0\.0\.1:18000:(.*)", running.wait().err)
    assert (found[1] if found else None) == line


@pytest.mark.parametrize("environment, reason", [
    (SSH, "this is an SSH session without a display"), ({"container": "podman"}, "this is a container without a display"),
    ({"VSCODE_IPC_HOOK_CLI": "/x", "BROWSER": "/vscode/bin/helpers/browser.sh"},
     "from a browser behind a VS Code tunnel there is no way back to this machine")])
def test_the_reason_is_the_place(kube, issuer, environment, reason):
    running = kube.start("get-token", **environment)
    assert running.read_line(r"^warning: could not open the browser: (.*)$")[1] == reason
    running.signal()
    running.wait()


@pytest.mark.parametrize("environment", [
    {}, SSH, {"VSCODE_IPC_HOOK_CLI": "/x"}, {"container": "podman"}])
def test_a_browser_of_the_users_own_is_stronger(kube, issuer, tmp_path, environment):
    assert kube.get_token(**environment, BROWSER=str(BROWSER)).status == 0


@pytest.mark.parametrize("kind", [{**SSH, "SSH_TTY": None}, {"REMOTE_CONTAINERS": "true"}, {"WSL_DISTRO_NAME": "Debian"}])
def test_the_helper_of_vs_code_is_used_where_the_callback_finds_back(kube, issuer, tmp_path, kind):
    helper = tmp_path / "helpers" / "browser.sh"
    helper.parent.mkdir()
    helper.write_text(f'#!/bin/sh\nexec {BROWSER} "$@"\n')
    helper.chmod(0o755)
    assert kube.get_token(VSCODE_IPC_HOOK_CLI="/x", BROWSER=str(helper), **kind).status == 0


@ids("K7-25")
def test_nothing_is_asked_when_kubectl_says_that_nobody_may_be(kube, issuer):
    seat = Seat(kube, "get-token", KUBERNETES_EXEC_INFO=exec_info(interactive="false"))
    found = seat.expect(rf"(?s){VISIT}.*{DEVICE}")
    assert issuer.approve_device(found[3])
    result = seat.wait()
    assert result.status == 0
    assert "Paste" not in result.err


def test_without_a_terminal_there_is_the_device_code_too(kube, issuer):
    """Somebody may read it in a log."""
    running = kube.start("get-token", process={"start_new_session": True})
    running.read_line(r"^Please visit the following URL in your browser manually: (\S+)$")
    running.read_line(r"^Or use any other device: ")
    code = running.read_line(r"^It shows the code (\d{9});")[1]
    assert issuer.approve_device(code)
    result = running.wait()
    assert result.status == 0
    assert "aste" not in result.err and "\x1b" not in result.err


@pytest.mark.parametrize("flags, environment", [
    (["--skip-open-browser"], {}), ([], {"KUBERNETES_EXEC_INFO": exec_info(interactive="false")})])
def test_a_program_that_wants_less_gets_the_one_address(kube, issuer, flags, environment):
    running = kube.start("get-token", *flags, process={"start_new_session": True}, **environment)
    url = running.read_line(r"^Please visit the following URL in your browser(?: manually)?: (\S+)$")[1]
    Browser(None).open(url)
    assert running.wait().status == 0
    assert issuer.count("device") == 0
