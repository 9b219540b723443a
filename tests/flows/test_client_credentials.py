# SPDX-License-Identifier: Apache-2.0
"""A client logs in by itself: with a secret, a key of its own, or a service account's app password."""

import base64
import time
from urllib.parse import unquote_plus

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from issuer.clients import decode_part, verify
from platforms import encode
from wire import endpoints, flat, header, token_form

ids = pytest.mark.ids
GRANT = "--grant-type=client-credentials"
SECRET = "p:ä%+&=/canary"  # no space: as a plus sign, which is right, Authentik does not decode it in Basic
ROBOT = ["--username=k8s-robot", "--password=robot-app-password"]


@pytest.fixture
def client(kube, issuer):
    """A confidential client with SECRET."""
    issuer.configure(client_secret=SECRET, client_type="confidential")
    kube.flags += [GRANT]
    kube.environment |= {"LATCHKEY_OIDC_CLIENT_SECRET": SECRET}
    return kube


@pytest.fixture
def robot(kube):
    kube.flags += [GRANT, *ROBOT]
    return kube


def methods(issuer, *names):
    issuer.configure(discovery_patch={"token_endpoint_auth_methods_supported": list(names) or None})


def ok(program, *flags, **environment):
    result = program.get_token(*flags, **environment)
    assert result.status == 0, result.err
    return result


# A secret

@ids("K7-80", "TOK-11")
def test_a_secret_is_enough(client, issuer):
    result = ok(client)
    assert result.claims["preferred_username"] == "ak-kubernetes-client_credentials"
    assert endpoints(issuer) == ["discovery", "token", "jwks"] or endpoints(issuer) == ["discovery", "jwks", "token"]
    assert "logged in as ak-kubernetes-client_credentials" in result.err


@ids("K7-80")
@pytest.mark.parametrize("named", [["client_secret_basic"], []], ids=["basic", "not named"])
def test_the_secret_goes_by_basic(client, issuer, named):
    methods(issuer, *named)
    ok(client)
    entry = issuer.requests("token")[-1]
    name, _, password = base64.b64decode(header(entry, "Authorization").removeprefix("Basic ")).decode().partition(":")
    assert (unquote_plus(name), unquote_plus(password)) == ("kubernetes", SECRET)
    assert flat(entry["form"]) == {"grant_type": "client_credentials", "scope": "profile email openid"}


@ids("TOK-02")
@pytest.mark.parametrize("named", [["client_secret_post"], ["client_secret_basic", "client_secret_post"]], ids=["post", "Authentik"])
def test_the_secret_goes_in_the_form(client, issuer, named):
    methods(issuer, *named)
    ok(client)
    assert header(issuer.requests("token")[-1], "Authorization") is None
    assert token_form(issuer) == {"grant_type": "client_credentials", "scope": "profile email openid", "client_id": "kubernetes",
                                  "client_secret": SECRET}


@ids("K7-80")
def test_scopes_and_extra_parameters_are_sent(client, issuer):
    ok(client, "--oidc-extra-scope=groups,offline_access", "--oidc-auth-request-extra-params=audience=https://a b,x=1")
    form = token_form(issuer)
    assert form["scope"] == "groups offline_access profile email openid"
    assert (form["audience"], form["x"]) == ("https://a b", "1")


@ids("TOK-01")
@pytest.mark.parametrize("name", ["grant_type", "client_secret", "username", "password", "client_assertion", "client_assertion_type", "scope", "client_id"])
def test_an_extra_parameter_that_would_stand_twice_is_refused(client, issuer, name):
    result = client.get_token(f"--oidc-auth-request-extra-params={name}=canary")
    assert result.code == "config" and name in result.err and "canary" not in result.err
    assert issuer.count("token") == 0


def test_a_wrong_secret_is_told_as_what_it_is(client, issuer):
    result = client.get_token(LATCHKEY_OIDC_CLIENT_SECRET="canary-wrong")
    assert result.code == "oauth_error" and "the client 'kubernetes' could not log in" in result.err
    assert "Client Secret" in result.hints[0] and "canary" not in result.err
    assert list(client.cache.glob("*.json")) == []


def test_account_and_app_password_may_be_the_secret(client, issuer):
    secret = base64.b64encode(b"k8s-robot:robot-app-password").decode()
    assert ok(client, LATCHKEY_OIDC_CLIENT_SECRET=secret).claims["preferred_username"] == "k8s-robot"


# A service account of Authentik

@ids("TOK-11")
def test_an_app_password_needs_no_secret(robot, issuer):
    assert ok(robot).claims["groups"] == ["k8s-admins"]
    assert token_form(issuer) == {"grant_type": "client_credentials", "scope": "profile email openid", "client_id": "kubernetes",
                                  "username": "k8s-robot", "password": "robot-app-password"}


def test_an_app_password_goes_with_a_secret_or_a_key(robot, issuer, tmp_path):
    assert ok(robot, "--oidc-client-secret=x").claims["preferred_username"] == "k8s-robot"
    assert (token_form(issuer)["username"], token_form(issuer)["client_secret"]) == ("k8s-robot", "x")
    trust(issuer, keys["ES256"])
    ok(robot, f"--client-assertion-key={write_key(tmp_path, keys['ES256'])}", "--force-refresh")
    assert {"username", "password", "client_assertion"} <= set(token_form(issuer))


def test_a_wrong_app_password_says_which_password_is_meant(robot):
    result = robot.get_token("--password=canary")
    assert result.code == "oauth_error" and "app password" in result.hints[0] and "canary" not in result.err


@pytest.mark.parametrize(("flags", "words"), [
    (["--username=a"], "--username is given without --password"), (["--password=canary"], "--password is given without --username"),
    ([], "nothing to log in with"), (["--oidc-client-secret=canary", "--client-assertion-source=env:X"], "more than one way"),
    ([*ROBOT, "--client-assertion-source=env:X"], "more than one way"),
    (["--oidc-client-secret=canary", "--client-assertion-key=KEY"], "not both"), (["--client-assertion-key-id=x"], "--client-assertion-key is missing"),
    (["--oidc-client-secret=canary", "--client-assertion-audience=x"], "--client-assertion-audience alone has no effect"),
    (["--client-assertion-algorithm=RS256"], "--client-assertion-key is missing"), (["--client-assertion-key=/none"], "cannot use --client-assertion-key")])
def test_half_a_set_up_or_two_are_refused_before_anything_is_sent(kube, issuer, tmp_path, flags, words):
    result = kube.get_token(GRANT, *(flag.replace("KEY", write_key(tmp_path, keys["ES256"])) for flag in flags))
    assert result.code == ("config" if "/none" not in str(flags) else result.code) and words in result.err
    assert issuer.requests() == [] and "canary" not in result.err


def test_accounts_do_not_share_a_session(robot, issuer):
    assert ok(robot).claims["preferred_username"] == "k8s-robot"
    assert ok(robot, "--username=alice", "--password=alice-app-password").claims["preferred_username"] == "alice"
    assert len(list(robot.cache.glob("*.json"))) == 2


# A key

keys = {"RS256": rsa.generate_private_key(65537, 2048), "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()), "ES512": ec.generate_private_key(ec.SECP521R1())}


def write_key(directory, key, form="PKCS8"):
    path = directory / "client.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption()))
    return str(path)


def jwk(key):
    numbers = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        return {"kty": "RSA", "n": encode(numbers.n.to_bytes(256, "big")), "e": encode(b"\1\0\1")}
    size = (key.key_size + 7) // 8
    return {"kty": "EC", "crv": f"P-{key.key_size}", "x": encode(numbers.x.to_bytes(size, "big")), "y": encode(numbers.y.to_bytes(size, "big"))}


def trust(issuer, *trusted):
    issuer.configure(client_jwks={"keys": [jwk(key) for key in trusted]},
                     discovery_patch={"token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"]})


@ids("TOK-02", "TOK-03")
@pytest.mark.parametrize("flags", [[], ["--client-assertion-algorithm=ALG"]], ids=["auto", "named"])
@pytest.mark.parametrize("alg", list(keys))
def test_a_key_signs_an_assertion(kube, issuer, tmp_path, alg, flags):
    trust(issuer, keys[alg])
    before = int(time.time())
    ok(kube, GRANT, f"--client-assertion-key={write_key(tmp_path, keys[alg])}", *(flag.replace("ALG", alg) for flag in flags))
    entry = issuer.requests("token")[-1]
    form = flat(entry["form"])
    assert header(entry, "Authorization") is None and set(form) == {"grant_type", "scope", "client_id", "client_assertion", "client_assertion_type"}
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    head, payload = decode_part(form["client_assertion"], 0), decode_part(form["client_assertion"], 1)
    assert head["alg"] == alg and "kid" not in head and verify(jwk(keys[alg]), alg, form["client_assertion"])
    assert payload["iss"] == payload["sub"] == "kubernetes" and payload["aud"] == issuer.url
    assert before <= payload["iat"] <= time.time() and payload["exp"] - payload["iat"] <= 300
    assert len(base64.urlsafe_b64decode(payload["jti"] + "=")) >= 16


@ids("TOK-03")
@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "PS384", "PS512"])
@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_an_rsa_key_signs_with_every_algorithm(kube, issuer, tmp_path, alg, form):
    trust(issuer, keys["RS256"])
    ok(kube, GRANT, f"--client-assertion-key={write_key(tmp_path, keys['RS256'], form)}", f"--client-assertion-algorithm={alg}",
       "--client-assertion-key-id=a\"b")
    token = token_form(issuer)["client_assertion"]
    assert decode_part(token, 0) == {"alg": alg, "typ": "JWT", "kid": 'a"b'} and verify(jwk(keys["RS256"]), alg, token)
    assert set(decode_part(token, 1)) == {"iss", "sub", "aud", "jti", "iat", "exp"}


@ids("TOK-03")
def test_every_request_has_an_assertion_of_its_own(kube, issuer, tmp_path):
    trust(issuer, keys["ES256"])
    flags = [GRANT, f"--client-assertion-key={write_key(tmp_path, keys['ES256'])}", "--force-refresh", "--client-assertion-key-id=k 1",
             "--client-assertion-audience=https://token.example/"]
    issuer.configure(client_jwks={"keys": [{"kid": "k 1", **jwk(keys["ES256"])}]})
    for _ in range(2):
        kube.get_token(*flags)
    sent = [flat(entry["form"])["client_assertion"] for entry in issuer.requests("token")]
    assert len({decode_part(token, 1)["jti"] for token in sent}) == 2
    assert {decode_part(token, 1)["aud"] for token in sent} == {"https://token.example/"}
    assert {decode_part(token, 0)["kid"] for token in sent} == {"k 1"}


@ids("TOK-02")
def test_a_key_is_the_client_s_proof_in_a_person_s_login_too(kube, issuer, tmp_path):
    trust(issuer, keys["ES256"])
    ok(kube, f"--client-assertion-key={write_key(tmp_path, keys['ES256'])}")
    assert token_form(issuer)["grant_type"] == "authorization_code" and "client_assertion" in token_form(issuer)


@pytest.mark.parametrize(("alg", "words"), [("ES256", "cannot sign with 'ES256'")])
def test_an_algorithm_that_does_not_fit_the_key(kube, issuer, tmp_path, alg, words):
    trust(issuer, keys["RS256"])
    result = kube.get_token(GRANT, f"--client-assertion-key={write_key(tmp_path, keys['RS256'])}", f"--client-assertion-algorithm={alg}")
    assert result.code == "config" and words in result.err and issuer.count("token") == 0


@pytest.mark.parametrize("alg", ["HS256", "none", "foo", "", "es256", "RS256|"])
def test_an_algorithm_that_is_none_is_refused_before_anything_is_sent(kube, issuer, tmp_path, alg):
    for key in ([], [f"--client-assertion-key={write_key(tmp_path, keys['RS256'])}"]):
        result = kube.get_token(GRANT, *key, f"--client-assertion-algorithm={alg}")
        assert result.code == "config" and issuer.requests() == []
        assert result.err.startswith("error: get-token: client-assertion-algorithm must be one of (auto|RS256|RS384|RS512|PS256|")
        assert f", not '{alg}' [config]" in result.err


def test_a_file_that_is_no_key(kube, issuer, tmp_path):
    trust(issuer, keys["RS256"])
    path = tmp_path / "client.pem"
    path.write_text("canary")
    result = kube.get_token(GRANT, f"--client-assertion-key={path}")
    assert result.code == "config" and "cannot use --client-assertion-key" in result.err and "canary" not in result.err


@ids("TOK-02")
def test_authentik_knows_no_keys_of_clients(kube, issuer, tmp_path):
    result = kube.get_token(GRANT, f"--client-assertion-key={write_key(tmp_path, keys['ES256'])}")
    assert result.code == "unsupported" and "private_key_jwt" in result.err
    assert "app password" in result.hints[0] and issuer.count("token") == 0


# The answer

@ids("OUT-04")
def test_no_id_token_is_an_error(client, issuer):
    issuer.fault("token", times=-1, json_patch={"id_token": None})
    result = client.get_token()
    assert result.code == "idtoken_missing" and "--oidc-use-access-token" in result.hints[-1]
    assert list(client.cache.glob("*.json")) == []
    result = ok(client, "--oidc-use-access-token")
    assert result.claims["azp"] == "kubernetes"


@ids("TOK-12")
def test_an_id_token_beside_the_access_token_is_checked(client, issuer):
    issuer.mutate_id_token(sign="xor")
    assert client.get_token("--oidc-use-access-token").code == "idtoken_signature"


def test_a_refresh_token_is_neither_kept_nor_used(client, issuer):
    issuer.fault("token", times=-1, json_patch={"refresh_token": "canary"})
    ok(client)
    assert "canary" not in client.session_file.read_text()
    client.expire()
    ok(client)
    assert [flat(entry["form"])["grant_type"] for entry in issuer.requests("token")] == ["client_credentials"] * 2


def test_the_cache_serves_clients_too(client, issuer):
    token = ok(client).token
    issuer.clear_log()
    assert ok(client).token == token and issuer.requests() == []
    client.expire()
    assert ok(client).token != token and issuer.count("token") == 1


@ids("REF-08")
@pytest.mark.parametrize("fault", [{"status": 503}, {"close": "before_headers"}])
def test_a_provider_that_is_away_leaves_the_token_good_until_it_expires(client, issuer, fault):
    token = ok(client).token
    client.expire(20)
    issuer.fault("token", times=-1, **fault)
    result = ok(client)
    assert result.token == token and "the old one is good for another" in result.err
    client.expire()
    assert client.get_token().status == 1


@ids("T-10")
def test_a_failed_login_of_a_client_starts_no_cool_down(client, issuer):
    for count in (1, 2, 3):
        assert client.get_token(LATCHKEY_OIDC_CLIENT_SECRET="wrong").code == "oauth_error"
        assert issuer.count("token") == count
    ok(client)


def test_one_of_many_jobs_asks_for_all(client, issuer):
    issuer.fault("token", delay_ms=300)
    started = [client.start("get-token") for _ in range(8)]
    assert len({process.wait().token for process in started}) == 1
    assert issuer.count("token") == 1


@ids("TOK-12")
@pytest.mark.parametrize(("mutation", "code"), [
    ({"sign": "xor"}, "idtoken_signature"), ({"sign": "none"}, "idtoken_alg"), ({"claims": {"aud": "other"}}, "idtoken_aud"),
    ({"claims": {"iss": "https://other"}}, "idtoken_iss"), ({"claims": {"exp": {"$now": -600}}}, "idtoken_exp")])
def test_a_token_that_is_not_good_is_not_given_out(client, issuer, mutation, code):
    issuer.mutate_id_token(**mutation)
    assert client.get_token().code == code
    assert list(client.cache.glob("*.json")) == []


@pytest.mark.parametrize(("fault", "code"), [
    ({"status": 500}, "server"), ({"body": "<html>"}, "token_json"), ({"redirect": "https://localhost/x"}, "redirect"), ({"json": {}}, "token_type"),
    ({"status": 401, "json": {"error": "invalid_client"}}, "oauth_error"), ({"status": 400, "json": {"error": "unauthorized_client"}}, "oauth_error")])
def test_a_request_that_fails(client, issuer, fault, code):
    issuer.fault("token", **fault)
    result = client.get_token()
    assert result.code == code, result.err
    assert "the client 'kubernetes' could not log in" in result.err and issuer.count("token") == 1


def test_the_provider_without_the_grant_names_its_setting(client, issuer):
    issuer.configure(behaviour={"grant_types_enforced": True}, grant_types=["authorization_code"])
    result = client.get_token()
    assert result.code == "oauth_error" and any("'client_credentials'" in hint for hint in result.hints)


@ids("T-36")
@pytest.mark.parametrize("outcome", ["good", "refused", "cut"])
def test_no_secret_shows_anywhere(client, issuer, tmp_path, outcome):
    if outcome == "refused":
        issuer.fault("token", status=400, json={"error": "invalid_client", "error_description": "no"})
    if outcome == "cut":
        issuer.fault("token", close="mid_body")
    result = client.get_token("-v3")
    assert "canary" not in result.err and "canary" not in result.out
    for path in client.directory.rglob("*"):
        assert not (path.is_file() and path.suffix not in (".json",) and b"canary" in path.read_bytes()), path
        assert not (path.is_file() and client.cache in path.parents and SECRET.encode() in path.read_bytes())
