# SPDX-License-Identifier: Apache-2.0
"""No secret gets anywhere but where it belongs, whatever happens and however much is logged."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import crowd
import pytest
from canaries import Watch, forms, hits
from program import claims
from proxy import Proxy, move_away
from rested import NO_BROWSER
from waiting import Waiting
from wire import flat, header

ids = pytest.mark.ids
CLIENT_SECRET = "canary+client/s3cret=42&x"
HEADER_SECRET = "canary header s3cret 43"
ACCESS_TOKEN = "canary.access.t0ken-44"
PROXY_PASSWORD = "canary-pr0xy-s3cret-45"
DENIED = {"status": 400, "json": {"error": "invalid_grant", "error_description": "no", "request_id": "0123abcd"}}


@pytest.fixture
def guarded(kube, issuer):
    """A confidential client that gets its secrets by the environment, and says as much as it can."""
    issuer.configure(client_secret=CLIENT_SECRET)
    issuer.fault("token", times=-1, json_patch={"access_token": ACCESS_TOKEN})
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        (kube.directory / name).mkdir(mode=0o700)
        kube.environment[name] = str(kube.directory / name)
    kube.environment |= {"LATCHKEY_OIDC_CLIENT_SECRET": CLIENT_SECRET, "LATCHKEY_V": "3",
                         "LATCHKEY_OIDC_REQUEST_HEADER": f"X-Key={HEADER_SECRET}"}
    return kube


def refresh_token(kube):
    return kube.session["refresh_token"] if list(kube.cache.glob("*.json")) else None


def secrets(kube, issuer, before):
    """Every secret of the run, by name: what we knew, and what the issuer saw."""
    found = {"client secret": CLIENT_SECRET, "header": HEADER_SECRET, "access token": ACCESS_TOKEN, "a JWT": "eyJhbGciOi"}
    for number, entry in enumerate(issuer.requests()):
        values = flat(entry["query"]) | flat(entry.get("form") or {})
        names = ("state", "nonce", "code", "code_verifier", "refresh_token")
        found |= {f"{name} {number}": values[name] for name in names if name in values}
        assert header(entry, "X-Key") in (HEADER_SECRET, None)
    return found | {f"refresh token {token[:4]}": token for token in (before, refresh_token(kube)) if token}


def run(kube, **environment):
    with Watch() as watch:
        running = kube.start("get-token", process={"cwd": kube.directory}, **environment)
        result = running.wait()
    return result, watch


def check(kube, issuer, before, result, watch):
    sought = secrets(kube, issuer, before)
    assert hits(sought, result, kube.directory, watch) == []
    if result.status == 0:
        assert result.out.count(result.token) == 1 and claims(result.token)["sub"]
        assert result.out.count("eyJhbGciOi") == 1
    return sought


LOGINS = [
    pytest.param({}, {}, 0, id="good"),
    pytest.param({}, {"FAKE_BROWSER": "deny"}, 1, id="denied"),
    pytest.param({"endpoint": "discovery", "status": 503}, {}, 1, id="no metadata"),
    pytest.param({"endpoint": "jwks", "body": "{}", "times": -1}, {}, 1, id="no keys"),
    pytest.param({"endpoint": "token", **DENIED}, {}, 1, id="code refused"),
    pytest.param({"endpoint": "token", "status": 500, "body": "oops"}, {}, 1, id="server error"),
    pytest.param({"endpoint": "token", "body": "<html>"}, {}, 1, id="garbage"),
    pytest.param({"endpoint": "token", "reset": "before_headers"}, {}, 1, id="reset"),
]


@ids("T-36")
@pytest.mark.parametrize(("fault", "environment", "status"), LOGINS)
def test_no_secret_of_a_login_leaks(guarded, issuer, fault, environment, status):
    if fault.get("endpoint") == "token":
        issuer.clear_faults()
    if fault:
        issuer.fault(**fault)
    result, watch = run(guarded, **environment)
    assert result.status == status, result.err
    sought = check(guarded, issuer, None, result, watch)
    assert watch.environments or fault.get("endpoint") == "discovery"
    if status == 0:
        assert {name.split(" ")[0] for name in sought} >= {"state", "nonce", "code", "code_verifier", "refresh"}


@ids("T-36")
@pytest.mark.parametrize("mutation", [
    {"claims": {"nonce": "another"}}, {"sign": "other_key"}, {"claims": {"aud": "another"}}, {"header": {"alg": "none"}},
    {"parts": "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"}], ids=["nonce", "signature", "audience", "algorithm", "claims"])
def test_no_secret_of_a_token_that_is_refused_leaks(guarded, issuer, mutation):
    issuer.mutate_id_token(**mutation)
    result, watch = run(guarded)
    assert result.status == 1
    check(guarded, issuer, None, result, watch)


@ids("T-36")
@pytest.mark.parametrize(("fault", "status"), [
    pytest.param({}, 0, id="good"), pytest.param(DENIED, 1, id="dead"),
    pytest.param({"status": 500}, 1, id="server error"), pytest.param({"body": "{"}, 1, id="garbage"),
    pytest.param({"reset": "before_headers", "times": -1}, 1, id="reset")])
def test_no_secret_of_a_refresh_leaks(guarded, issuer, fault, status):
    assert guarded.get_token().status == 0
    guarded.expire()
    before = refresh_token(guarded)
    issuer.clear_log()
    if fault:
        issuer.clear_faults()
        issuer.fault("token", **fault)
    environment = {"BROWSER": "/bin/false"} if status == 0 or "json" not in fault else {"FAKE_BROWSER": "deny"}
    result, watch = run(guarded, **environment)
    assert result.status == status, result.err
    check(guarded, issuer, before, result, watch)


@ids("T-36", "T-19")
@pytest.mark.parametrize("status", [None, "407 Proxy Authentication Required"])
def test_the_password_of_a_proxy_leaks_nowhere(guarded, issuer, monkeypatch, status):
    """But for the environment, where every program finds it: the browser needs it there."""
    assert guarded.get_token().status == 0
    move_away(guarded, issuer, monkeypatch)
    with Proxy(status) as proxy, Watch() as watch:
        url = proxy.url.replace("//", f"//robot:{PROXY_PASSWORD}@")
        if status:
            result = guarded.get_token(https_proxy=url, **NO_BROWSER)
        else:
            result = Waiting(guarded, https_proxy=url).finish()
    assert proxy.header("Proxy-Authorization")
    assert result.status == (1 if status else 0), result.err
    assert hits({"password": PROXY_PASSWORD}, result, guarded.directory, watch) == []


@ids("T-36", "T-20")
def test_the_browser_gets_every_variable_but_the_secrets(guarded):
    log = guarded.directory / "log"
    hidden = {"LATCHKEY_OIDC_CLIENT_SECRET": CLIENT_SECRET, "LATCHKEY_PASSWORD": "x",
              "LATCHKEY_OIDC_REQUEST_HEADER": f"X-Key={HEADER_SECRET}"}
    assert guarded.get_token(FAKE_BROWSER_LOG=str(log), **hidden, SEEN="1").status == 0
    names = json.loads(log.read_text())["env"]
    assert not set(names) & set(hidden)
    assert {"SEEN", "HOME", "PATH", "LATCHKEY_V"} <= set(names)


@ids("K7-85")
def test_the_log_tells_steps_then_requests_then_names_and_never_a_value(kube, issuer):
    lines = {}
    for level in range(4):
        kube.expire() if level else kube.get_token()
        result = kube.get_token(f"-v{level}", **NO_BROWSER)
        assert result.status == 0 and result.out.count("\n") == 1
        lines[level] = [line for line in result.err.splitlines() if line.startswith("latchkey: +")]
    assert lines[0] == []
    assert any("metadata of the issuer from the cache" in line for line in lines[1])
    assert not any("POST " in line for line in lines[1])
    assert any(re.search(r"POST localhost:\d+/application/o/token/: status 200, \d+ bytes, \d+ ms", line) for line in lines[2])
    assert not any("refresh_token" in line for line in lines[2])
    assert any(line.endswith("parameters of the token request: grant_type, refresh_token, client_id") for line in lines[3])


def test_what_is_searched_for_would_be_found():
    """The search itself: each form of a secret, in the middle of other text."""
    secret = CLIENT_SECRET
    for text in (secret, quote(secret, safe=""), base64.b64encode(f"kubernetes:{secret}".encode()).decode(),
                 base64.b64encode(f"x{secret}yz".encode()).decode(), base64.b64encode(f"xy{secret}".encode()).decode(),
                 base64.urlsafe_b64encode(f"xyz{secret}z".encode()).decode(), secret.encode().hex(), secret[::-1]):
        assert any(form in text for form in forms(secret)), text


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.fixture
def public_program(kube):
    """The program where another user can start it, without the files of this one."""
    with tempfile.TemporaryDirectory(prefix="latchkey-test-") as home:
        os.chmod(home, 0o755)
        kube.path = shutil.copy(kube.path, home)
        kube.flags = [*kube.flags[:2], "--insecure-skip-tls-verify", "--token-cache-storage=none"]
        yield kube


def test_the_process_cannot_be_looked_into_by_its_own_user(public_program):
    """Its memory and its environment are root's, as those of a setuid program; a sanitizer must look into its own."""
    waiting = Waiting(public_program, process={"before": NOBODY}, LATCHKEY_OIDC_CLIENT_SECRET=CLIENT_SECRET)
    for name in ("environ", "mem", "maps"):
        look = subprocess.run([*NOBODY, "head", "-c1", f"/proc/{waiting.pid}/{name}"], capture_output=True, check=False)
        assert (b"Permission denied" in look.stderr and look.stdout == b"") or crowd.sanitized()
