# SPDX-License-Identifier: Apache-2.0
"""`latchkey clean`: what is ours goes, what is not stays."""

import json
import os
import shutil
import signal
import subprocess

import pytest
from issuer.browse import Browser
from patience import until
from processes import is_held
from program import exec_info
from rested import NO_BROWSER, cache_of_a_login, spoil
from system_calls import strace

ids = pytest.mark.ids
STRANGER = 12345


@pytest.fixture(scope="module")
def template(shared_issuer, tmp_path_factory):
    return cache_of_a_login(shared_issuer, tmp_path_factory.mktemp("template"))


@pytest.fixture
def stored(kube, issuer, template):
    shutil.copytree(template, kube.cache)
    return kube


def clean(kube, *flags, **environment):
    return kube.bare("clean", *(flags or [f"--token-cache-dir={kube.cache}"]), **environment)


def said(kube, sessions, path=None, foreign=""):
    return (f"Deleted the token cache from {path or kube.cache} ({sessions} session{'' if sessions == 1 else 's'})\n{foreign}"
            "Deleted nothing from the keyring: there is no D-Bus session, and so no keyring\n")


@ids("K7-42")
def test_everything_of_ours_goes_and_the_directory_with_it(stored):
    name = stored.session_file.stem
    assert stored.get_token("--oidc-extra-scope=groups").status == 0
    assert stored.get_token("--oidc-extra-scope=groups", "--force-refresh",
                            "--oidc-client-id=wrong").status == 1
    for extension in (".bad", ".holder", ".cooldown"):
        (stored.cache / f"{name}{extension}").write_text("{}")
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    (stored.cache / f".tok.{dead.pid}.0123456789abcdef").write_text("{")
    result = clean(stored)
    assert result.status == 0 and result.out == ""
    assert result.err == said(stored, 2)
    assert not stored.cache.exists()
    assert stored.get_token().status == 0


@ids("K7-42")
@pytest.mark.parametrize("has_runtime_directory", [False, True])
def test_what_a_call_of_kubectl_leaves_behind_goes_as_well(stored, has_runtime_directory):
    runtime = stored.directory / "runtime"
    runtime.mkdir(mode=0o700)
    environment = {"XDG_RUNTIME_DIR": str(runtime)} if has_runtime_directory else {}
    assert stored.get_token(KUBERNETES_EXEC_INFO=exec_info(), **environment, **NO_BROWSER).status == 0
    assert len(list(stored.directory.rglob("*.handout"))) == 1
    for result in (clean(stored), stored.bare("clean", **environment)):
        assert result.status == 0 and "not ours" not in result.err
    assert not list(stored.directory.rglob("*.handout"))
    assert not stored.cache.exists()


@ids("K7-42")
def test_a_directory_that_is_not_there_is_clean(program):
    result = clean(program)
    assert result.status == 0 and result.out == ""
    assert result.err == said(program, 0)
    assert not program.cache.exists()


@ids("K7-42")
def test_a_session_of_a_newer_version_is_ours(stored):
    stored.edit_session(version=2, new={"a": 1})
    assert clean(stored).err == said(stored, 1)
    assert not stored.cache.exists()


@ids("K7-42")
def test_a_session_that_others_can_read_is_ours_all_the_same(stored):
    stored.session_file.chmod(0o644)
    assert clean(stored).err == said(stored, 1)
    assert not stored.cache.exists()


@ids("K7-42")
@pytest.mark.parametrize("length", [0, 1, 15, 300, -2])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_what_is_left_of_a_torn_session_is_ours(stored, length, mode):
    stored.session_file.write_bytes(stored.session_file.read_bytes()[:length])
    stored.session_file.chmod(mode)
    assert clean(stored).err == said(stored, 1)
    assert not stored.cache.exists()


@ids("K7-42")
def test_one_foreign_file_is_one(stored):
    (stored.cache / "notes.txt").write_text("mine")
    assert clean(stored).err == said(stored, 1, foreign="warning: 1 file in it is not ours and left alone\n")


@ids("K7-42")
def test_with_the_sessions_goes_what_they_were_good_for(stored, issuer):
    clean(stored)
    issuer.clear_log()
    assert stored.get_token("--authentication-timeout-sec=1", BROWSER="/bin/true").code == "callback_timeout"


# What is not ours

PEER = "0123456789abcdef" * 4


def foreign(cache, victim):
    """Everything that one may find in such a directory and must not touch, by name."""
    name = next(cache.glob("*.json")).stem
    other = "localhost-0123456789abcdef"
    plain = {"notes.txt": "mine", "x.json": "{}", PEER: '{"id_token":"a","refresh_token":"b"}',
             f"{PEER}.lock": "", ".hidden": "",
             "localhost-0123456789abcde.json": "{}", "localhost-0123456789ABCDEF.json": "{}",
             f"{other}.json": '{"mine":1}', f"{other}.provider": "no",
             "localhost-6666666666666666.json": '{"mine":1}\n{"mine":2}\n',
             f"{name}.jsonx": "", f"{name}.json~": "", ".tok.": "", ".tok.x.y": ""}
    for file, text in plain.items():
        (cache / file).write_text(text)
        (cache / file).chmod(0o600)
    shutil.copy(cache / f"{name}.json",
                cache / "localhost-1111111111111111.json")  # a good session under a wrong name
    (cache / "localhost-2222222222222222.json").symlink_to(victim)
    (cache / "localhost-3333333333333333.json").mkdir()
    (cache / "localhost-3333333333333333.json" / "deep").write_text("")
    os.mkfifo(cache / "localhost-4444444444444444.json")
    shutil.copy(cache / f"{name}.json", cache / "localhost-5555555555555555.lock")
    os.chown(cache / "localhost-5555555555555555.lock", STRANGER, STRANGER)
    return sorted({*plain, *(f"localhost-{digit * 16}.json" for digit in "1234"),
                   "localhost-5555555555555555.lock"})


@ids("K7-42")
def test_what_is_not_ours_stays(stored, tmp_path):
    victim = tmp_path / "victim"
    shutil.copy(stored.session_file, victim)
    kept = foreign(stored.cache, victim)
    before = victim.read_bytes()
    result = clean(stored)
    assert result.status == 0
    assert result.err == said(stored, 1, foreign=f"warning: {len(kept)} files in it are not ours and left alone\n")
    assert sorted(os.listdir(stored.cache)) == kept
    assert victim.read_bytes() == before
    assert (stored.cache / "localhost-3333333333333333.json/deep").exists()


@ids("K7-42")
def test_a_directory_of_the_system_is_no_cache(program, tmp_path):
    (tmp_path / "home").mkdir(exist_ok=True)
    for name in ("documents", "other"):
        (tmp_path / "home" / name).mkdir()
        (tmp_path / "home" / name / "a.json").write_text("{}")
    tmp_path.joinpath("home").chmod(0o755)
    before = sorted(tmp_path.rglob("*"))
    for path in (tmp_path / "home", tmp_path):
        assert clean(program, f"--token-cache-dir={path}").status == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o755


@ids("K7-42", "T-26")
@pytest.mark.parametrize("kind", ["link", "another user's", "file"])
def test_a_directory_that_is_not_ours_is_refused(stored, tmp_path, kind):
    real = tmp_path / "real"
    stored.cache.rename(real)
    if kind == "link":
        stored.cache.symlink_to(real)
    elif kind == "file":
        stored.cache.write_text("mine")
    else:
        shutil.copytree(real, stored.cache)
        os.chown(stored.cache, STRANGER, STRANGER)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = clean(stored)
    assert result.code == "cache_perm"
    assert str(stored.cache) in result.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


# Which directory

@ids("K7-42", "K7-18")
@pytest.mark.parametrize(("environment", "place"), [({}, "home/.kube/cache/latchkey"),
                                                    ({"KUBECACHEDIR": "kube"}, "kube/latchkey"),
                                                    ({"XDG_RUNTIME_DIR": "runtime"}, "runtime/latchkey")])
def test_without_a_flag_the_directories_of_get_token_are_cleaned(stored, tmp_path, environment, place):
    environment = {name: str(tmp_path / value) for name, value in environment.items()}
    shutil.copytree(stored.cache, tmp_path / place)
    result = stored.bare("clean", **environment)
    assert result.status == 0 and said(stored, 1, tmp_path / place) in result.err
    assert not (tmp_path / place).exists() and stored.session_file.exists()


@ids("K7-42", "T-26")
@pytest.mark.parametrize("kind", ["stranger", "loose", "link"])
def test_a_directory_that_cannot_be_used_does_not_keep_the_other(stored, tmp_path, kind):
    usual, runtime = stored.home / ".kube/cache/latchkey", tmp_path / "runtime"
    for place in (usual, runtime / "latchkey"):
        shutil.copytree(stored.cache, place)
    spoil(usual, kind)
    result = stored.bare("clean", XDG_RUNTIME_DIR=str(runtime))
    assert result.code == "cache_perm" and str(usual) in result.err
    assert said(stored, 1, runtime / "latchkey") in result.err
    assert not (runtime / "latchkey").exists() and list(usual.glob("*.json")) != []


@ids("K7-17")
def test_a_tilde_is_the_home_directory(stored):
    shutil.copytree(stored.cache, stored.home / "tokens")
    assert clean(stored, "--token-cache-dir=~/tokens").err == said(stored, 1, stored.home / "tokens")
    assert not (stored.home / "tokens").exists()


def test_the_directory_may_come_from_a_variable(stored):
    assert stored.bare("clean", LATCHKEY_TOKEN_CACHE_DIR=str(stored.cache)).err == said(stored, 1)


def test_clean_takes_no_flags_of_a_login(program):
    assert program.bare("clean", "--oidc-issuer-url=https://x").code == "config"
    assert program.bare("clean", "stray").code == "config"


# Beside a login

@ids("K7-42")
def test_a_login_that_is_on_its_way_is_not_disturbed(stored, issuer):
    stored.expire()
    stored.edit_session(refresh_token=None)
    running = stored.start("get-token", "--skip-open-browser")
    url = running.read_line(r"Please visit .*: (\S+)$")[1]
    assert clean(stored).status == 0
    assert [path.suffix for path in stored.cache.iterdir() if path.suffix == ".lock"] == [".lock"]
    Browser().open(url)
    token = running.wait().token
    assert stored.get_token(**NO_BROWSER).token == token
    assert json.loads(stored.session_file.read_text())["refreshed"] is False


@ids("K7-42", "T-27")
def test_a_lock_that_is_removed_before_it_is_held_is_made_again(stored, tmp_path):
    """The login has opened the file and does not hold it yet: whoever came later would lock another one."""
    (stored.cache / "notes.txt").write_text("mine")  # so that the directory stays
    stored.expire()
    (lock,) = stored.cache.glob("*.lock")
    log = tmp_path / "trace"
    stop = strace(log, "-D", "-P", lock, "-e", "trace=/^(new)?fstat", "-e", "inject=/^(new)?fstat:signal=SIGSTOP:when=1")
    running = stored.start("get-token", "--skip-open-browser", process={"before": stop})
    until(lambda: log.exists() and "stopped by SIGSTOP" in log.read_text())
    assert clean(stored).status == 0 and not lock.exists()
    running.signal(signal.SIGCONT)
    url = running.read_line(r"Please visit .*: (\S+)$")[1]
    assert lock.exists() and is_held(lock)
    Browser().open(url)
    assert running.wait().status == 0
    assert stored.get_token(**NO_BROWSER).status == 0
