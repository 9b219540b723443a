# SPDX-License-Identifier: Apache-2.0
"""Opening the browser: which command, with which words, and that whatever becomes of it harms nobody."""

import json
import os
import signal
import time

import pytest
from processes import children, is_alive
from program import BROWSER
from waiting import Waiting

ids = pytest.mark.ids
LOG_IN = f'for word; do case "$word" in *http:*) "{BROWSER}" "${{word#*=}}";; esac; done'


@pytest.fixture
def script(tmp_path):
    """Writes an executable shell script."""
    def write(text, name="browser"):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return path
    return write


@pytest.fixture
def recorder(script, tmp_path):
    """A browser that writes its words to a file, one in each line, and logs in; gives the script and the words."""
    words = tmp_path / "words"
    path = script(f'printf "%s\\n" "$@" > "{words}"\n{LOG_IN}')
    return path, lambda: words.read_text().splitlines()


def started(path):
    """What the fake browser wrote about its start."""
    (line,) = path.read_text().splitlines()
    return json.loads(line)


def said(waiting):
    """What stderr holds besides, once the login has been finished by hand."""
    result = waiting.finish()
    assert result.status == 0, result.err
    return result.err


# Which command, with which words

@ids("K7-59")
def test_a_command_is_run_with_the_url_alone_and_without_a_shell(kube, issuer, recorder):
    path, words = recorder
    assert kube.get_token(f"--browser-command={path}", BROWSER="/bin/false").status == 0
    (url,) = words()
    assert url.startswith("http://localhost:8000/")


@pytest.mark.parametrize(("command", "expected"), [
    ("{} --new-window", ["--new-window", "URL"]),
    ("{}  'two words' \"three more words\"", ["two words", "three more words", "URL"]),
    ("{} --app=%s --last", ["--app=URL", "--last"]),
    ("{} %s %s", ["URL", "URL"]),
    ("{} ; touch marker", [";", "touch", "marker", "URL"]),
    ("{} $(touch marker) `touch marker` | & > marker",
     ["$(touch", "marker)", "`touch", "marker`", "|", "&", ">", "marker", "URL"])])
def test_a_command_may_have_arguments_and_they_are_never_a_shells(kube, issuer, recorder, tmp_path, monkeypatch,
                                                                  command, expected):
    path, words = recorder
    monkeypatch.chdir(tmp_path)
    assert kube.get_token("--browser-command=" + command.format(path)).status == 0
    url = next(word for word in words() if "http://" in word)
    url = url[url.index("http://"):]
    assert words() == [word.replace("URL", url) for word in expected]
    assert not (tmp_path / "marker").exists()


def test_a_program_with_a_space_in_its_name_is_one_word(kube, issuer, script, tmp_path):
    path = script(f'echo "$#" > "{tmp_path}/count"\n{LOG_IN}', name="my browser")
    assert kube.get_token(f"--browser-command={path}").status == 0
    assert (tmp_path / "count").read_text() == "1\n"


def test_the_variable_browser_lists_commands_and_the_first_that_exists_is_taken(kube, issuer, recorder):
    path, words = recorder
    assert kube.get_token(BROWSER=f"/does/not/exist:{path} --site=%s:/bin/false").status == 0
    (word,) = words()
    assert word.startswith("--site=http://localhost:8000/")


@pytest.mark.parametrize(("name", "environment"), [
    ("xdg-open", {"DISPLAY": ":7"}), ("xdg-open", {"WAYLAND_DISPLAY": "wayland-7"}),
    ("wslview", {"WSL_DISTRO_NAME": "Debian"})])
def test_without_a_wish_the_desktops_opener_is_taken(kube, issuer, script, tmp_path, name, environment):
    script(f'touch "{tmp_path}/opened"\n{LOG_IN}', name=name)
    path = f"{tmp_path}:{kube.environment['PATH']}"
    assert kube.get_token(BROWSER=None, PATH=path, **environment).status == 0
    assert (tmp_path / "opened").exists()


# What the browser gets

@ids("T-20")
def test_the_browser_gets_a_session_and_descriptors_of_its_own(kube, issuer, script, tmp_path):
    log = tmp_path / "log"
    kube.path = script(f'exec 9>"{tmp_path}/held" "{kube.path}" "$@"', name="with-an-open-file")
    assert kube.get_token(FAKE_BROWSER_LOG=str(log)).status == 0
    browser = started(log)
    assert browser["session"] == browser["pid"]
    assert dict(browser["fds"]) == {0: "/dev/null", 1: "/dev/null", 2: "/dev/null"}


@ids("CB-04")
def test_the_browser_does_not_hold_the_callback_port(kube, issuer, tmp_path):
    log = tmp_path / "log"
    assert kube.get_token(FAKE_BROWSER_LOG=str(log)).status == 0
    assert not [target for _, target in started(log)["fds"] if "socket" in target]


@ids("T-20")
def test_the_browser_gets_our_environment_but_no_secret(kube, issuer, tmp_path):
    log = tmp_path / "log"
    result = kube.get_token(FAKE_BROWSER_LOG=str(log), LATCHKEY_OIDC_CLIENT_SECRET="s3cr3t", LATCHKEY_PASSWORD="s3cr3t",
                            LATCHKEY_OIDC_EXTRA_SCOPE="email", XDG_SESSION_ID="7")
    assert result.status == 0
    names = started(log)["env"]
    assert {"HOME", "PATH", "LANG", "BROWSER", "XDG_SESSION_ID", "LATCHKEY_OIDC_EXTRA_SCOPE"} <= set(names)
    assert not [name for name in names if "SECRET" in name or "PASSWORD" in name]


HARMLESS = ["?a=$(touch%20MARK)", "?a=;touch%20MARK;", "?a='$(touch%20MARK)'", "?a=1&&touch%20MARK"]
REFUSED = ["?a=$(touch MARK)", "?a=`touch MARK`", "?a=\"", "?a=1|touch%20MARK", "?a=1\nx", "?a=<b>", "?a=\u202e"]


@ids("T-20")
@pytest.mark.parametrize("tail", HARMLESS)
def test_no_part_of_an_authorization_endpoint_is_run_or_given_to_the_browser(kube, issuer, recorder, tmp_path, tail):
    path, words = recorder
    marker = tmp_path / "marker"
    endpoint = f"{issuer.base_url}/application/o/authorize/{tail.replace('MARK', str(marker))}"
    issuer.configure(discovery_patch={"authorization_endpoint": endpoint})
    assert kube.get_token(f"--browser-command={path}").status == 0
    (url,) = words()
    assert "touch" not in url
    assert not marker.exists()


@ids("T-20")
@pytest.mark.parametrize("endpoint", [
    *("BASE/application/o/authorize/" + tail for tail in REFUSED), "-foo", "--help", "file:///etc/passwd",
    "javascript:alert(1)", "//evil.example/", "http://evil.example/", ""])
def test_an_authorization_endpoint_that_is_no_plain_url_opens_no_browser(kube, issuer, tmp_path, endpoint):
    log, marker = tmp_path / "log", tmp_path / "marker"
    endpoint = endpoint.replace("BASE", issuer.base_url).replace("MARK", str(marker))
    issuer.configure(discovery_patch={"authorization_endpoint": endpoint})
    result = kube.get_token(FAKE_BROWSER_LOG=str(log))
    assert result.code == "endpoint_url"
    assert not log.exists() and not marker.exists()
    assert all(" " <= character for character in result.err.replace("\n", ""))


# What becomes of the browser

@ids("T-20")
@pytest.mark.parametrize("level", ["-v=0", "-v=1"])
def test_a_browser_that_prints_a_megabyte_does_not_spoil_the_answer(kube, issuer, script, level):
    path = script(f"head -c 1000000 /dev/zero | tr '\\0' x\n{LOG_IN}")
    assert kube.get_token(f"--browser-command={path}", level).claims["preferred_username"] == "alice"


@ids("T-20")
def test_what_a_browser_saves_has_the_mode_of_the_users_choice(kube, issuer, script, tmp_path):
    path = script(f'umask > "{tmp_path}/umask"\n{LOG_IN}')
    running = kube.start("get-token", f"--browser-command={path}", process={"umask": 0o027})
    assert running.wait().status == 0
    assert int((tmp_path / "umask").read_text(), 8) == 0o027
    assert kube.session_file.stat().st_mode & 0o777 == 0o600


@ids("K7-61")
def test_a_browser_that_goes_on_is_not_waited_for(kube, issuer, script, tmp_path):
    path = script(f'{LOG_IN}\necho $$ > "{tmp_path}/pid.part"; mv "{tmp_path}/pid.part" "{tmp_path}/pid"\nexec sleep 600')
    began = time.monotonic()
    assert kube.get_token(f"--browser-command={path}").status == 0
    assert time.monotonic() - began < 30
    pid = int(wait_for(tmp_path / "pid").read_text())
    assert is_alive(pid)
    os.kill(pid, signal.SIGKILL)


def wait_for(path, seconds=60):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"'{path}' did not appear"
        time.sleep(0.01)
    return path


@ids("K7-58")
@pytest.mark.parametrize(("text", "reason"), [
    ("exit 1", "browser ended with status 1"), ("kill -9 $$", "browser ended by signal 9"),
    ("exit 137", "browser ended with status 137")])
def test_a_browser_that_fails_is_reported_with_the_url_and_the_login_waits(kube, issuer, script, text, reason):
    running = kube.start("get-token", f"--browser-command={script(text)}", "--authentication-timeout-sec=20")
    assert running.read_line(r"^warning: could not open the browser: (.*)$")[1] == reason
    running.signal(signal.SIGTERM)
    assert running.wait().status == 1


@ids("K7-58")
@pytest.mark.parametrize("environment", [{}, {"BROWSER": None}, {"BROWSER": "/does/not/exist"}, {"BROWSER": "/bin/false"}])
def test_whatever_keeps_the_browser_shut_the_person_can_visit_the_url(kube, issuer, environment):
    flags = [] if environment else ["--browser-command=/does/not/exist"]
    waiting = Waiting(kube, *flags, skip=False, **environment)
    assert waiting.visit.startswith("http://localhost:8000/")
    assert said(waiting).endswith(f".\nlogged in as alice@example.com at {issuer.url}\n")  # after the device code


@pytest.mark.parametrize(("environment", "reason"), [
    ({"BROWSER": None}, ""), ({"BROWSER": "/does/not/exist"}, ", and what BROWSER names was not found"),
    ({"BROWSER": "/does/not/exist", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, ", and what BROWSER names was not found")])
def test_the_reason_why_no_browser_opens_is_told(kube, issuer, environment, reason):
    running = kube.start("get-token", **environment)
    assert running.read_line(r"^warning: could not open the browser: (.*)$")[1] in (
        place + reason for place in ("there is no display here", "this is a container without a display",
                                     "this is an SSH session without a display"))
    running.signal()
    running.wait()


@ids("K7-58")
def test_a_command_that_does_not_exist_is_named(kube, issuer):
    running = kube.start("get-token", "--browser-command=no-such-browser %s", "--authentication-timeout-sec=2")
    assert "'no-such-browser'" in running.read_line(r"^warning: could not open the browser: (.*)$")[1]
    assert running.wait().code == "callback_timeout"


@pytest.mark.parametrize(("command", "words"), [
    ("/tmp", "the browser command '/tmp' is not an executable file"), ("/etc/passwd", "'/etc/passwd' is not an executable file"),
    ("/does/not/exist", "'/does/not/exist' was not found"), ("firefox 'x", "command 'firefox 'x' cannot be used: a quote is not closed"),
    (" ", "cannot be used: it is empty")])
def test_a_command_that_cannot_be_started_says_why(kube, issuer, command, words):
    running = kube.start("get-token", f"--browser-command={command}")
    assert words in running.read_line(r"^warning: could not open the browser: (.*)$")[1]
    running.signal()
    running.wait()


def test_an_ended_browser_leaves_no_zombie(kube, issuer):
    waiting = Waiting(kube, skip=False, BROWSER="/bin/false")
    assert children(waiting.pid) == []
    said(waiting)


@pytest.mark.parametrize("mode", ["ignore", "hang"])
def test_a_browser_in_which_nobody_logs_in_ends_by_the_time_limit(kube, issuer, tmp_path, mode):
    log = tmp_path / "log"
    result = kube.get_token("--authentication-timeout-sec=2", FAKE_BROWSER=mode, FAKE_BROWSER_LOG=str(log))
    if mode == "hang":
        os.kill(started(log)["pid"], signal.SIGKILL)
    assert result.code == "callback_timeout"
    assert "could not open" not in result.err


@ids("K7-57")
def test_a_browser_that_is_not_wanted_is_not_started(kube, issuer, tmp_path):
    log = tmp_path / "log"
    waiting = Waiting(kube, f"--browser-command={BROWSER}", FAKE_BROWSER_LOG=str(log))
    assert said(waiting) == f"logged in as alice@example.com at {issuer.url}\n"
    assert not log.exists()
