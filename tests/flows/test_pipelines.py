# SPDX-License-Identifier: Apache-2.0
"""A pipeline: everything by environment, in the barest image, with nobody there; what it prints and how long that lasts."""

import json
import os
import re
import shutil
import subprocess
import time
from datetime import datetime

import pytest
from patience import PROMPT, until
from program import claims, exec_info
from wire import endpoints

ids = pytest.mark.ids
SECRET = "pipeline-secret"


@pytest.fixture
def job(program, issuer):
    """A program that knows everything from its environment, and has no flag."""
    program.environment |= {"LATCHKEY_OIDC_ISSUER_URL": issuer.url, "LATCHKEY_OIDC_CLIENT_ID": "kubernetes", "LATCHKEY_USERNAME": "k8s-robot",
                            "LATCHKEY_PASSWORD": "robot-app-password", "LATCHKEY_GRANT_TYPE": "client-credentials",
                            "LATCHKEY_CERTIFICATE_AUTHORITY": str(issuer.ca_file), "LATCHKEY_TOKEN_CACHE_DIR": str(program.cache), "CI": "true"}
    return program


def ok(program, *flags, **environment):
    result = program.get_token(*flags, **environment)
    assert result.status == 0, result.err
    return result


# By environment alone

def test_variables_alone_are_enough(job):
    assert ok(job).claims["preferred_username"] == "k8s-robot"


@pytest.mark.parametrize("name", ["LATCHKEY_PASSWORD", "LATCHKEY_OIDC_CLIENT_SECRET"])
def test_secrets_rest_in_files(job, issuer, tmp_path, name):
    issuer.configure(client_secret=SECRET, client_type="confidential")
    secret = {"LATCHKEY_PASSWORD": "robot-app-password", "LATCHKEY_OIDC_CLIENT_SECRET": SECRET}[name]
    (tmp_path / "file").write_text(secret + "\n")
    account = {} if name == "LATCHKEY_PASSWORD" else {"LATCHKEY_USERNAME": None}
    assert ok(job, **{"LATCHKEY_PASSWORD": None, name: None, f"{name}_FILE": str(tmp_path / "file"), **account}).token


@ids("K7-75")
def test_a_secret_alone_makes_nobody_the_client(job, issuer):
    """A person's container may set CI as well: the session stays that person's."""
    issuer.configure(client_secret=SECRET, client_type="confidential")
    bare = {"LATCHKEY_GRANT_TYPE": None, "LATCHKEY_USERNAME": None, "LATCHKEY_PASSWORD": None, "LATCHKEY_OIDC_CLIENT_SECRET": SECRET}
    result = job.get_token(**bare)
    assert result.code == "not_interactive" and issuer.count("token") == 0
    assert "--grant-type=client-credentials logs the client 'kubernetes' in by itself" in result.hints[0]
    assert ok(job, **bare, CI=None).claims["preferred_username"] == "alice"
    assert ok(job, **bare).claims["preferred_username"] == "alice"
    explicit = {**bare, "LATCHKEY_GRANT_TYPE": "client-credentials"}
    assert ok(job, **explicit).claims["preferred_username"] == "ak-kubernetes-client_credentials"


def barest(program, tmp_path, *more):
    """In front of the program: an unknown uid, no groups, no home, a read-only root."""
    script = 'mount --make-rprivate / && mount -o remount,bind,ro / && exec setpriv --reuid 65432 --regid 65432 --clear-groups "$@"'
    return ["unshare", "--mount", "sh", "-ec", script, "sh", *more]


@ids("T-35")
def test_an_image_without_home_as_an_unknown_uid_on_a_read_only_root(job, issuer, tmp_path):
    folder = open_folder(job, issuer)
    try:
        bare = {name: None for name in ("HOME", "BROWSER", "LATCHKEY_TOKEN_CACHE_DIR", "FAKE_BROWSER_PAGE", "LANG")}
        result = job.start("get-token", process={"before": barest(job, tmp_path), "cwd": "/"}, **bare,
                           LATCHKEY_CERTIFICATE_AUTHORITY=str(folder / "ca.pem")).wait()
        assert result.claims["preferred_username"] == "k8s-robot", result.err
        assert result.err.count("warning: ") <= 1, result.err
    finally:
        shutil.rmtree(folder)


def open_folder(job, issuer):
    """The program and the CA where everybody can read them, and nobody write."""
    import tempfile
    from pathlib import Path
    folder = Path(tempfile.mkdtemp(prefix="latchkey-image-", dir="/tmp"))
    folder.chmod(0o755)
    shutil.copy(job.path, folder / "latchkey")
    shutil.copy(issuer.ca_file, folder / "ca.pem")
    (folder / "ca.pem").chmod(0o644)
    (folder / "latchkey").chmod(0o755)
    job.path = folder / "latchkey"
    return folder


@pytest.mark.parametrize("home", [None, "", "/nonexistent", "relative", "/proc"])
@ids("T-35")
def test_an_unknown_uid_with_any_home(job, issuer, tmp_path, home):
    folder = open_folder(job, issuer)
    try:
        before = ["setpriv", "--reuid", "65432", "--regid", "65432", "--clear-groups"]
        result = job.start("get-token", process={"before": before, "cwd": "/"}, HOME=home, LATCHKEY_TOKEN_CACHE_DIR=None,
                           LATCHKEY_CERTIFICATE_AUTHORITY=str(folder / "ca.pem")).wait()
        assert result.claims["preferred_username"] == "k8s-robot", result.err
    finally:
        shutil.rmtree(folder)


def test_without_a_cache_every_call_logs_in(job, issuer):
    for count in (1, 2):
        ok(job, LATCHKEY_TOKEN_CACHE_STORAGE="none")
        assert issuer.count("token") == count
    assert not job.cache.exists()


# What is printed

def test_the_token_alone(job):
    result = ok(job, "--output=token")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", result.out)
    assert claims(result.out.strip())["preferred_username"] == "k8s-robot"


def test_a_header(job):
    result = ok(job, "-o", "header")
    assert re.fullmatch(r"Authorization: Bearer [\w-]+\.[\w-]+\.[\w-]+\n", result.out)


@pytest.mark.parametrize("cached", [False, True])
def test_json_tells_what_is_in_the_token(job, issuer, cached):
    if cached:
        ok(job)
    result = ok(job, LATCHKEY_OUTPUT="json")
    assert result.out.count("\n") == 1 and list(json.loads(result.out)) == ["token", "expiry", "issuer", "subject", "groups"]
    answer = json.loads(result.out)
    token = claims(answer["token"])
    assert answer["issuer"] == issuer.url == token["iss"] and answer["subject"] == token["sub"] and answer["groups"] == ["k8s-admins"]
    assert datetime.fromisoformat(answer["expiry"]).timestamp() == token["exp"]


@pytest.mark.parametrize(("value", "groups"), [(None, []), ("one", ["one"]), (["a", "ä\""], ["a", "ä\""]), ([1], []), ({}, []), ([], [])])
def test_groups_are_a_list(job, issuer, value, groups):
    issuer.mutate_id_token(**({"remove": ["groups"]} if value is None else {"claims": {"groups": value}}))
    assert json.loads(ok(job, "--output=json").out)["groups"] == groups


def test_the_default_is_what_kubectl_reads(job):
    token = ok(job).token
    assert json.loads(ok(job, "--output=exec-credential").out)["status"]["token"] == token
    assert ok(job, "--output=token").out == token + "\n"


def test_kubectl_gets_an_exec_credential_or_an_error(job, issuer):
    result = job.get_token("--output=token", KUBERNETES_EXEC_INFO=exec_info())
    assert result.code == "config" and "kubectl asks for an ExecCredential" in result.err
    assert ok(job, "--output=exec-credential", KUBERNETES_EXEC_INFO=exec_info()).token


@pytest.mark.parametrize("value", ["yaml", "", "Token"])
def test_another_output_is_refused(job, issuer, value):
    result = job.get_token(f"--output={value}")
    assert result.code == "config" and "exec-credential|token|header|json" in result.err and issuer.requests() == []


# Nobody is there

@pytest.fixture
def person(job):
    """The configuration of a person, in a place where nobody is."""
    for name in ("LATCHKEY_USERNAME", "LATCHKEY_PASSWORD", "LATCHKEY_GRANT_TYPE", "CI"):
        del job.environment[name]
    return job


NOBODY = [({"CI": "true"}, [], "CI=true"), ({}, ["--non-interactive"], "--non-interactive"),
          ({"LATCHKEY_NON_INTERACTIVE": "true"}, [], "--non-interactive"), ({"CI": "false"}, ["--non-interactive"], "--non-interactive")]


@ids("K7-25")
@pytest.mark.parametrize("command", ["get-token", "login"])
@pytest.mark.parametrize(("environment", "flags", "why"), NOBODY, ids=range(len(NOBODY)))
def test_where_nobody_is_a_login_fails_at_once_and_says_why(person, issuer, tmp_path, command, environment, flags, why):
    started = time.monotonic()
    result = person.run(command, *flags, **environment, FAKE_BROWSER_LOG=str(tmp_path / "log"))
    assert result.code == "not_interactive" and f"{why} says that nobody is there" in result.err
    assert time.monotonic() - started < PROMPT
    assert not (tmp_path / "log").exists() and issuer.count("authorize") == 0
    assert "--non-interactive=false" in result.hints[-1]


@pytest.mark.parametrize(("environment", "flags"), [({"CI": "true"}, ["--non-interactive=false"]), ({"CI": "true", "LATCHKEY_NON_INTERACTIVE": "false"}, []),
                                                    ({"CI": "false"}, []), ({"CI": ""}, []), ({}, [])])
def test_somebody_may_be_there_all_the_same(person, environment, flags):
    assert ok(person, *flags, **environment).claims["preferred_username"] == "alice"


def test_where_nobody_is_cache_and_refresh_still_serve(person, issuer):
    token = ok(person).token
    assert ok(person, CI="true").token == token
    person.expire()
    issuer.clear_log()
    assert ok(person, CI="true").token != token
    assert endpoints(issuer) == ["token"]


def test_a_dead_session_is_not_replaced_by_a_browser(person, issuer):
    ok(person)
    person.expire()
    issuer.revoke_refresh(delete=True)
    assert person.get_token(CI="true").code == "not_interactive"


def test_nobody_waits_for_the_person_of_another_process(person, issuer):
    other = person.start("get-token", FAKE_BROWSER="ignore")
    until(lambda: "waiting for the browser" in person.get_token(CI="true", LATCHKEY_HTTP_TIMEOUT_SEC="1").err)
    started = time.monotonic()
    result = person.get_token(CI="true")
    assert result.code == "not_interactive" and "waiting for the browser" in result.err
    assert time.monotonic() - started < PROMPT
    other.signal()
    other.wait()


def test_a_client_needs_nobody(job):
    assert ok(job, "--non-interactive").token
    assert job.run("login", "--non-interactive").out.startswith("logged in as k8s-robot")


# How long it lasts

@pytest.mark.parametrize("text", ["90", "90s", "15m", "59m", "30m10s", "0"])
def test_a_token_that_lasts_long_enough_comes_from_the_cache(job, issuer, text):
    token = ok(job).token
    issuer.clear_log()
    assert ok(job, f"--min-validity={text}").token == token and issuer.requests() == []


@pytest.mark.parametrize("text", ["20m", "1200", "1199s", "19m59s", "0h20m"])
def test_one_that_does_not_is_replaced(job, issuer, text):
    token = ok(job).token
    job.expire(1190)
    assert ok(job, "--min-validity=19m").token == token
    assert ok(job, f"--min-validity={text}").token != token
    assert issuer.count("token") == 2


def test_a_person_s_token_is_refreshed_for_it(person, issuer):
    token = ok(person).token
    person.expire(600)
    issuer.clear_log()
    assert ok(person, "--min-validity=5m").token == token and issuer.requests() == []
    assert ok(person, "--min-validity=11m", BROWSER="/bin/false").token != token
    assert endpoints(issuer) == ["token"]


@pytest.mark.parametrize("who", ["client", "person"])
def test_tokens_that_never_last_so_long_are_an_error(job, issuer, who):
    if who == "person":
        job.environment |= {"LATCHKEY_GRANT_TYPE": "authcode", "CI": "false", "LATCHKEY_USERNAME": "", "LATCHKEY_PASSWORD": ""}
    result = job.get_token("--min-validity=2h")
    said = "a new one is good for (1 h|59 min 5[0-9] s), and --min-validity asks for 2 h"
    assert result.code == "config" and re.search(said, result.err)
    assert "Access Token validity" in result.hints[0]
    issuer.clear_log()
    assert ok(job).token and issuer.requests() == []


@pytest.mark.parametrize("who", ["client", "person"])
def test_a_token_that_lasts_too_short_is_no_comfort_when_the_provider_is_away(job, issuer, who):
    if who == "person":
        job.environment |= {"LATCHKEY_GRANT_TYPE": "authcode", "CI": "false", "LATCHKEY_USERNAME": "", "LATCHKEY_PASSWORD": ""}
    ok(job)
    job.expire(600)
    issuer.fault("token", times=-1, status=503)
    assert job.get_token("--min-validity=15m").code == "server"
    assert ok(job, "--min-validity=5m").token


@pytest.mark.parametrize("text", ["x", "10 m", "m", "1m1h", "1m1m", "-5m", "1.5h", "1h30", "400d", "99999999999", "5min"])
def test_what_is_no_duration(job, issuer, text):
    result = job.get_token(f"--min-validity={text}")
    assert result.code == "config" and f"'{text}' is no duration" in result.err and issuer.requests() == []


# In a shell

def test_a_script_uses_the_header(job, issuer):
    script = f'curl -s --cacert "$LATCHKEY_CERTIFICATE_AUTHORITY" -H "$("$0" get-token -o header)" {issuer.base_url}/application/o/userinfo/'
    out = subprocess.run(["sh", "-c", script, job.path], env=job.environment | {"LATCHKEY_OIDC_USE_ACCESS_TOKEN": "true"}, check=True,
                         capture_output=True, timeout=60).stdout
    assert json.loads(out)["preferred_username"] == "k8s-robot"
