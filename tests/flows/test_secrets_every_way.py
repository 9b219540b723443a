# SPDX-License-Identifier: Apache-2.0
"""No secret of any way in, or out, gets anywhere but where it belongs: each way, done and failed, at the highest verbosity."""

import json
import stat

import pytest
from canaries import Watch, hits
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from issuer.browse import Browser, is_callback
from platforms import REQUEST_TOKEN, TokenService, identity_token
from terminal import Seat
from test_client_credentials import jwk
from test_device_code import shown
from wire import flat, header

ids = pytest.mark.ids
CLIENT_SECRET, HEADER_SECRET = "canary+client/s3cret=42&x", "canary header s3cret 43"
ACCESS_TOKEN, APP_PASSWORD = "canary.access.t0ken-44", "canary p4ssword/of=robot&45"
IDENTITY = identity_token(jti="canary-identity-46")
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
NAMES = ("state", "nonce", "code", "code_verifier", "refresh_token", "device_code", "client_assertion", "password", "token",
         "client_secret")


@pytest.fixture
def guarded(kube, issuer):
    """A client that gets its secrets by the environment, and says as much as it can."""
    issuer.configure(device_interval=1, federated_assertions={IDENTITY: "kubernetes-org-app"},
                     app_passwords={"k8s-robot": APP_PASSWORD})
    issuer.fault("token", times=-1, json_patch={"access_token": ACCESS_TOKEN})
    for name in ("TMPDIR", "XDG_RUNTIME_DIR"):
        (kube.directory / name).mkdir(mode=0o700)
        kube.environment[name] = str(kube.directory / name)
    kube.environment |= {"LATCHKEY_V": "3", "LATCHKEY_OIDC_REQUEST_HEADER": f"X-Key={HEADER_SECRET}"}
    return kube


def secrets(kube, issuer):
    """Every secret of the run, by name: what was given, what the issuer saw, and what is kept."""
    found = {"header": HEADER_SECRET, "access token": ACCESS_TOKEN, "a JWT": "eyJhbGciOi", "app password": APP_PASSWORD,
             "key": PEM.splitlines()[1], "request token": REQUEST_TOKEN, "client secret": CLIENT_SECRET}
    for number, entry in enumerate(issuer.requests()):
        values = flat(entry["query"]) | flat(entry.get("form") or {})
        found |= {f"{name} {number}": values[name] for name in NAMES if len(values.get(name, "")) >= 8}
        found |= {f"authorization {number}": (header(entry, "Authorization") or "").partition(" ")[2] or HEADER_SECRET}
    for path in kube.cache.glob("*.json"):
        session = json.loads(path.read_text())
        found |= {f"{path.name} {name}": session[name] for name in ("refresh_token", "access_token") if session.get(name)}
    return found


def check(kube, issuer, result, watch, tokens=0, seen=()):
    """TOKENS of them are the answer; the person has SEEN those on the screen."""
    known = secrets(kube, issuer)
    sought = {name: value for name, value in known.items() if name.split(" ")[0] not in seen}
    found = hits(sought, result, kube.directory, watch)
    hidden = {name: value for name, value in known.items() if name not in sought}
    found += [hit for hit in hits(hidden, result, kube.directory, watch) if not hit.endswith("in stderr")]
    assert found == []
    assert result.out.count("eyJhbGciOi") == tokens, result.out
    for name, secret in sought.items():
        assert secret not in result.out or name == "a JWT", name
    for path in kube.directory.rglob("*"):
        if path.is_file() and path.is_relative_to(kube.cache):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def run(kube, command, *flags, **environment):
    with Watch() as watch:
        result = kube.start(command, *flags, process={"cwd": kube.directory}, **environment).wait()
    return result, watch


# A client by itself

WAYS = {
    "secret": ([], {"LATCHKEY_OIDC_CLIENT_SECRET": CLIENT_SECRET}),
    "app password": (["--username=k8s-robot"], {"LATCHKEY_PASSWORD": APP_PASSWORD}),
    "variable": (["--client-assertion-source=env:T"], {"T": IDENTITY}),
    "gitlab": (["--client-assertion-source=gitlab"], {"GITLAB_CI": "true", "ID_TOKEN": IDENTITY}),
    "circleci": (["--client-assertion-source=auto"], {"CIRCLECI": "true", "CIRCLE_OIDC_TOKEN_V2": IDENTITY}),
    "bitbucket": (["--client-assertion-source=auto"], {"BITBUCKET_STEP_OIDC_TOKEN": IDENTITY}),
}
TROUBLE = {
    "good": {}, "refused": {"status": 400, "json": {"error": "invalid_grant", "error_description": "no", "request_id": "0123abcd"}},
    "server error": {"status": 500, "body": "oops"}, "garbage": {"body": "<html>"}, "reset": {"reset": "before_headers", "times": -1},
    "no token": {"json": {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60}},
}


def trouble(issuer, name, endpoint="token"):
    """Installs what goes wrong; gives whether the run is to succeed."""
    if TROUBLE[name]:
        issuer.clear_faults()
        issuer.fault(endpoint, **TROUBLE[name])
    return name == "good"


@ids("T-36", "K7-80")
@pytest.mark.parametrize("outcome", list(TROUBLE))
@pytest.mark.parametrize("way", list(WAYS))
def test_a_client_by_itself(guarded, issuer, way, outcome):
    flags, environment = WAYS[way]
    if way == "secret":
        issuer.configure(client_secret=CLIENT_SECRET, client_type="confidential")
    good = trouble(issuer, outcome)
    result, watch = run(guarded, "get-token", "--grant-type=client-credentials", *flags, **environment)
    assert (result.status == 0) == good, result.err
    check(guarded, issuer, result, watch, tokens=int(good))


REPEATED = [("secret", CLIENT_SECRET), ("app password", APP_PASSWORD), ("variable", IDENTITY)]


@ids("T-36", "TOK-07")
@pytest.mark.parametrize("before", ["", "x" * 290], ids=["whole", "cut"])
@pytest.mark.parametrize(("way", "sent"), REPEATED, ids=[way for way, _ in REPEATED])
def test_a_refusal_that_repeats_what_was_sent(guarded, issuer, way, sent, before):
    flags, environment = WAYS[way]
    issuer.clear_faults()
    issuer.fault("token", status=400, json={"error": "invalid_grant", "error_description": f"{before} '{sent}' is not known here"})
    if way == "secret":
        issuer.configure(client_secret=CLIENT_SECRET, client_type="confidential")
    result, watch = run(guarded, "get-token", "--grant-type=client-credentials", *flags, **environment)
    assert result.code == "oauth_error"
    assert "is not known here" in result.err or before
    assert sent[:12] not in result.err
    check(guarded, issuer, result, watch)


@ids("T-36")
@pytest.mark.parametrize("command", ["get-token", "logout"])
def test_nor_does_one_of_a_refresh_token_or_a_code(guarded, issuer, command):
    assert guarded.get_token().status == 0
    token = guarded.session["refresh_token"]
    guarded.expire()
    issuer.clear_faults()
    issuer.fault("revoke" if command == "logout" else "token", status=400, times=-1,
                 json={"error": "invalid_request", "error_description": f"{token}!"})
    result, watch = run(guarded, command, BROWSER="/bin/false")
    assert result.code == "oauth_error" and token[:12] not in result.err
    check(guarded, issuer, result, watch)


def escaped(text):
    return "".join(f"\\u{ord(character):04x}" for character in text)


@ids("T-36", "TOK-07")
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("spell", [str, escaped])
def test_nor_does_one_under_any_status_and_spelling(guarded, issuer, status, spell):
    assert guarded.get_token().status == 0
    token = guarded.session["refresh_token"]
    guarded.expire()
    issuer.clear_faults()
    issuer.fault("token", status=status, times=-1, content_type="application/json",
                 body=f'{{"error": "invalid_request", "error_description": "no \'{spell(token)}\' here"}}')
    result, watch = run(guarded, "get-token", BROWSER="/bin/false")
    assert result.code == "oauth_error" and token[:12] not in result.err
    assert f"no '{'*' * len(token)}' here" in result.err
    check(guarded, issuer, result, watch)


@ids("T-36", "TOK-03")
@pytest.mark.parametrize("outcome", ["good", "refused"])
def test_a_client_with_a_key(guarded, issuer, tmp_path_factory, outcome):
    path = tmp_path_factory.mktemp("key") / "client.pem"
    path.write_text(PEM)
    issuer.configure(client_jwks={"keys": [jwk(KEY)]},
                     discovery_patch={"token_endpoint_auth_methods_supported": ["private_key_jwt"]})
    good = trouble(issuer, outcome)
    result, watch = run(guarded, "get-token", "--grant-type=client-credentials", f"--client-assertion-key={path}")
    assert (result.status == 0) == good, result.err
    assert "client_assertion" in flat(issuer.requests("token")[0]["form"])
    check(guarded, issuer, result, watch, tokens=int(good))


@ids("T-36")
@pytest.mark.parametrize("answers", [[], [(401, f'{{"value": "{IDENTITY}"}}')], [(200, f'{{"other": "{IDENTITY}"}}')],
                                     [(200, f'{{"value": "{IDENTITY} "}}'[:-3])], [(500, IDENTITY)] * 3])
def test_a_job_of_github(guarded, issuer, answers):
    with TokenService(IDENTITY) as service:
        service.answers = list(answers)
        result, watch = run(guarded, "get-token", "--client-assertion-source=github", **service.environment)
        assert service.requests
    assert (result.status == 0) == (not answers), result.err
    check(guarded, issuer, result, watch, tokens=int(not answers))


@ids("T-36")
@pytest.mark.parametrize("text", ["echo $T", "echo $T $T", "echo $T; exit 3", "echo $T; kill -9 $$"])
def test_a_command_sees_its_platform_and_none_of_ours(guarded, issuer, tmp_path_factory, text):
    """What it needs is in its environment, which it shares with its own children alone."""
    path = tmp_path_factory.mktemp("bin") / "agent"
    path.write_text(f"#!/bin/sh\ntest -n \"$T\" && {text}\n")
    path.chmod(0o700)
    result, watch = run(guarded, "get-token", f"--client-assertion-source=exec:{path}", T=IDENTITY,
                        LATCHKEY_OIDC_REQUEST_HEADER_FILE=None)
    good = text == "echo $T"
    assert (result.status == 0) == good, result.err
    watch.environments = {text.replace(f"T={IDENTITY}".encode(), b"T=") for text in watch.environments}
    check(guarded, issuer, result, watch, tokens=int(good))


@ids("T-36")
@pytest.mark.parametrize(("output", "tokens"), [("token", 1), ("header", 1), ("json", 1), ("exec-credential", 1), ("yaml", 0)])
def test_each_output_shows_the_token_once(guarded, issuer, output, tokens):
    result, watch = run(guarded, "get-token", f"--output={output}")
    assert result.status == 1 - tokens, result.err
    check(guarded, issuer, result, watch, tokens=tokens)


# A person without a browser

@ids("T-36")
@pytest.mark.parametrize("outcome", list(TROUBLE))
def test_a_password(guarded, issuer, outcome):
    good = trouble(issuer, outcome)
    result, watch = run(guarded, "get-token", "--grant-type=password", "--username=k8s-robot", LATCHKEY_PASSWORD=APP_PASSWORD)
    assert (result.status == 0) == good, result.err
    check(guarded, issuer, result, watch, tokens=int(good))


@ids("T-36")
@pytest.mark.parametrize("right", [True, False])
def test_a_password_at_the_terminal(guarded, issuer, right):
    with Watch() as watch:
        seat = Seat(guarded, "get-token", "--grant-type=password", "--username=k8s-robot")
        for _ in range(1 if right else 3):
            seat.expect(r"Password: $")
            seat.seen = ""
            seat.press((APP_PASSWORD if right else APP_PASSWORD[::2]).encode() + b"\n")
        result = seat.wait()
    assert (result.status == 0) == right, result.err
    assert APP_PASSWORD[::2] not in result.err
    check(guarded, issuer, result, watch, tokens=int(right))


@ids("T-36", "DEV-01")
@pytest.mark.parametrize("outcome", ["good", "refused", "garbage"])
def test_a_device_code(guarded, issuer, outcome):
    good = trouble(issuer, outcome)
    with Watch() as watch:
        running = guarded.start("get-token", "--grant-type=device-code", "--skip-open-browser")
        issuer.approve_device(shown(running)[1])
        result = running.wait()
    assert (result.status == 0) == good, result.err
    assert flat(issuer.requests("token")[0]["form"])["device_code"]
    check(guarded, issuer, result, watch, tokens=int(good))


@ids("T-36")
@pytest.mark.parametrize("change", ["", "wrong state", "old code"])
def test_an_address_that_is_pasted(guarded, issuer, change):
    """The person sees state and nonce in the address; nothing else does."""
    with Watch() as watch:
        seat = Seat(guarded, "get-token", "--grant-type=authcode-keyboard", "--authentication-timeout-sec=5")
        url = seat.expect(r"(?s)Please visit the following URL in your browser: (\S+)\r\n.*Enter code: $")[1]
        address = Browser(None).open(url, stop=is_callback).url
        if change == "old code":
            issuer.clear("codes")
        seat.press(address.replace("state=", "state=x" if change == "wrong state" else "state=").encode() + b"\n")
        result = seat.wait()
    assert (result.status == 0) == (not change), result.err
    check(guarded, issuer, result, watch, tokens=int(not change), seen=("state", "nonce", "code"))


@ids("T-36")
@pytest.mark.parametrize("door", ["device", "paste"])
def test_the_doors(guarded, issuer, door):
    with Watch() as watch:
        screen = Seat(guarded, "get-token", BROWSER=None)
        url = screen.expect(r"paste the address that the browser ends on \(its page need not load\): (\S+)\r\n")[1]
        code = screen.expect(r"(?s)It shows the code (\d{9});.*Paste the address: $")[1]
        if door == "device":
            assert issuer.approve_device(code)
        else:
            screen.press(Browser(None).open(url, stop=is_callback).url.encode() + b"\n")
        result = screen.wait()
    assert result.status == 0, result.err
    check(guarded, issuer, result, watch, tokens=1, seen=("state", "nonce", "code"))


# Around a session

AROUND = [("setup", 0), ("setup --oidc-use-access-token", 0), ("whoami", 0), ("whoami --output=json", 0), ("whoami --userinfo", 0),
          ("whoami --userinfo --output=json", 0), ("login", 0), ("list --output=json", 0), ("list", 0), ("completion bash", 0),
          ("__complete get-token --account=", 0), ("logout", 0), ("logout --output=json", 0), ("logout --all", 0), ("clean", 0),
          ("get-token --force-refresh", 0), ("get-token --min-validity=2h", 1)]


@ids("T-36")
@pytest.mark.parametrize(("command", "status"), AROUND)
def test_around_a_session(guarded, issuer, command, status):
    """With a confidential client: `setup` writes an entry without its secret."""
    issuer.configure(client_secret=CLIENT_SECRET, client_type="confidential")
    guarded.environment |= {"LATCHKEY_OIDC_CLIENT_SECRET": CLIENT_SECRET, "LATCHKEY_TOKEN_CACHE_DIR": str(guarded.cache)}
    assert guarded.get_token().status == 0
    before = secrets(guarded, issuer)
    if "userinfo" in command:
        issuer.clear_faults()  # which knows only its own access tokens
    words, flags = command.split(), guarded.flags
    guarded.flags = [] if words[0] in ("list", "completion", "clean", "__complete") else flags
    with Watch() as watch:
        running = guarded.start(words[0], *words[1:])
        result = running.wait()
    assert result.status == status, result.err
    claims = ("nonce",) if words[0] == "setup" else ()  # one that was used up is a claim like any other
    check(guarded, issuer, result, watch, tokens=int(words[0] == "get-token" and status == 0), seen=claims)
    assert hits(before, result, guarded.directory, watch) == []


@ids("T-36", "REF-10", "BR-01")
@pytest.mark.parametrize(("command", "endpoint", "fault"), [
    ("logout", "revoke", {"status": 503}), ("logout", "revoke", {"status": 400, "json": {"error": "invalid_client"}}),
    ("logout --all", "revoke", {"reset": "before_headers", "times": -1}), ("whoami --userinfo", "userinfo", {"status": 401}),
    ("whoami --userinfo", "userinfo", {"json_patch": {"sub": "another"}}), ("whoami --userinfo", "userinfo", {"body": "["}),
    ("whoami --userinfo", "token", {"status": 500}), ("setup", "token", {"status": 400, "json": {"error": "invalid_grant"}})])
def test_around_a_session_with_trouble(guarded, issuer, command, endpoint, fault):
    assert guarded.get_token().status == 0
    before = secrets(guarded, issuer)
    if endpoint == "token":
        issuer.clear_faults()
    issuer.fault(endpoint, **fault)
    result, watch = run(guarded, *command.split())
    assert result.status == 1, result.out
    check(guarded, issuer, result, watch)
    assert hits(before, result, guarded.directory, watch) == []


def test_what_stands_in_the_environment_of_a_child_would_be_found(guarded):
    with Watch() as watch:
        assert guarded.get_token(VISIBLE=CLIENT_SECRET).status == 0
    assert any(CLIENT_SECRET.encode() in text for text in watch.environments)
