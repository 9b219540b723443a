# SPDX-License-Identifier: Apache-2.0
"""The session's file among hostile, foreign and damaged ones: a good login never fails because of it, and
nothing but our own file is read or written."""

import json
import os
import random
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from program import compact
from rested import NO_BROWSER, cache_of_a_login, log_in, refresh
from wire import endpoints

ids = pytest.mark.ids
STRANGER = 12345
PASSWD = Path("/etc/passwd")


@pytest.fixture(scope="module")
def template(shared_issuer, tmp_path_factory):
    return cache_of_a_login(shared_issuer, tmp_path_factory.mktemp("template"))


@pytest.fixture
def stored(kube, issuer, template):
    """A session whose token is good."""
    shutil.copytree(template, kube.cache)
    issuer.clear_log()
    return kube


def misses(kube, issuer):
    """A call that does not find the session; nothing is changed."""
    issuer.fault("discovery", status=404, times=-1)
    before = kube.session_file.read_bytes()
    result = kube.get_token(**NO_BROWSER)
    assert result.code == "discovery_http", result.err
    assert kube.session_file.read_bytes() == before
    return result


def logs_in(kube, issuer, warned):
    """A call that does not find the session, and logs in."""
    issuer.clear_log()
    result = kube.get_token()
    assert result.claims["email"] == "alice@example.com"
    assert "authorization_code" in [entry["grant_type"] for entry in issuer.requests("token")]
    warnings = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == (1 if warned else 0), result.err
    assert not warned or warned in warnings[0], result.err
    return result


# Modes

@ids("K7-33", "T-26")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_the_directory_is_0700_and_every_file_0600_under_any_umask(kube, umask):
    deep = kube.directory / "a" / "b"
    kube.flags[-1] = f"--token-cache-dir={deep}"
    assert kube.start("get-token", process={"umask": umask}).wait().status == 0
    for path in (deep, deep.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    names = {path.suffix for path in deep.iterdir()}
    assert names == {".json", ".lock", ".provider"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in deep.iterdir()} == {0o600}


@ids("K7-33")
def test_the_file_is_one_json_object_with_the_peers_members(stored):
    session = stored.session
    assert set(session) == {"version", "key", "token_kind", "id_token", "refresh_token", "subject",
                            "username", "nonce", "issued_at", "expires_at", "obtained_at", "lifetime",
                            "refreshed"}
    assert session["version"] == 1 and session["id_token"].count(".") == 2
    assert stored.session_file.name.startswith("localhost-")


@ids("K7-33", "T-26")
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o750])
def test_a_directory_that_others_can_read_is_closed_to_them(stored, mode):
    stored.cache.chmod(mode)
    assert stored.get_token(**NO_BROWSER).status == 0
    assert stat.S_IMODE(stored.cache.stat().st_mode) == 0o700


@ids("T-26")
@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640, 0o700, 0o4600])
def test_a_file_that_others_can_read_is_not_used_and_replaced(stored, issuer, mode):
    stored.session_file.chmod(mode)
    misses(stored, issuer)
    issuer.clear_faults()
    logs_in(stored, issuer, "has permissions beyond 0600")
    assert stat.S_IMODE(stored.session_file.stat().st_mode) == 0o600
    assert stored.get_token(**NO_BROWSER).status == 0


# What lies in the file's place

def put(kind, path, victim):
    """Puts something else into the place of a file."""
    path.unlink(missing_ok=True)
    {"link to our own file": lambda: path.symlink_to(victim),
     "link to /etc/passwd": lambda: path.symlink_to("/etc/passwd"),
     "dangling link": lambda: path.symlink_to("/nowhere/at/all"),
     "link to itself": lambda: path.symlink_to(path), "hard link": lambda: os.link(victim, path),
     "fifo": lambda: os.mkfifo(path, 0o600), "directory": lambda: path.mkdir(0o700),
     "device": lambda: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5)),
     "socket": lambda: os.mknod(path, 0o600 | stat.S_IFSOCK),
     "another user's": lambda: (shutil.copy(victim, path), path.chmod(0o600),
                                os.chown(path, STRANGER, STRANGER))}[kind]()


PLACES = ["link to our own file", "link to /etc/passwd", "dangling link", "link to itself", "hard link",
          "fifo", "directory", "device", "socket", "another user's"]


def state(path):
    status = path.stat()
    return path.read_bytes(), status.st_ino, status.st_mode, status.st_uid, status.st_mtime_ns


@ids("T-26")
@pytest.mark.parametrize("kind", PLACES)
def test_what_lies_in_the_sessions_place_is_neither_read_nor_followed(stored, issuer, tmp_path, kind):
    victim = tmp_path / "victim"
    shutil.copy(stored.session_file, victim)
    victim.chmod(0o600)
    passwd = state(PASSWD)
    name = stored.session_file.name
    put(kind, stored.cache / name, victim)
    before = state(victim)
    result = stored.get_token()
    assert result.claims["email"] == "alice@example.com"
    assert "authorization_code" in [entry["grant_type"] for entry in issuer.requests("token")]
    assert "warning: " in result.err
    assert state(victim) == before and state(PASSWD) == passwd
    if kind != "directory":
        assert json.loads((stored.cache / name).read_text())["id_token"] == result.token
        assert stored.get_token(**NO_BROWSER).token == result.token


@ids("T-26")
@pytest.mark.parametrize("extension", [".provider", ".lock"])
@pytest.mark.parametrize("kind", PLACES)
def test_what_lies_in_another_files_place_does_no_harm(kube, issuer, tmp_path, extension, kind):
    log_in(kube, issuer)
    (path,) = kube.cache.glob(f"*{extension}")
    victim = tmp_path / "victim"
    shutil.copy(path, victim)
    victim.chmod(0o600)
    put(kind, path, victim)
    before = state(victim)
    refresh(kube)
    assert endpoints(issuer) == (["token"] if extension == ".lock" else ["discovery", "token", "jwks"])
    assert state(victim) == before


# The directory

@ids("T-26")
@pytest.mark.parametrize("kind", ["link", "file", "another user's", "writable by all", "fifo"])
def test_a_directory_that_is_not_ours_alone_is_not_used(stored, issuer, tmp_path, kind):
    real = tmp_path / "real"
    stored.cache.rename(real)
    if kind == "link":
        stored.cache.symlink_to(real)
    elif kind == "file":
        stored.cache.write_text("mine")
    elif kind == "fifo":
        os.mkfifo(stored.cache)
    else:
        shutil.copytree(real, stored.cache)
        os.chown(stored.cache, *((STRANGER, STRANGER) if "user" in kind else (0, 0)))
        stored.cache.chmod(0o700 if "user" in kind else 0o1777)
    before = {path.name: path.read_bytes() for path in real.iterdir()}
    there = sorted(os.listdir(stored.cache)) if stored.cache.is_dir() else None
    result = logs_in(stored, issuer, "the session will not be kept")
    assert str(stored.cache) in result.err
    assert {path.name: path.read_bytes() for path in real.iterdir()} == before
    assert there is None or sorted(os.listdir(stored.cache)) == there


@ids("T-26")
def test_an_ancestor_may_be_a_link_of_our_own(stored, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    stored.cache.rename(real / "cache")
    (tmp_path / "link").symlink_to(real)
    stored.flags[-1] = f"--token-cache-dir={tmp_path}/link/cache"
    assert stored.get_token(**NO_BROWSER).status == 0


@ids("T-26B")
@pytest.mark.parametrize("there", [True, False])
def test_sudo_leaves_nothing_of_root_in_the_home_of_a_user(kube, issuer, template, there):
    kube.flags.pop()
    cache = kube.home / ".kube/cache/latchkey"
    if there:
        shutil.copytree(template, cache)
    subprocess.run(["chown", "-R", f"{STRANGER}:{STRANGER}", kube.home], check=True)
    before = {path: path.stat().st_uid for path in [kube.home, *kube.home.rglob("*")]}
    for _ in range(2):
        logs_in(kube, issuer, "the session will not be kept")
    assert {path: path.stat().st_uid for path in [kube.home, *kube.home.rglob("*")]} == before
    assert set(before.values()) == {STRANGER}


# Damage

def damages(text):
    """Texts that are no session, those of JSON objects in our own spelling and in another."""
    session = json.loads(text)
    times = ("issued_at", "expires_at", "obtained_at", "lifetime")
    objects = [{name: value for name, value in session.items() if name != gone}
               for gone in ("version", "key", "token_kind", "id_token", *times)]
    objects += [{**session, **change} for change in (
        {"version": 0}, {"version": "1"}, {"id_token": ""}, {"id_token": "opaque"}, {"id_token": "a.b.c"},
        {"id_token": 'a"b'}, {"id_token": None}, {"id_token": session["id_token"].replace(".", "!")},
        {"id_token": "e30.e30.e30"}, {"token_kind": "access_token"}, {"key": None}, {"key": []})]
    no_times = ("x", -1, 1.5, 2**63 - 1, None, [], "1795305909")
    objects += [{**session, name: value} for name in times for value in no_times]
    more = ({"refresh_token": 1}, {"refreshed": 1}, {"subject": []}, {"refreshed": None})
    strict = [{**session, **change} for change in more]
    raw = [b"", b"\n", b"{", b"[]", b"null", b"\x00" * 4096, b"[" * 1024 * 1024,
           text.replace(b'"version"', b'"version":1,"version"'), b"\xef\xbb\xbf" + text,
           b" " * (1024 * 1024) + text, text + b" " * (1024 * 1024),
           text.replace(b"localhost", b"localh\xff\xfest")]
    return [*(json.dumps(value).encode() for value in objects + strict),
            *(compact(value).encode() for value in objects), *raw]


@ids("K7-39", "T-34")
def test_a_damaged_file_is_a_miss_and_is_left_as_it_is(stored, issuer):
    good = stored.session_file.read_bytes()
    for damaged in damages(good):
        stored.session_file.write_bytes(damaged)
        misses(stored, issuer)


@ids("K7-39", "T-34")
def test_a_file_that_was_cut_or_changed_anywhere_is_a_miss_or_the_same_token(stored, issuer):
    issuer.fault("discovery", status=404, times=-1)
    issuer.fault("token", status=404, times=-1)
    good, chance = stored.session_file.read_bytes(), random.Random(34)
    token = stored.session["id_token"]
    for length in chance.sample(range(len(good) - 1), 25):
        stored.session_file.write_bytes(good[:length])
        assert stored.get_token(**NO_BROWSER).code == "discovery_http"
    for _ in range(40):
        at = chance.randrange(len(good))
        stored.session_file.write_bytes(good[:at] + bytes([chance.randrange(256)]) + good[at + 1:])
        result = stored.get_token(**NO_BROWSER)
        assert result.status == 1 or len(result.token) == len(token)


@ids("K7-39", "T-34")
def test_a_damaged_file_is_kept_aside_once_when_a_login_replaces_it(stored, issuer):
    name = stored.session_file.name
    aside = stored.cache / name.replace(".json", ".bad")
    for damage in (b"first", b"second"):
        (stored.cache / name).write_bytes(damage)
        logs_in(stored, issuer, "is not a session")
        assert aside.read_bytes() == b"first" and stat.S_IMODE(aside.stat().st_mode) == 0o600
        assert stored.get_token(**NO_BROWSER).status == 0


@ids("T-34")
def test_a_file_of_a_newer_version_is_a_miss_and_replaced_by_a_login_only(stored, issuer):
    stored.edit_session(version=2)
    misses(stored, issuer)
    issuer.clear_faults()
    assert stored.get_token(FAKE_BROWSER="deny").code == "callback_error"
    assert stored.session["version"] == 2
    assert stored.run("login").status == 0
    assert stored.session["version"] == 1 and list(stored.cache.glob("*.bad")) == []


@ids("T-33")
def test_drafts_of_dead_writers_are_swept_and_those_of_living_ones_left(kube, issuer):
    log_in(kube, issuer)
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    old, own = (kube.cache / f".tok.{pid}.0123456789abcdef" for pid in (dead.pid, os.getpid()))
    for path in (old, own):
        path.write_text("{")
        path.chmod(0o600)
    refresh(kube)
    assert list(kube.cache.glob(".tok.*")) == [own]
