# SPDX-License-Identifier: Apache-2.0
"""A keyring that is absent, locked, slow, hung, broken or lying (T-28): a defined outcome, never a lost login."""

import socket

import pytest
from desktop import Faulty
from rested import NO_BROWSER
from told import LIMIT, READING, SAVING, SLACK, check_lines, check_unkept, spent, timed, unkept, unrefreshed, warnings

ids = pytest.mark.ids
pytestmark = ids("T-28", "K7-38")
DISPLAY = {"DISPLAY": ":99"}


# Nobody there

@pytest.mark.parametrize(("environment", "why"), [
    ({"DBUS_SESSION_BUS_ADDRESS": None}, "there is no D-Bus session, and so no keyring"),
    ({"DBUS_SESSION_BUS_ADDRESS": ""}, "there is no D-Bus session, and so no keyring"),
    ({"DBUS_SESSION_BUS_ADDRESS": None, "XDG_RUNTIME_DIR": "/dev/null"}, "there is no D-Bus session, and so no keyring"),
    ({"DBUS_SESSION_BUS_ADDRESS": "autolaunch:"}, "there is no D-Bus session, and so no keyring"),
    ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null/bus"}, "the D-Bus session 'unix:path=/dev/null/bus' cannot be reached"),
    ({"DBUS_SESSION_BUS_ADDRESS": "nonsense"}, "the D-Bus session 'nonsense' cannot be reached"),
    ({}, "no keyring runs in the D-Bus session (org.freedesktop.secrets)")])
def test_an_absent_keyring_is_said_once(kube, environment, why):
    """At the login, with the reason and the remedy; the token is printed, nothing else of the session rests on disk."""
    result, seconds = timed(kube, **environment)
    assert unkept(result).startswith(why)
    assert len(warnings(result)) == 1 and len(result.hints) == 2
    assert seconds < LIMIT
    check_unkept(kube, result)


def test_no_bus_is_started_by_itself(kube, tmp_path):
    """GLib would run dbus-launch, whose bus nobody ends."""
    launched = tmp_path / "launched"
    tool = tmp_path / "bin/dbus-launch"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ntouch {launched}\n")
    tool.chmod(0o755)
    path = f"{tool.parent}:{kube.environment['PATH']}"
    for address in (None, "autolaunch:", "unix:path=/nowhere;autolaunch:"):
        unkept(kube.run("get-token", "--force-refresh", PATH=path, DBUS_SESSION_BUS_ADDRESS=address, DISPLAY=":99"))
    assert not launched.exists()


def test_a_bus_that_accepts_nobody_is_given_up(kube, tmp_path_factory):
    path = tmp_path_factory.mktemp("s") / "bus"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        result, seconds = timed(kube, DBUS_SESSION_BUS_ADDRESS=f"unix:path={path}")
    assert unkept(result) == "the keyring did not answer within 5 s"
    assert LIMIT - 0.5 < seconds < LIMIT + SLACK


def test_a_library_that_cannot_be_loaded_is_a_keyring_that_cannot_be_used(kube, tmp_path):
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries/libsecret-1.so.0").write_bytes(b"\x7fELF")
    place = {"LD_LIBRARY_PATH": str(tmp_path / "libraries")}
    result = kube.get_token(**place)
    assert unkept(result).startswith("cannot load library 'libsecret-1.so.0': ")
    assert "install the package 'libsecret-1-0'" in result.hints
    version = kube.bare("version", "--verbose", **place)
    assert version.status == 0 and "libsecret      cannot load library" in version.out
    clean = kube.bare("clean", f"--token-cache-dir={kube.cache}", **place)
    assert clean.status == 0 and "keyring" not in clean.err, "nothing was in the keyring, so nobody misses it"


# A refresh token that is there, and cannot be read

@pytest.fixture
def stored(kube, bus):
    """A session whose refresh token is in a keyring that has ended since."""
    service = Faulty(bus)
    assert kube.get_token().status == 0 and kube.session["refresh_token_in"] == "keyring"
    service.calls()
    return kube


def test_the_token_at_hand_is_used_while_it_is_good(stored, issuer):
    """Its last seconds, in which a refresh is due."""
    stored.expire(30)
    issuer.clear_log()
    before = stored.session_file.read_bytes()
    result = stored.get_token(**NO_BROWSER)
    assert unrefreshed(result).startswith("no keyring runs in the D-Bus session") and len(warnings(result)) == 1
    assert result.token == stored.session["id_token"]
    assert issuer.requests() == [] and stored.session_file.read_bytes() == before


def test_an_expired_one_is_followed_by_a_login(stored, issuer):
    stored.expire()
    result = stored.get_token()
    assert unrefreshed(result).startswith("no keyring runs") and unkept(result).startswith("no keyring runs")
    assert f"logged in as alice@example.com at {issuer.url}" in result.err
    assert len(result.hints) == 2, "the same remedy is not told twice"
    check_unkept(stored, result)


def test_where_nobody_can_log_in_the_warning_tells_why(stored):
    stored.expire()
    result = stored.get_token("--non-interactive")
    assert result.code == "not_interactive"
    assert warnings(result)[0].startswith("the session cannot be refreshed: no keyring runs")


def test_logout_keeps_what_it_cannot_revoke(stored, bus):
    before = stored.session_file.read_bytes()
    result = stored.run("logout")
    assert result.code == "keyring"
    assert "the session is kept, because its refresh token could not be revoked: no keyring runs" in result.err
    assert any("latchkey clean" in hint for hint in result.hints)
    assert stored.session_file.read_bytes() == before


def test_whoami_tells_why_it_cannot_ask_the_provider(stored):
    result = stored.run("whoami", "--userinfo")
    assert result.code == "keyring"
    assert result.err.startswith("error: the session cannot be refreshed: no keyring runs in the D-Bus session")
    assert stored.run("whoami").status == 0


def test_an_item_that_somebody_deleted_is_a_miss(kube, bus, issuer):
    service = Faulty(bus, "value:gone")
    assert kube.get_token().status == 0
    kube.expire()
    issuer.clear_log()
    result = kube.get_token("--token-cache-storage=auto")
    assert unrefreshed(result) == "its refresh token is not in the keyring any more"
    assert spent(issuer) == [] and kube.session["refresh_token_in"] == "keyring", "a miss is no reason to leave the keyring"
    assert kube.run("logout").status == 0
    assert "SearchItems" in service.calls()


@pytest.mark.parametrize(("value", "why"), [
    ("empty", "is empty"), ("garbage", "holds characters that no refresh token has"), ("binary", "is no text"),
    ("zero", "holds characters that no refresh token has"), ("big", "is longer than 64 KiB")])
def test_a_value_that_is_no_refresh_token_is_a_miss(kube, bus, issuer, value, why):
    Faulty(bus, f"value:{value}")
    assert kube.get_token().status == 0
    kube.expire()
    issuer.clear_log()
    result = kube.get_token()
    assert unrefreshed(result) == f"what the keyring holds as its refresh token {why}"
    assert spent(issuer) == [] and "logged in as" in result.err
    logout = kube.run("logout")
    assert logout.status == 0 and "it had no refresh token to revoke" in logout.out


# Methods that fail

BREAKS = {"error": r"the keyring fails: it is\u{1B}[31m broken", "odd": "the keyring fails: ",
          "exit": "the keyring went away in the middle of the conversation"}


@pytest.mark.parametrize("method", SAVING)
@pytest.mark.parametrize("kind", BREAKS)
def test_a_keyring_that_breaks_while_it_saves(kube, bus, kind, method):
    Faulty(bus, f"{kind}:{method}")
    result, seconds = timed(kube)
    early = {("error", "GetAll"): "the keyring fails: No such secret collection",  # properties may be missing
             ("exit", "GetAll"): "no keyring runs in the D-Bus session"}  # the service ended before it was talked to
    assert unkept(result).startswith(early.get((kind, method), BREAKS[kind]))
    assert "\x1b" not in result.err and seconds < LIMIT
    check_unkept(kube, result)


@pytest.mark.parametrize("method", READING)
@pytest.mark.parametrize("kind", BREAKS)
def test_a_keyring_that_breaks_while_it_is_read(kube, bus, kind, method):
    Faulty(bus, f"{kind}:{method}")
    assert kube.get_token().status == 0
    kube.expire()
    result = kube.get_token()
    assert unrefreshed(result).startswith(BREAKS[kind])
    assert "logged in as" in result.err


@pytest.mark.parametrize("method", ["Unlock", "Prompt", "CreateCollection"])
@pytest.mark.parametrize("kind", BREAKS)
def test_a_keyring_that_breaks_while_it_is_unlocked_or_made(kube, bus, kind, method):
    Faulty(bus, "alias" if method == "CreateCollection" else "locked", f"{kind}:{method}", "prompt:given")
    result, seconds = timed(kube, **DISPLAY)
    assert unkept(result) and seconds < LIMIT
    check_unkept(kube, result)


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("method", ["SearchItems", "Delete"])
def test_a_keyring_that_breaks_while_it_forgets(kube, bus, kind, method):
    """`clean` has deleted the files and says what stays; exit status 0 (K7-42)."""
    Faulty(bus, f"{kind}:{method}")
    assert kube.get_token().status == 0
    result = kube.bare("clean", f"--token-cache-dir={kube.cache}")
    assert result.status == 0 and not kube.cache.exists()
    assert warnings(result)[0].startswith(f"1 refresh token in the keyring could not be deleted: {BREAKS[kind]}")


@pytest.mark.parametrize("method", ["CreateItem", "OpenSession"])
def test_a_bus_that_ends_in_the_middle_does_not_end_us(kube, bus, method):
    Faulty(bus, f"bus:{bus.process.pid}:{method}")
    result = kube.get_token()
    assert unkept(result) == BREAKS["exit"]
    check_unkept(kube, result)


def test_a_refresh_token_that_the_provider_did_not_replace_stays_where_it_is(kube, bus, issuer):
    """Nothing is saved then, and nothing can be lost by it."""
    service = Faulty(bus, "again:CreateItem")
    assert kube.get_token().status == 0
    issuer.configure(refresh_threshold=3600)
    for _ in range(2):
        kube.expire()
        result = kube.get_token(**NO_BROWSER)
        assert result.status == 0 and result.err == ""
    assert kube.session["refresh_token_in"] == "keyring" and service.calls().count("CreateItem") == 1


def test_a_slow_one_is_waited_for(kube, bus):
    methods = ["GetAll", "OpenSession", "ReadAlias", "CreateItem", "SearchItems", "GetSecret"]
    Faulty(bus, *(f"slow:{method}" for method in methods))
    assert warnings(kube.get_token()) == []
    kube.expire()
    result = kube.get_token(**NO_BROWSER)
    assert result.status == 0 and result.err == ""


def test_a_refresh_token_that_no_keyring_takes(kube, bus, issuer):
    """70 KiB: it is told as without a keyring, which is not asked."""
    service = Faulty(bus)
    issuer.fault("token", json_patch={"refresh_token": "x" * 70_000})
    result = kube.get_token()
    check_lines(result)
    assert [line for line in warnings(result) if "longer than 65536 characters and is not kept" in line]
    assert "refresh_token" not in kube.session
    assert "CreateItem" not in service.calls()
