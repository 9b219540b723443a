# SPDX-License-Identifier: Apache-2.0
"""Storage that is full, read-only, missing or somewhere else, with a session in it: nothing is lost, and one
warning says what becomes of the session."""

import json
import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from issuer.browse import Browser
from program import exec_info
from program import compact
from rested import NO_BROWSER, log_in, refresh
from system_calls import calls, strace
from test_odd_environment import encoded, privately
from wire import endpoints

ids = pytest.mark.ids
STRANGER = 12345
READ_ONLY = "mount --bind {0} {0}; mount -o remount,bind,ro {0}"
FULL = ("cp -a {0} {0}.copy; mount -t tmpfs -o size=64k,mode=700 none {0}; cp -a {0}.copy/. {0}; rm -r {0}.copy; "
        "dd if=/dev/zero of={0}/fill 2>/dev/null || :")


def warnings(result):
    return [line.removeprefix("warning: ") for line in result.err.splitlines() if line.startswith("warning: ")]


def grants(issuer):
    return [entry["grant_type"] for entry in issuer.requests("token")]


@pytest.fixture(params=[READ_ONLY, FULL], ids=["read-only", "full"])
def stuck(request, kube, issuer):
    """How to run the program with an expired session in a directory that takes nothing more."""
    log_in(kube, issuer)
    return {"process": privately(kube, request.param.format(kube.cache))}


@ids("T-32", "K7-26")
def test_a_good_token_needs_no_storage_that_can_be_written(kube, issuer, stuck):
    kube.expire(1000)
    result = kube.start("get-token", **stuck, **NO_BROWSER).wait()
    assert result.status == 0 and result.err == ""
    assert issuer.requests() == []


@ids("T-32")
def test_a_token_that_would_be_renewed_is_used_up_and_the_refresh_token_saved_for_later(kube, issuer, stuck):
    kube.expire(40)
    result = kube.start("get-token", **stuck, **NO_BROWSER).wait()
    assert result.token == kube.session["id_token"]
    assert issuer.requests() == [] and len(warnings(result)) == 1
    refresh(kube)


@ids("T-32")
def test_a_login_is_good_for_one_call_and_the_refresh_token_is_not_spent(kube, issuer, stuck):
    before = kube.session_file.read_bytes()
    result = kube.start("get-token", **stuck).wait()
    assert result.claims["email"] == "alice@example.com"
    assert grants(issuer) == ["authorization_code"] and len(warnings(result)) == 1
    assert kube.session_file.read_bytes() == before
    assert "saved" in warnings(result)[0] or "will not be kept" in warnings(result)[0]
    issuer.clear_log()
    refresh(kube)
    assert grants(issuer) == ["refresh_token"]


@ids("T-32")
def test_a_login_that_fails_there_says_why_and_nothing_else_is_lost(kube, issuer, stuck):
    before = kube.session_file.read_bytes()
    assert kube.start("get-token", **stuck, FAKE_BROWSER="deny").wait().code == "callback_error"
    assert kube.session_file.read_bytes() == before


# Another place

@ids("T-32")
def test_where_the_cache_is_read_only_the_runtime_directory_keeps_the_session(kube, issuer, tmp_path):
    log_in(kube, issuer)
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    stuck = {"process": privately(kube, READ_ONLY.format(kube.cache)), "XDG_RUNTIME_DIR": str(runtime)}
    first = kube.start("get-token", **stuck).wait()
    assert grants(issuer) == ["authorization_code"]
    (warning,) = warnings(first)
    assert warning.endswith(f"'{runtime}/latchkey' is used instead")
    assert stat.S_IMODE((runtime / "latchkey").stat().st_mode) == 0o700
    second = kube.start("get-token", **stuck, **NO_BROWSER).wait()
    assert second.token == first.token and second.err == ""
    kube.start("get-token", "--force-refresh", **stuck, **NO_BROWSER).wait()
    assert grants(issuer) == ["authorization_code", "refresh_token"]


@pytest.fixture
def runtime(kube, tmp_path):
    """A runtime directory beside the cache; what rests in it is a session's file."""
    place = tmp_path / "runtime"
    place.mkdir(mode=0o700)
    kube.environment["XDG_RUNTIME_DIR"] = str(place)
    return place / "latchkey"


@ids("T-32")
def test_a_good_token_in_a_cache_that_is_read_only_is_used_beside_a_runtime_directory(kube, issuer, runtime, stuck):
    runtime.mkdir(mode=0o700)
    kube.expire(1000)
    result = kube.start("get-token", **stuck, **NO_BROWSER).wait()
    assert result.token == kube.session["id_token"] and result.err == ""
    assert issuer.requests() == []


def in_a_full_cache(kube, *steps):
    """Runs the steps, in a shell where "$@" is the program, one after another with a cache that takes nothing more.
    Gives the status of each and stderr."""
    lines = ["mount --make-rprivate /", FULL.format(kube.cache), *(f"({step}) >/dev/null; echo $?" for step in steps)]
    result = kube.start("get-token", process={"before": ["unshare", "-m", "sh", "-c", "\n".join(lines), "sh"]}).wait()
    return result.out.split(), result.err


@ids("T-32")
def test_where_the_disk_is_full_the_runtime_directory_keeps_the_session(kube, issuer, runtime):
    log_in(kube, issuer)
    statuses, err = in_a_full_cache(kube, '"$@"', '"$@"', '"$@" --force-refresh',
                                    f'mount -o remount,size=1m {kube.cache} && "$@" --force-refresh', '"$@"',
                                    f"cp {kube.cache}/*.json {kube.home}")
    assert statuses == ["0"] * 6, err
    assert grants(issuer) == ["refresh_token"] * 3, "no refresh token is lost or spent twice"
    assert err.count("warning: ") == 2 == err.count(f"takes nothing more: '{runtime}' is used instead"), err
    assert list(runtime.glob("*.json")) == [], "it went back to where sessions rest"


@ids("T-32", "T-10")
def test_where_the_disk_is_full_a_login_is_kept_and_a_failed_one_is_remembered(kube, issuer, runtime):
    log_in(kube, issuer)
    issuer.revoke_refresh()
    statuses, err = in_a_full_cache(kube, 'FAKE_BROWSER=deny "$@"', '"$@"', f'rm {runtime}/*.cooldown; "$@"', '"$@"')
    assert statuses == ["1", "1", "0", "0"], err
    assert err.count("[cooldown]") == 1, err
    assert grants(issuer) == ["refresh_token", "authorization_code"]


@ids("T-32")
def test_a_login_beside_a_cache_that_was_read_only_for_a_while_is_not_lost_to_the_old_session(kube, issuer, runtime):
    log_in(kube, issuer)
    kube.edit_session(refresh_token="ended-meanwhile")
    lines = ["mount --make-rprivate /", READ_ONLY.format(kube.cache), '"$@" >/dev/null || exit 1',
             f"mount -o remount,bind,rw {kube.cache}", 'BROWSER=/bin/false "$@"']
    result = kube.start("get-token", process={"before": ["unshare", "-m", "sh", "-c", "\n".join(lines), "sh"]}).wait()
    assert result.claims["email"] == "alice@example.com"
    assert grants(issuer) == ["authorization_code"], "the second call was answered from the runtime directory"


@ids("T-32")
def test_the_runtime_directory_mixes_no_accounts_of_several_cache_directories(kube, issuer, runtime):
    places = {name: [*kube.flags[:-1], f"--token-cache-dir={path}"]
              for name, path in (("alice", kube.cache), ("bob", kube.directory / "b"), ("carol", kube.directory / "c"))}
    kube.flags = places["bob"]
    assert kube.get_token(FAKE_BROWSER_USER="bob").claims["email"] == "bob@example.com"
    kube.flags = places["alice"]
    log_in(kube, issuer)
    statuses, err = in_a_full_cache(kube, '"$@"')
    assert statuses == ["0"] and len(list(runtime.glob("*.json"))) == 1, err
    for flags in ([], ["--force-refresh"]):
        kube.flags = places["bob"]
        assert kube.get_token(*flags, **NO_BROWSER).claims["email"] == "bob@example.com"
    kube.flags = places["carol"]
    assert kube.get_token(**NO_BROWSER).status == 1, "there is no session yet"
    kube.flags = places["alice"]
    assert kube.get_token("--force-refresh", **NO_BROWSER).claims["email"] == "alice@example.com"


@ids("T-32", "REF-10")
def test_a_read_only_cache_that_others_renew_does_not_hide_the_session_beside_it(kube, issuer, runtime):
    """As the host's cache in a container."""
    log_in(kube, issuer)
    stuck = {"process": privately(kube, READ_ONLY.format(kube.cache)),
             "XDG_RUNTIME_DIR": kube.environment.pop("XDG_RUNTIME_DIR")}
    kube.start("get-token", **stuck).wait()
    (own,) = runtime.glob("*.json")
    kept = json.loads(own.read_text())
    expired = {name: kept[name] - 4000 for name in ("expires_at", "issued_at", "obtained_at")}
    own.write_text(compact({**kept, **expired}))
    refresh(kube, "--force-refresh")
    kube.expire()
    issuer.clear_log()
    assert kube.start("get-token", **stuck, **NO_BROWSER).wait().status == 0
    assert grants(issuer) == ["refresh_token"]
    refresh(kube, "--force-refresh")
    assert kube.start("logout", **stuck).wait().status == 0
    assert issuer.count("revoke") == 1 and list(runtime.glob("*.json")) == []


@ids("T-33")
def test_a_directory_that_cannot_be_synced_costs_no_session(kube, issuer, tmp_path):
    """The file is in its place by then: whoever took it for lost would remove it."""
    log_in(kube, issuer)
    fault = ["-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=5"]
    running = kube.start("get-token", process={"before": strace(tmp_path / "trace", *fault)}, **NO_BROWSER)
    result = running.wait()
    assert result.status == 0 and result.err == ""
    (failed,) = [call for call in calls(tmp_path / "trace") if "INJECTED" in str(call)]
    assert kube.session["id_token"] == result.token
    refresh(kube, "--force-refresh")


@ids("T-32", "REF-01")
def test_a_spent_refresh_token_is_not_left_behind_by_a_save_that_failed(kube, issuer, tmp_path):
    """The next call would send it a second time, which may end all sessions of the person."""
    old = log_in(kube, issuer)
    fault = ["-f", "-e", "trace=renameat,renameat2", "-e", "inject=renameat,renameat2:error=EIO"]
    running = kube.start("get-token", process={"before": strace(tmp_path / "trace", *fault)}, **NO_BROWSER)
    result = running.wait()
    assert result.token != old.token and grants(issuer) == ["refresh_token"]
    (warning,) = warnings(result)
    assert warning.startswith("the refreshed session could not be saved, you will have to log in again: ")
    assert list(kube.cache.glob("*.json")) == []
    assert kube.get_token().status == 0
    assert grants(issuer) == ["refresh_token", "authorization_code"]


@ids("T-35")
@pytest.mark.parametrize("value", ["", "relative", "/nowhere/at/all"])
def test_a_runtime_directory_that_cannot_be_one_is_not_missed(kube, issuer, value):
    assert kube.get_token(XDG_RUNTIME_DIR=value).status == 0
    assert kube.get_token(XDG_RUNTIME_DIR=value, **NO_BROWSER).err == ""


@ids("T-35")
def test_a_relative_runtime_directory_leaves_nothing_where_we_stand(kube, issuer, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    for _ in range(2):
        running = kube.start("get-token", process={"cwd": here}, XDG_RUNTIME_DIR="relative", KUBERNETES_EXEC_INFO=exec_info())
        assert running.wait().status == 0
        assert list(here.iterdir()) == []


@pytest.mark.parametrize("place", ["under a file", "under another user's"])
def test_a_directory_that_cannot_be_made_is_one_warning(kube, issuer, tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", STRANGER, STRANGER)
    path = {"under a file": f"{tmp_path}/file/cache", "under another user's": f"{tmp_path}/theirs/cache"}[place]
    kube.flags[-1] = f"--token-cache-dir={path}"
    result = kube.start("get-token", process={"cwd": tmp_path}).wait()
    assert result.claims["email"] == "alice@example.com"
    (warning,) = warnings(result)
    assert path in warning and "the session will not be kept" in warning
    assert sorted(os.listdir(tmp_path / "theirs")) == []


@ids("K7-18")
@pytest.mark.parametrize("flags", [["--token-cache-dir=here/cache"], []], ids=["flag", "KUBECACHEDIR"])
def test_a_relative_directory_is_the_working_directorys(kube, issuer, tmp_path, flags):
    kube.flags = [*kube.flags[:-1], *flags]
    kube.environment["KUBECACHEDIR"] = "here"
    first = kube.start("get-token", process={"cwd": tmp_path}).wait()
    assert first.err.count("warning") == 0
    assert len(list((tmp_path / "here").glob("*/*.json"))) == 1
    assert kube.start("get-token", process={"cwd": tmp_path}, **NO_BROWSER).wait().token == first.token
    assert kube.bare("clean", *flags, KUBECACHEDIR=str(tmp_path / "here")).status == 0


# Homes

@pytest.fixture
def stranger(kube, issuer):
    """A user whose home is in the password database: that home, and how to run the program as him."""
    kube.flags = [*kube.flags[:2], f"--certificate-authority-data={encoded(issuer.ca_file)}"]
    with tempfile.TemporaryDirectory(prefix="latchkey-test-") as place:
        home = Path(place, "home")
        home.mkdir()
        os.chown(home, STRANGER, STRANGER)
        os.chmod(place, 0o755)
        kube.path = shutil.copy(kube.path, place)
        passwd = Path(place, "passwd")
        passwd.write_text(f"root:x:0:0::/root:/bin/sh\nstranger:x:{STRANGER}:{STRANGER}::{home}:/bin/sh\n")
        process = privately(kube, f"mount --bind {passwd} /etc/passwd")
        process["before"] += ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"]
        yield home, {**process, "cwd": place}


def log_in_by_hand(kube, process, **environment):
    running = kube.start("get-token", process=process, BROWSER=None, **environment)
    Browser().open(running.read_line(r"Please visit .*: (\S+)$")[1])
    return running.wait()


@ids("T-35")
@pytest.mark.parametrize("home", [None, "", "relative", "~"])
def test_without_a_home_in_the_environment_the_password_database_is_asked(kube, issuer, stranger, home):
    place, process = stranger
    first = log_in_by_hand(kube, process, HOME=home)
    assert len(list((place / ".kube/cache/latchkey").glob("*.json"))) == 1
    second = kube.start("get-token", process=process, HOME=home, **NO_BROWSER).wait()
    assert second.token == first.token and second.err == ""


@ids("T-35")
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_home_that_cannot_be_used_is_one_warning(kube, issuer, stranger, mode):
    place, process = stranger
    place.chmod(mode)
    running = kube.start("get-token", process=process, BROWSER=None, HOME=str(place))
    running.read_line(f"^warning: cannot (make|open) directory '{place}.*: the session will not be kept")
    Browser().open(running.read_line(r"Please visit .*: (\S+)$")[1])
    assert running.wait().status == 0
    assert endpoints(issuer)[-1] == "token" and list(place.iterdir()) == []
