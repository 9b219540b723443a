# SPDX-License-Identifier: Apache-2.0
"""The identity token of a pipeline as client assertion: each platform by its own contract, and half a set-up."""

import json
import os
import re
import stat
import time
from pathlib import Path

import pytest
from patience import PROMPT
from platforms import REQUEST_TOKEN, TokenService, encode, identity_token
from program import claims
from wire import endpoints, token_form

ids = pytest.mark.ids
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN = identity_token()
NAME = "kubernetes-org-app"


@pytest.fixture
def pipeline(kube, issuer):
    """An issuer that trusts TOKEN, and a program that nobody sits in front of."""
    issuer.configure(federated_assertions={TOKEN: NAME})
    kube.environment |= {"CI": "true"}
    return kube


@pytest.fixture
def service():
    with TokenService(TOKEN) as started:
        yield started


def command(directory, name, text):
    """An executable in a folder of its own; gives the PATH that finds it."""
    path = directory / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return f"{path.parent}:{os.environ['PATH']}"


def accepted(pipeline, issuer, source, *flags, **environment):
    result = pipeline.get_token(f"--client-assertion-source={source}", *flags, **environment)
    assert result.status == 0, result.err
    assert result.claims["preferred_username"] == NAME
    form = token_form(issuer)
    assert form == {"grant_type": "client_credentials", "client_id": "kubernetes", "scope": "profile email openid",
                    "client_assertion_type": TYPE, "client_assertion": TOKEN}
    return result


def refused(pipeline, issuer, source, *flags, code="identity_token", **environment):
    result = pipeline.get_token(f"--client-assertion-source={source}", *flags, **environment)
    assert result.code == code, result.err
    assert "token" not in endpoints(issuer) and list(pipeline.cache.glob("*.json")) == []
    return result


# GitHub, and what speaks like it

@pytest.mark.parametrize("source", ["github", "auto"])
@ids("TOK-11")
def test_github_gives_a_token_for_the_issuer_as_audience(pipeline, issuer, service, source):
    accepted(pipeline, issuer, source, **service.environment)
    assert len(service.requests) == 1
    assert service.audience == issuer.url
    assert service.requests[0]["version"] == "HTTP/1.1"


def test_the_audience_is_percent_encoded_and_can_be_chosen(pipeline, issuer, service):
    accepted(pipeline, issuer, "github", "--client-assertion-audience=a b&c=ä+%", **service.environment)
    assert service.audience == "a b&c=ä+%"
    assert service.requests[0]["path"].endswith("&audience=a%20b%26c%3D%C3%A4%2B%25")


@pytest.mark.parametrize("name", ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
def test_one_variable_is_enough_to_know_where_we_are(pipeline, issuer, service, name):
    result = refused(pipeline, issuer, "auto", **{name: service.environment[name]})
    assert f"'{name}' is set" in result.err and PERMISSION in result.hints[-1]


def test_forgejo_is_known_by_its_address(pipeline, issuer):
    with TokenService(TOKEN, path="/api/actions/_apis/pipelines/workflows/1/idtoken") as service:
        result = refused(pipeline, issuer, "auto", **{**service.environment, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": None})
        accepted(pipeline, issuer, "auto", **service.environment)
    assert "Forgejo Actions" in result.err and "enable-openid-connect: true" in result.hints[-1]


def test_an_address_without_a_query_gets_one(pipeline, issuer):
    with TokenService(TOKEN, query="") as service:
        accepted(pipeline, issuer, "github", **service.environment)


@pytest.mark.parametrize("source", ["forgejo", "auto", "github"])
def test_forgejo_speaks_like_github(pipeline, issuer, service, source):
    accepted(pipeline, issuer, source, **service.environment, FORGEJO_ACTIONS="true")


@ids("TOK-10")
def test_the_provider_and_the_platform_see_nothing_of_each_other(pipeline, issuer, service):
    accepted(pipeline, issuer, "github", "--oidc-request-header=X-Secret=canary", **service.environment)
    assert "X-Secret" not in service.requests[0]["headers"]
    assert REQUEST_TOKEN not in json.dumps(issuer.requests())


@pytest.mark.parametrize("answers", [[(503, "{}")], [(500, "x"), (429, "{}")], [None]])
def test_a_platform_that_stumbles_is_asked_three_times(pipeline, issuer, service, answers):
    service.answers = list(answers)
    accepted(pipeline, issuer, "github", **service.environment)
    assert len(service.requests) == len(answers) + 1


def test_after_three_failures_the_status_is_told(pipeline, issuer, service):
    service.answers = [(503, "canary-body")] * 4
    result = refused(pipeline, issuer, "github", code="server", **service.environment)
    assert len(service.requests) == 3
    assert "cannot get an identity token from GitHub Actions" in result.err and "HTTP 503" in result.err
    assert "canary" not in result.err


@pytest.mark.parametrize(("status", "body", "words"), [
    (401, "{}", "HTTP 401"), (403, "forbidden", "HTTP 403"), (200, "<html>", "identity token"), (200, "{}", "no member 'value'"),
    (200, '{"value": 5}', "no member 'value'"), (200, '{"value": "a b"}', "is no token"), (200, '{"value": ""}', "is empty"),
    (302, "{}", "HTTP 302")])
def test_a_platform_that_refuses_is_asked_once(pipeline, issuer, service, status, body, words):
    service.answers = [(status, body)]
    result = refused(pipeline, issuer, "github", **service.environment)
    assert words in result.err and len(service.requests) == 1


PERMISSION = "permissions: id-token: write"


@pytest.mark.parametrize("source", ["github", "auto"])
@pytest.mark.parametrize(("lacking", "present"), [
    ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"),
    ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")])
def test_half_a_set_up_on_github_names_the_permission(pipeline, issuer, service, source, lacking, present):
    result = refused(pipeline, issuer, source, **{**service.environment, lacking: None})
    assert f"'{present}' is set, '{lacking}' is not" in result.err
    assert PERMISSION in result.hints[-1] and service.requests == []


@pytest.mark.parametrize("source", ["github", "auto"])
def test_a_job_without_permission_names_it(pipeline, issuer, source):
    result = refused(pipeline, issuer, source, GITHUB_ACTIONS="true")
    assert "may not ask for an identity token" in result.err and PERMISSION in result.hints[-1]


@pytest.mark.parametrize("environment", [
    {"FORGEJO_ACTIONS": "true"}, {"GITHUB_ACTIONS": "true", "FORGEJO_ACTIONS": "true"},
    {"FORGEJO_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}])
@pytest.mark.parametrize("source", ["auto", "github", "forgejo"])
def test_a_job_of_forgejo_names_its_own_permission(pipeline, issuer, source, environment):
    result = refused(pipeline, issuer, source, **environment)
    assert "Forgejo Actions" in result.err and "enable-openid-connect: true" in result.hints[-1]


def test_a_platform_in_plain_http_on_another_host_is_refused(pipeline, issuer, service):
    environment = {**service.environment, "ACTIONS_ID_TOKEN_REQUEST_URL": "http://192.0.2.1/token?x=1"}
    result = refused(pipeline, issuer, "github", code="endpoint_url", **environment)
    assert "192.0.2.1" in result.err


# Platforms that hand the token over in a variable

IN_VARIABLES = [
    ("gitlab", {"GITLAB_CI": "true", "ID_TOKEN": TOKEN}, []), ("auto", {"GITLAB_CI": "true", "ID_TOKEN": TOKEN}, []),
    ("gitlab:MY_TOKEN", {"MY_TOKEN": TOKEN, "ID_TOKEN": "other"}, []),
    ("gitlab", {"AK_EXAMPLE_ID_TOKEN": TOKEN, "ID_TOKEN": "other"}, ["--client-assertion-audience=ak.example"]),
    ("circleci", {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN": TOKEN}, []), ("circleci", {"CIRCLE_OIDC_TOKEN": "other", "CIRCLE_OIDC_TOKEN_V2": TOKEN}, []),
    ("auto", {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN_V2": TOKEN}, []), ("auto", {"CIRCLE_OIDC_TOKEN": TOKEN}, []),
    ("bitbucket", {"BITBUCKET_STEP_OIDC_TOKEN": TOKEN}, []),
    ("auto", {"BITBUCKET_BUILD_NUMBER": "1", "BITBUCKET_STEP_OIDC_TOKEN": TOKEN}, []), ("env:ANY", {"ANY": f" {TOKEN}\n"}, []),
    # a runner in a cluster is a job of its platform, not a pod
    ("auto", {"GITLAB_CI": "true", "ID_TOKEN": TOKEN, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, [])]


@pytest.mark.parametrize(("source", "environment", "flags"), IN_VARIABLES, ids=range(len(IN_VARIABLES)))
def test_a_token_in_a_variable(pipeline, issuer, source, environment, flags):
    accepted(pipeline, issuer, source, *flags, **environment)


@pytest.mark.parametrize(("source", "environment", "words", "hint"), [
    ("gitlab", {"GITLAB_CI": "true"}, "'ID_TOKEN' is not set", "id_tokens: { ID_TOKEN: { aud: '"),
    ("gitlab:X", {"GITLAB_CI": "true"}, "'X' is not set", "id_tokens: { X: "), ("auto", {"GITLAB_CI": "true"}, "job of GitLab has no", "id_tokens"),
    ("gitlab", {}, "this is no job of GitLab", None), ("circleci", {"CIRCLECI": "true"}, "job of CircleCI has no", "forked"),
    ("auto", {"CIRCLECI": "true"}, "job of CircleCI has no", "forked"), ("circleci", {}, "this is no job of CircleCI", None),
    ("bitbucket", {"BITBUCKET_BUILD_NUMBER": "7"}, "has no identity token", "oidc: true"),
    ("auto", {"BITBUCKET_BUILD_NUMBER": "7"}, "has no identity token", "oidc: true"), ("bitbucket", {}, "no step of Bitbucket", None),
    ("env:NONE", {}, "'NONE' is not set", None), ("env:EMPTY", {"EMPTY": ""}, "'EMPTY' is not set", None),
    ("github", {}, "no job of GitHub Actions", None), ("forgejo", {}, "no job of Forgejo Actions", None),
    ("auto", {}, "this is no job of GitHub, Forgejo, GitLab, CircleCI or Bitbucket", "env:NAME, file:PATH or exec:COMMAND")])
def test_what_is_missing_is_named(pipeline, issuer, source, environment, words, hint):
    result = refused(pipeline, issuer, source, **environment)
    assert words in result.err
    assert any(hint in line for line in result.hints) if hint else result.hints == []


def test_circleci_makes_a_token_for_another_audience(pipeline, issuer, tmp_path):
    path = command(tmp_path, "circleci", f'[ "$1 $2 $3 $4" = "run oidc get --claims" ] && [ "$5" = \'{{"aud":"k8s \\"x"}}\' ] && echo {TOKEN}')
    accepted(pipeline, issuer, "circleci", '--client-assertion-audience=k8s "x', CIRCLECI="true", CIRCLE_OIDC_TOKEN_V2="other", PATH=path)


@pytest.mark.parametrize("text", ["echo unknown command >&2; exit 1", None])
def test_an_old_circleci_command_is_named(pipeline, issuer, tmp_path, text):
    path = command(tmp_path, "circleci", text) if text else os.environ["PATH"]
    result = refused(pipeline, issuer, "circleci", "--client-assertion-audience=x", CIRCLECI="true", CIRCLE_OIDC_TOKEN_V2="other", PATH=path)
    assert "'circleci'" in result.err and "run oidc get" in result.hints[-1]


# Files and commands

@pytest.mark.parametrize("source", ["kubernetes", "file"])
def test_a_file_is_read_at_every_use(pipeline, issuer, tmp_path, source):
    path = tmp_path / "token"
    path.write_text(identity_token(sub="old"))
    pipeline.get_token(f"--client-assertion-source={source}:{path}")
    path.write_text(TOKEN + "\n")
    accepted(pipeline, issuer, f"{source}:{path}")


def test_a_pipe_is_read_once(pipeline, issuer):
    reader, writer = os.pipe()
    os.write(writer, TOKEN.encode())
    os.close(writer)
    started = pipeline.start("get-token", f"--client-assertion-source=file:/dev/fd/{reader}", process={"pass_fds": [reader]})
    os.close(reader)
    assert started.wait().claims["preferred_username"] == NAME


@pytest.mark.parametrize("source", ["kubernetes", "auto"])
def test_a_pod_has_its_token_where_the_kubelet_puts_it(pipeline, issuer, source):
    script = (f"mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount && "
              f"echo {TOKEN} >/run/secrets/kubernetes.io/serviceaccount/token && exec \"$@\"")
    result = pipeline.start("get-token", f"--client-assertion-source={source}", KUBERNETES_SERVICE_HOST="10.0.0.1",
                            process={"before": ["unshare", "--mount", "sh", "-ec", script, "sh"]}).wait()
    assert result.claims["preferred_username"] == NAME, result.err


@pytest.mark.parametrize("source", ["kubernetes", "auto"])
def test_a_pod_without_its_volume_is_told_about_it(pipeline, issuer, source):
    result = refused(pipeline, issuer, source, KUBERNETES_SERVICE_HOST="10.0.0.1")
    assert "/var/run/secrets/kubernetes.io/serviceaccount/token" in result.err
    assert "serviceAccountToken" in result.hints[0] and issuer.url in result.hints[0]


def test_a_command_prints_the_token(pipeline, issuer, tmp_path):
    path = command(tmp_path, "agent", f'[ "$1 $2 $3" = "oidc request-token a b" ] && [ -n "$JOB" ] && echo {TOKEN}')
    accepted(pipeline, issuer, "exec:agent oidc request-token 'a b'", PATH=path, JOB="1")


@ids("T-36")
def test_a_command_sees_its_platform_s_variables_and_none_of_our_secrets(pipeline, issuer, tmp_path):
    path = command(tmp_path, "agent", f"env > {tmp_path}/seen; echo {TOKEN}")
    accepted(pipeline, issuer, "exec:agent", PATH=path, AGENT_TOKEN="needed",
             LATCHKEY_OIDC_REQUEST_HEADER="Authorization=hidden")
    seen = (tmp_path / "seen").read_text()
    assert "AGENT_TOKEN=needed" in seen and "hidden" not in seen


@pytest.mark.parametrize(("source", "text", "words", "code"), [
    ("exec:agent", "echo why >&2; exit 3", "'agent' ended with status 3", "identity_token"),
    ("exec:agent", "kill -9 $$", "ended by signal 9", "identity_token"),
    ("exec:nothing-there", "", "was not found: 'nothing-there'", "identity_token"), ("exec:agent", "yes", "prints more than", "identity_token"),
    ("exec:agent", "true", "is empty", "identity_token"), ("exec:agent", "echo two words", "is no token", "identity_token"),
    ("exec:/etc/passwd", "", "is not an executable file: '/etc/passwd'", "identity_token"),
    ("exec:agent 'x", "", "the command of exec cannot be used: a quote is not closed", "config"),
    ("exec: ", "", "the command of exec cannot be used: it is empty", "config")])
def test_a_command_that_fails(pipeline, issuer, tmp_path, source, text, words, code):
    result = refused(pipeline, issuer, source, code=code, PATH=command(tmp_path, "agent", text))
    assert words in result.err
    assert "echo why" not in text or "why\n" in result.err


def test_a_command_that_hangs_is_ended_with_what_it_started(pipeline, issuer, tmp_path):
    path = command(tmp_path, "agent", f"sleep 60 & echo $! > {tmp_path}/pid; wait")
    started = time.monotonic()
    result = refused(pipeline, issuer, "exec:agent", "--http-timeout-sec=1", PATH=path)
    assert "has not ended within 1 s" in result.err and time.monotonic() - started < PROMPT
    child = (tmp_path / "pid").read_text().strip()
    deadline = time.monotonic() + PROMPT
    while time.monotonic() < deadline and alive(child):
        time.sleep(0.02)
    assert not alive(child)


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


# The token itself

@pytest.mark.parametrize(("source", "hint"), [("env:T", "get a new one"), ("gitlab:T", "one token per job")])
def test_a_token_that_has_expired_is_not_sent(pipeline, issuer, source, hint):
    result = refused(pipeline, issuer, source, T=identity_token(exp=int(time.time()) - 60))
    assert "expired 1 min" in result.err and hint in result.hints[0]


def test_authentik_takes_the_access_token_of_another_provider_and_not_its_id_token(pipeline, issuer):
    issuer.configure(clients=[{"client_id": "deploy", "slug": "deploy", "client_secret": "s"}], federated_clients=["deploy"])
    flags = [f"--oidc-issuer-url={issuer.url.replace('/kubernetes/', '/deploy/')}", "--oidc-client-id=deploy", "-otoken",
             "--grant-type=client-credentials", "--username=alice", "--password=alice-app-password"]
    access = pipeline.get_token(*flags, "--oidc-use-access-token").out.strip()
    id_token = pipeline.get_token(*flags).out.strip()
    assert access != id_token
    result = pipeline.get_token("--client-assertion-source=env:T", T=access)
    assert result.status == 0, result.err
    assert claims(result.token)["aud"] == "kubernetes"
    result = pipeline.get_token("--client-assertion-source=env:T", "--force-refresh", T=id_token)
    assert result.code == "oauth_error"
    assert any("takes the access token, not the ID token" in hint for hint in result.hints)


@pytest.mark.parametrize("text", ["/home/canary", "canary", "canary.a.b", "www.canary.example", "eyJhbGciOiJSUzI1NiJ9",
                                  "eyJhbGciOiJSUzI1NiJ9.e30", f"{TOKEN}.canary", f"{TOKEN} {TOKEN}", f"{TOKEN},canary"])
def test_what_is_no_jwt_is_not_sent(pipeline, issuer, text):
    """A wrong name would show the issuer what is in another variable."""
    result = refused(pipeline, issuer, "env:T", T=text)
    assert "what 'env' gives is no token" in result.err and "--client-assertion-source" in result.hints[0]
    assert "canary" not in result.err


def test_an_encrypted_token_is_for_the_issuer_to_read(pipeline, issuer):
    token = f"{encode({'alg': 'dir', 'enc': 'A256GCM'})}..{encode(b'iv')}.{encode(b'text')}.{encode(b'tag')}"
    issuer.configure(federated_assertions={token: NAME})
    assert pipeline.get_token("--client-assertion-source=env:T", T=token).claims["preferred_username"] == NAME


@ids("T-36")
def test_a_refused_token_says_what_it_is_and_not_what_it_holds(pipeline, issuer):
    token = identity_token(sub="repo:x/y", aud=["one", "two"], jti="canary")
    result = pipeline.get_token("--client-assertion-source=env:T", "-v3", T=token)
    assert result.code == "oauth_error"
    assert "the identity token says: issuer 'https://platform.example', subject 'repo:x/y', audience 'one, two'" in result.hints
    assert any("Federated OIDC Sources" in hint for hint in result.hints)
    for part in token.split("."):
        assert part not in result.err


# What a session belongs to

JOB = ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB", "CI_JOB_ID", "CIRCLE_OIDC_TOKEN_V2",
       "CIRCLE_OIDC_TOKEN", "CIRCLE_WORKFLOW_JOB_ID", "BITBUCKET_STEP_OIDC_TOKEN", "BITBUCKET_STEP_UUID", "BUILDKITE_JOB_ID",
       "SYSTEM_JOBID", "BUILD_TAG"]


def test_no_variable_of_a_job_is_forgotten_here():
    source = Path(__file__).resolve().parents[2] / "src/login/identity_token.c"
    (table,) = re.findall(r"job_variables\[\] = \{([^}]*)\}", source.read_text())
    assert re.findall(r'"(\w+)"', table) == JOB


@ids("K7-34", "REF-09")
@pytest.mark.parametrize(("name", "value"), [*((name, "2") for name in JOB), ("T", identity_token(sub="other"))])
def test_another_job_never_gets_the_session_of_this_one(pipeline, issuer, name, value):
    environment = {**dict.fromkeys(JOB, "1"), "T": TOKEN}
    accepted(pipeline, issuer, "env:T", **environment)
    issuer.clear_log()
    assert pipeline.get_token("--client-assertion-source=env:T", **environment).status == 0
    assert issuer.requests() == []
    pipeline.get_token("--client-assertion-source=env:T", **{**environment, name: value})
    assert issuer.count("token") == 1


def test_the_key_of_a_session_holds_no_token(pipeline, issuer):
    accepted(pipeline, issuer, "env:T", T=TOKEN)
    assert pipeline.session["key"]["user"].startswith("env:") and len(pipeline.session["key"]["user"]) == 20
    assert TOKEN not in pipeline.session_file.read_text()
    assert stat.S_IMODE(pipeline.session_file.stat().st_mode) == 0o600


# The option itself

@pytest.mark.parametrize(("source", "words"), [
    ("jenkins", "is none of auto, github"), ("", None), ("GitHub", "is none of"), ("github:x", "takes nothing behind a colon"),
    ("env", "lacks what stands behind"),
    ("env:", "lacks what stands behind"), ("gitlab:", "lacks what stands behind"), ("exec", "lacks what"), ("file:", "lacks what")])
def test_a_source_that_is_none(pipeline, issuer, source, words):
    if words:
        assert words in refused(pipeline, issuer, source, code="config").err
    else:
        refused(pipeline, issuer, source, code="not_interactive")


def test_a_source_is_for_client_credentials_alone(pipeline, issuer):
    result = refused(pipeline, issuer, "env:T", "--grant-type=authcode", code="config", T=TOKEN)
    assert "--client-assertion-source is for --grant-type=client-credentials" in result.err
