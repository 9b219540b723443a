# SPDX-License-Identifier: Apache-2.0
"""`latchkey list`: every session in the token cache, and nothing else."""

import json
import os
import shutil

import pytest
from rested import cache_of_a_login, spoil
from wire import endpoints


@pytest.fixture(scope="module")
def template(shared_issuer, tmp_path_factory):
    return cache_of_a_login(shared_issuer, tmp_path_factory.mktemp("template"))


@pytest.fixture
def stored(kube, template):
    shutil.copytree(template, kube.cache)
    return kube


def listed(kube, *flags, **environment):
    return kube.bare("list", *(flags or [f"--token-cache-dir={kube.cache}"]), **environment)


def sessions(kube, *flags, **environment):
    result = listed(kube, "--output=json", *(flags or [f"--token-cache-dir={kube.cache}"]), **environment)
    assert result.status == 0, result.err
    return json.loads(result.out)["sessions"]


def test_every_session_is_a_row(stored, issuer):
    assert stored.get_token("--oidc-extra-scope=groups").status == 0
    issuer.clear_log()
    result = listed(stored)
    rows = [line.split() for line in result.out.splitlines()]
    assert result.status == 0 and result.err == "" and endpoints(issuer) == []
    assert rows[0] == ["USER", "ACCOUNT", "LEFT", "REFRESH", "CLIENT", "ISSUER"]
    assert len(rows) == 3
    for row in rows[1:]:
        assert row[:2] == ["alice@example.com", "-"] and row[-3:] == ["yes", "kubernetes", issuer.url]


def test_as_json(stored, issuer):
    session = stored.session
    one, = sessions(stored)
    assert 0 < one.pop("remaining_seconds") <= session["lifetime"]
    assert one.pop("expiry").endswith("Z")
    assert one == {"issuer": issuer.url, "client_id": "kubernetes", "account": None, "user": "alice@example.com",
                   "subject": session["subject"], "token_kind": "id_token", "refreshable": True, "refresh_token_in": "disk", "scopes": []}


def test_no_token_is_ever_shown(stored):
    session = stored.session
    for flags in ([], ["--output=json"]):
        result = listed(stored, f"--token-cache-dir={stored.cache}", *flags)
        assert session["refresh_token"] not in result.out + result.err
        assert session["id_token"] not in result.out + result.err


def test_what_has_expired_and_what_cannot_be_refreshed(stored):
    stored.expire(-100)
    stored.edit_session(refresh_token=None)
    one, = sessions(stored)
    assert one["remaining_seconds"] == 0 and one["refreshable"] is False
    assert listed(stored).out.splitlines()[1].split()[2:4] == ["expired", "no"]


def test_damaged_and_foreign_files_are_skipped_with_a_note(stored):
    good = stored.session_file
    name = good.stem
    (stored.cache / "localhost-1111111111111111.json").write_text("{")
    shutil.copy(good, stored.cache / "localhost-2222222222222222.json")
    shutil.copy(good, stored.cache / "localhost-3333333333333333.json")
    (stored.cache / "localhost-3333333333333333.json").chmod(0o644)
    (stored.cache / "localhost-1111111111111111.json").chmod(0o600)
    (stored.cache / "notes.txt").write_text("mine")
    (stored.cache / f"{name}.handout").write_text("")
    before = {path: path.read_bytes() for path in stored.cache.iterdir()}
    result = listed(stored)
    assert result.status == 0 and len(result.out.splitlines()) == 2
    warnings = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == len(result.err.splitlines()) == 4
    for digit in "123":
        assert any(f"localhost-{digit * 16}.json' is skipped: it " in line for line in warnings)
    assert any("1 file in" in line and "is not ours" in line for line in warnings)
    assert {path: path.read_bytes() for path in stored.cache.iterdir()} == before


def test_a_hostile_name_cannot_move_the_cursor(stored):
    stored.edit_session(username="eve\x1b[2J")
    assert "\x1b" not in listed(stored).out


def test_an_empty_or_missing_cache_has_no_sessions(program):
    result = listed(program)
    assert result.status == 0 and result.out == "" and "no sessions" in result.err
    assert sessions(program) == [] and not program.cache.exists()


def test_somebody_elses_directory_is_refused(stored):
    os.chown(stored.cache, 12345, 12345)
    assert listed(stored).code == "cache_perm"


@pytest.mark.parametrize(("environment", "place"), [({}, "home/.kube/cache/latchkey"), ({"KUBECACHEDIR": "kube"}, "kube/latchkey"),
                                                    ({"XDG_RUNTIME_DIR": "runtime"}, "runtime/latchkey")])
def test_without_a_flag_the_directories_of_get_token_are_read(stored, tmp_path, environment, place):
    environment = {name: str(tmp_path / value) for name, value in environment.items()}
    shutil.copytree(stored.cache, tmp_path / place)
    assert len(sessions(stored, "-ojson", **environment)) == 1


@pytest.mark.parametrize("command", [("list",), ("logout", "--all")])
def test_other_accounts_may_have_sessions(stored, command):
    result = stored.bare(*command, f"--token-cache-dir={stored.cache}", "--account=nope")
    assert result.status == 0 and result.err == "there are no sessions of the account 'nope'\n"
    assert stored.session_file.exists()


@pytest.mark.parametrize("kind", ["stranger", "loose", "link", "file above"])
def test_a_directory_that_cannot_be_used_does_not_hide_the_other(stored, tmp_path, kind):
    usual, runtime = stored.home / ".kube/cache/latchkey", tmp_path / "runtime"
    for place in (usual, runtime / "latchkey"):
        shutil.copytree(stored.cache, place)
    if kind == "file above":
        shutil.rmtree(stored.home / ".kube")
        (stored.home / ".kube").write_text("")
    else:
        spoil(usual, kind)
    result = listed(stored, "--output=text", XDG_RUNTIME_DIR=str(runtime))
    assert result.status == 0 and len(result.out.splitlines()) == 2
    assert len(result.err.splitlines()) == (2 if "hint: " in result.err else 1)
    assert result.err.startswith("warning: ") and str(usual) in result.err
    assert len(sessions(stored, "--output=json", XDG_RUNTIME_DIR=str(runtime))) == 1
    assert listed(stored, "--account=nope", XDG_RUNTIME_DIR=str(runtime)).code == "cache_perm"
    assert listed(stored, "--output=json").code == "cache_perm"


def test_it_takes_no_flags_of_a_login(program):
    assert program.bare("list", "--oidc-issuer-url=https://x").code == "config"
