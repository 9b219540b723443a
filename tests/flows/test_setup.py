# SPDX-License-Identifier: Apache-2.0
"""The first step of a new user: `latchkey setup` logs in once, keeps nothing, and prints what a kubeconfig needs."""

import base64
import csv
import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from program import claims
from system_calls import calls, strace

ids = pytest.mark.ids
KUBECTL = '#!/bin/sh\nfor word in "$@"; do printf \'%s\\0\' "$word"; done >>"$LOG"\n'


@pytest.fixture
def new_user(program, issuer):
    """Somebody with an empty home and the three flags that every login here needs."""
    program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                     f"--certificate-authority={issuer.ca_file}"]
    del program.environment["LATCHKEY_BACKGROUND_REFRESH"]  # it would stand in the entry
    return program


def sections(result):
    """The parts of the answer by the first words of their headings."""
    assert result.status == 0, result.err
    parts = result.out.split("\n\n")
    return {part.partition("\n")[0].removeprefix("# "): part.partition("\n")[2] for part in parts}


def section(result, heading):
    found = [text for name, text in sections(result).items() if name.startswith(heading)]
    assert len(found) == 1, result.out
    return found[0]


def exec_of(result):
    users = yaml.safe_load(section(result, "The user for your kubeconfig"))["users"]
    assert [user["name"] for user in users] == ["oidc"]
    return users[0]["user"]["exec"]


def pasted(result, directory):
    """The words that kubectl gets when a shell reads the printed command."""
    folder = directory / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "kubectl").write_text(KUBECTL)
    (folder / "kubectl").chmod(0o700)
    log = directory / "words"
    log.unlink(missing_ok=True)
    subprocess.run(["sh", "-c", section(result, "The same as a command")], check=True, timeout=60,
                   env={"PATH": f"{folder}:/usr/bin:/bin", "LOG": str(log)})
    return log.read_text().split("\0")[:-1]


def values(words, flag):
    return [word.removeprefix(f"--{flag}=") for word in words if word.startswith(f"--{flag}=")]


def listed(text):
    """What pflag makes of a value of a list."""
    return next(csv.reader([text], strict=True), [])


def snapshot(directory):
    return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
            for path in sorted(Path(directory).rglob("*"))}


# Without an issuer or a client ID

@ids("K7-81")
@pytest.mark.parametrize(("words", "missing", "given"), [
    ([], "--oidc-issuer-url and --oidc-client-id", "--oidc-issuer-url=ISSUER --oidc-client-id=CLIENT_ID"),
    (["--oidc-issuer-url=https://a.example/"], "needs --oidc-client-id",
     "--oidc-issuer-url=https://a.example/ --oidc-client-id=CLIENT_ID"),
    (["--oidc-client-id=kubernetes"], "needs --oidc-issuer-url", "--oidc-issuer-url=ISSUER --oidc-client-id=kubernetes")])
def test_without_an_issuer_or_a_client_it_says_what_to_do(program, words, missing, given):
    result = program.bare("setup", *words)
    assert (result.status, result.err) == (0, "")
    assert missing in result.out.splitlines()[0]
    assert f"latchkey setup {given}\n" in result.out
    assert "http://localhost:8000 and http://localhost:18000" in result.out
    assert not any(program.home.iterdir())


def test_the_flags_that_it_does_not_promise_are_refused(program):
    guide = program.bare("setup").out
    for flag in ("--force-refresh", "--output=token"):
        assert flag.partition("=")[0] in guide
        assert program.bare("setup", flag).status == 1


# What it prints

@ids("K7-82")
def test_the_claims_are_shown_in_their_own_order(new_user, issuer):
    result = new_user.run("setup")
    shown = section(result, f"The claims of the token: alice@example.com at {issuer.url}")
    assert shown == json.dumps(json.loads(shown), indent=2)
    kept = claims(new_user.get_token("--token-cache-dir", str(new_user.cache)).token)
    assert list(json.loads(shown)) == list(kept)
    assert json.loads(shown)["groups"] == kept["groups"]


def test_letters_are_shown_and_what_a_terminal_would_obey_is_not(new_user, issuer):
    issuer.mutate_id_token(claims={"name": "Zoë"})
    assert '"name": "Zoë"' in new_user.run("setup").out
    issuer.mutate_id_token(claims={"name": "Zoë\u202e\u009b31m\u007f"})
    out = new_user.run("setup").out
    assert '"name": "zo\\u00eb\\u202e\\u009b31m\\u007f"' in out.lower()
    assert not set(out) & set("\u202e\u009b\u007f")


@ids("K7-82")
def test_the_user_entry_is_complete(new_user, issuer):
    result = new_user.run("setup")
    assert "logged in as" not in result.err  # the answer says it
    entry = exec_of(result)
    assert entry.pop("installHint").startswith("This user logs in with latchkey")
    assert entry == {"apiVersion": "client.authentication.k8s.io/v1", "command": str(new_user.path.absolute()),
                     "args": ["get-token", *new_user.flags], "interactiveMode": "IfAvailable"}


AWKWARD = ["--oidc-extra-scope=groups", "--oidc-extra-scope=a,b", '--oidc-extra-scope="c,d"', "--oidc-auth-request-extra-params=ttl=1,2",
           "--oidc-auth-request-extra-params=x=1,y=2", '--oidc-auth-request-extra-params="q=it\'s $(id) `id` \\ !1=~,*"',
           "--browser-command=", "--local-server-cert=", "--http-timeout-sec", "20", "--redirect-probe=never",
           "--oidc-use-access-token=false"]
WRITTEN = ["--oidc-extra-scope=groups", "--oidc-extra-scope=a", "--oidc-extra-scope=b", '--oidc-extra-scope="c,d"',
           "--oidc-use-access-token=false", "--http-timeout-sec=20", "--redirect-probe=never", "--browser-command=",
           "--local-server-cert=", "--oidc-auth-request-extra-params=ttl=1,2", "--oidc-auth-request-extra-params=x=1",
           "--oidc-auth-request-extra-params=y=2", '--oidc-auth-request-extra-params="q=it\'s $(id) `id` \\ !1=~,*"']


@ids("K7-82")
def test_lists_maps_and_awkward_values_are_the_same_in_the_entry_and_the_pasted_command(new_user, tmp_path):
    result = new_user.run("setup", *AWKWARD)
    entry = exec_of(result)
    assert sorted(entry["args"][1:]) == sorted([*new_user.flags, *WRITTEN])
    words = pasted(result, tmp_path)
    assert words[:3] == ["config", "set-credentials", "oidc"]
    assert values(words, "exec-command") == [entry["command"]]
    assert values(words, "exec-api-version") == [entry["apiVersion"]]
    assert values(words, "exec-interactive-mode") == [entry["interactiveMode"]]
    assert [field for text in values(words, "exec-arg") for field in listed(text)] == entry["args"]
    assert values(words, "exec-env") == []


def test_line_ends_are_written_too(new_user, issuer, tmp_path):
    """base64 prints them."""
    new_user.flags = new_user.flags[:2]
    data = "--certificate-authority-data=" + base64.encodebytes(Path(issuer.ca_file).read_bytes()).decode()
    assert data.count("\n") > 5
    result = new_user.run("setup", data)
    args = exec_of(result)["args"]
    assert args == ["get-token", *new_user.flags, data]
    assert [field for text in values(pasted(result, tmp_path), "exec-arg") for field in listed(text)] == args


def test_the_flags_of_the_entry_give_the_same_entry(new_user):
    first = exec_of(new_user.run("setup", *AWKWARD))
    new_user.flags = first["args"][1:]
    assert exec_of(new_user.run("setup")) == first


def test_what_comes_from_variables_is_written_as_flags(new_user, issuer):
    new_user.flags = []
    entry = exec_of(new_user.run("setup", LATCHKEY_OIDC_ISSUER_URL=issuer.url, LATCHKEY_OIDC_CLIENT_ID="kubernetes",
                                LATCHKEY_CERTIFICATE_AUTHORITY=issuer.ca_file))
    assert entry["args"] == ["get-token", f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                             f"--certificate-authority={issuer.ca_file}"]


@ids("K7-82")
def test_deprecated_flags_are_written_as_their_successors(new_user):
    result = new_user.run("setup", "--listen-port=8123", "--oidc-use-pkce")
    assert result.err.count("is deprecated") == 2
    flags = exec_of(result)["args"][1:]
    assert {"--listen-address=127.0.0.1:8123", "--oidc-pkce-method=S256"} < set(flags)
    new_user.flags = flags
    assert "deprecated" not in new_user.run("setup").err


def test_logging_is_for_this_run_only(new_user):
    result = new_user.run("setup", "-v1", "--logtostderr")
    assert exec_of(result)["args"] == ["get-token", *new_user.flags]
    assert "latchkey: +" in result.err


@ids("K7-15")
def test_the_cache_is_taken_and_written_and_a_forced_refresh_refused(new_user):
    result = new_user.run("setup", "--token-cache-dir=/tmp/x", "--token-cache-storage=none")
    assert exec_of(result)["args"][-3:-1] == ["--token-cache-dir=/tmp/x", "--token-cache-storage=none"]
    assert new_user.run("setup", "--force-refresh").code == "config"


# Paths

@ids("K7-17")
def test_paths_are_absolute_whatever_they_were(new_user, issuer, tmp_path):
    (new_user.home / "ca.pem").write_bytes(Path(issuer.ca_file).read_bytes())
    new_user.flags = new_user.flags[:2]
    args = exec_of(new_user.run("setup", "--certificate-authority=~/ca.pem", "--token-cache-dir=~"))["args"]
    assert args[-2:] == [f"--token-cache-dir={new_user.home}", f"--certificate-authority={new_user.home}/ca.pem"]
    running = new_user.start("setup", "--certificate-authority=home/ca.pem", "--token-cache-dir=",
                             process={"cwd": str(tmp_path)})
    assert exec_of(running.wait())["args"][-2:] == ["--token-cache-dir=", f"--certificate-authority={tmp_path}/home/ca.pem"]


@pytest.mark.parametrize("how", ["absolute", "relative", "path", "elsewhere"])
def test_the_command_is_the_name_under_which_it_was_started(new_user, tmp_path, how):
    """A link, which an upgrade leaves in place, and not what it points to."""
    folder = tmp_path / "a b"
    folder.mkdir()
    link = folder / "kubectl-oidc_login"
    link.symlink_to(new_user.path.absolute())
    name = {"absolute": str(link), "relative": "./../a b/kubectl-oidc_login", "path": link.name, "elsewhere": "nothing"}[how]
    environment = {**new_user.environment, "PATH": f"/none:relative:{folder}:{os.environ['PATH']}"}
    done = subprocess.run([name, "setup", *new_user.flags], executable=str(link), env=environment, cwd=folder, timeout=60,
                          capture_output=True, text=True, check=True)
    entry = yaml.safe_load(done.stdout.split("# The user for your kubeconfig\n")[1].split("\n\n")[0])["users"][0]["user"]
    assert entry["exec"]["command"] == (str(new_user.path.resolve()) if how == "elsewhere" else str(link))


# Secrets

SECRET = "s3cr3t-of-the-client"


@pytest.fixture
def confidential(new_user, issuer):
    issuer.configure(client_secret=SECRET)
    return new_user


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_a_secret_is_never_written_and_the_ways_to_give_it_are_named(confidential, how):
    words = [f"--oidc-client-secret={SECRET}"] if how == "flag" else []
    variables = {"LATCHKEY_OIDC_CLIENT_SECRET": SECRET} if how == "variable" else {}
    result = confidential.run("setup", *words, **variables)
    assert exec_of(result)["args"] == ["get-token", *confidential.flags]
    assert SECRET not in result.out + result.err
    advice = section(result, "--oidc-client-secret is a secret")
    assert "LATCHKEY_OIDC_CLIENT_SECRET_FILE" in advice and "export LATCHKEY_OIDC_CLIENT_SECRET" in advice.replace("\n# ", " ")


def test_the_file_of_a_secret_is_named_in_the_entry(confidential, tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    running = confidential.start("setup", process={"cwd": str(tmp_path)}, LATCHKEY_OIDC_CLIENT_SECRET_FILE="secret")
    result = running.wait()
    entry = exec_of(result)
    assert entry["env"] == [{"name": "LATCHKEY_OIDC_CLIENT_SECRET_FILE", "value": f"{tmp_path}/secret"}]
    assert values(pasted(result, tmp_path), "exec-env") == [f"LATCHKEY_OIDC_CLIENT_SECRET_FILE={tmp_path}/secret"]
    assert SECRET not in result.out + result.err and "is a secret" not in result.out


def test_a_flag_wins_over_the_file_which_is_then_not_named(confidential, tmp_path):
    (tmp_path / "secret").write_text("another")
    result = confidential.run("setup", f"--oidc-client-secret={SECRET}", LATCHKEY_OIDC_CLIENT_SECRET_FILE=str(tmp_path / "secret"))
    assert "env" not in exec_of(result)
    assert section(result, "--oidc-client-secret is a secret")


# The cache

@ids("K7-84")
def test_it_leaves_no_file_behind(new_user, tmp_path):
    places = {name: str(tmp_path / name) for name in ("KUBECACHEDIR", "XDG_RUNTIME_DIR", "TMPDIR")}
    for place in places.values():
        Path(place).mkdir(mode=0o700)
    assert new_user.run("setup", f"--token-cache-dir={new_user.cache}", **places).status == 0
    assert new_user.run("setup", **places).status == 0
    assert not new_user.cache.exists()
    assert not any(new_user.home.iterdir()) and not any(any(Path(place).iterdir()) for place in places.values())


@ids("K7-84")
def test_it_neither_reads_nor_touches_the_session_that_is_there(new_user, issuer, tmp_path):
    cache = [f"--token-cache-dir={new_user.cache}"]
    new_user.get_token(*cache)
    before = snapshot(new_user.cache)
    issuer.clear_log()
    log = tmp_path / "calls"
    result = new_user.start("setup", *cache, process={"before": strace(log, "-f", "-e", "trace=%file")}).wait()
    assert result.status == 0, result.err
    assert issuer.count("authorize") >= 1 and issuer.count("token") == 1
    assert snapshot(new_user.cache) == before
    assert not [call for call in calls(log) if str(new_user.cache) + "/" in call.text]


@ids("K7-84")
def test_a_login_that_failed_before_holds_nobody_back(new_user, issuer):
    cache = [f"--token-cache-dir={new_user.cache}"]
    assert new_user.run("get-token", *cache, FAKE_BROWSER="deny").code
    assert new_user.run("get-token", *cache).code == "cooldown"
    assert new_user.run("setup", *cache).status == 0
    assert new_user.run("get-token", *cache).code == "cooldown"


def test_a_login_that_fails_prints_nothing(new_user):
    assert new_user.run("setup", FAKE_BROWSER="deny").code == "callback_error"
    assert not any(new_user.home.iterdir())


def test_where_nobody_is_it_does_not_send_people_to_a_login_that_it_would_not_use(new_user):
    result = new_user.run("setup", CI="true")
    assert result.code == "not_interactive"
    assert result.hints[-1] == "if somebody is there: --non-interactive=false"
    result = new_user.run("setup", "--grant-type=password", process={"start_new_session": True})
    assert result.code == "not_interactive"
    assert result.hints == ["set LATCHKEY_USERNAME and LATCHKEY_PASSWORD (or LATCHKEY_PASSWORD_FILE)"]


# What the token lacks

@pytest.mark.parametrize(("claim", "meaning"), [
    ("email", "- there is no email: an API server with the username claim 'email' refuses the token"),
    ("email_verified", "- there is no email_verified: an API server with the username claim 'email' takes the token all the same"),
    ("groups", "- there are no groups: RBAC rules for groups will not match")])
def test_it_says_what_the_token_lacks_and_what_that_means(new_user, issuer, claim, meaning):
    issuer.configure(email_verified=True)
    assert "- there " not in new_user.run("setup").out
    issuer.mutate_id_token(remove=[claim])
    text = section(new_user.run("setup"), "What an API server makes of them").replace("\n#   ", " ")
    assert meaning in text
    assert text.count("- there ") == 1


def test_it_says_that_the_email_is_not_verified(new_user, issuer):
    text = section(new_user.run("setup"), "What an API server makes of them").replace("\n#   ", " ")
    assert "email_verified is not true" in text
    assert f"issuer URL must be exactly '{issuer.url}'" in text and "must be 'kubernetes'" in text


# What cannot be written

@pytest.mark.parametrize("value", ["a\rb", "a\x1b[31m", "a\u202eb", b"a\xffb"])
def test_what_no_kubeconfig_can_hold_is_refused_before_anything_is_sent(new_user, issuer, value):
    word = b"--browser-command=" + value if isinstance(value, bytes) else f"--browser-command={value}"
    result = new_user.run("setup", word)
    assert result.code == "config"
    assert "cannot be written into a kubeconfig" in result.err
    assert issuer.requests() == []


def test_it_says_nothing_of_a_cache_that_it_does_not_use(new_user, tmp_path):
    for environment in ({}, {"XDG_RUNTIME_DIR": str(tmp_path)}):
        result = new_user.run("setup", **environment)
        assert result.status == 0 and "warning: " not in result.err, result.err
