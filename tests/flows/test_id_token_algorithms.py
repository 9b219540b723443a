# SPDX-License-Identifier: Apache-2.0
"""Which algorithms may have signed an ID token, and in which form; rows with a module's name do what that module does."""

import pytest
from forge import Forger, der, flip_unused_bit
from refusal import refused, store_old_session
from waiting import Waiting

ids = pytest.mark.ids


@pytest.fixture
def stored(kube, issuer):
    """A session that a failed login must leave alone."""
    store_old_session(kube, issuer)


@pytest.fixture
def forger(issuer):
    return Forger(issuer)


@ids("IDT-05")
@pytest.mark.parametrize("kind", [pytest.param("rsa", id="oidcc-client-test-idtoken-sig-rs256"), "rs384", "rs512", "ps256",
                                  "ps384", "ps512", "p256", "p384", "p521", "ed25519"])
def test_every_algorithm_that_kubernetes_or_the_peer_takes_is_taken(kube, issuer, kind):
    issuer.configure(signing=kind, behaviour={"ed25519_breaks": False})
    result = kube.get_token()
    assert result.status == 0, result.err


@ids("IDT-05")
@pytest.mark.parametrize("mutation", [
    pytest.param({"sign": "none"}, id="oidcc-client-test-idtoken-sig-none"),
    pytest.param({"sign": "none", "header": {"alg": "none"}}, id="fapi2-invalid-null-alg"),
    pytest.param({"sign": "hs256_secret"}, id="oidcc-client-test-invalid-sig-hs256"),
    pytest.param({"sign": "hs256"}, id="public-key-as-shared-secret"),
    {"header": {"alg": "rs256"}}, {"header": {"alg": "RS256 "}}, {"header": {"alg": 7}}, {"header_remove": ["alg"]},
    {"header": {"alg": "RSA-OAEP"}}, {"header": {"alg": ["RS256"]}}])
def test_no_other_algorithm_is_taken(kube, issuer, stored, mutation):
    issuer.mutate_id_token(**mutation)
    refused(kube, issuer, "idtoken_alg", last="token")


@ids("IDT-05")
@pytest.mark.parametrize(("listed", "code"), [
    pytest.param(["ES256"], "idtoken_alg", id="fapi2-invalid-alternate-alg"), (["none", "HS256", "RS256"], None),
    (["RS512", "PS256"], "idtoken_alg"), (None, None), ([], None)])
def test_the_metadata_limits_the_algorithms(kube, issuer, listed, code):
    issuer.configure(discovery_patch={"id_token_signing_alg_values_supported": listed})
    result = kube.get_token()
    assert result.status == 0 if code is None else result.code == code


@ids("IDT-01")
@pytest.mark.parametrize(("signing", "sign"), [
    pytest.param("rsa", "xor", id="oidcc-client-test-invalid-sig-rs256"),
    pytest.param("p256", "xor", id="oidcc-client-test-invalid-sig-es256"),
    pytest.param("ps256", "xor", id="ps256"), pytest.param("ed25519", "xor", id="ed25519"),
    pytest.param("rsa", "other_key", id="another-key-with-the-same-kid")])
def test_a_wrong_signature_is_refused(kube, issuer, stored, signing, sign):
    issuer.configure(signing=signing, behaviour={"ed25519_breaks": False})
    issuer.mutate_id_token(sign=sign)
    refused(kube, issuer, "idtoken_signature", last="token")
    assert issuer.count("jwks") == 2  # the keys are asked for once more, in case they were replaced


@ids("IDT-03")
@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("change", [
    lambda text: text + "=", lambda text: text + " ", lambda text: text[:9] + "\n" + text[9:], lambda text: text + "+",
    lambda text: text[:-1] if len(text) % 4 == 2 else text + "A" * ((1 - len(text)) % 4), flip_unused_bit])
def test_base64url_has_one_spelling(kube, issuer, forger, part, change):
    waiting = Waiting(kube)
    pad = ""
    while True:  # a part of whole three bytes has no unused bits
        parts = forger.token(forger.claims(waiting, pad=pad), pad=pad).split(".")
        if len(parts[0]) % 4 in (2, 3) and len(parts[1]) % 4 in (2, 3):
            break
        pad += "x"
    parts[part] = change(parts[part])
    result = forger.deliver(waiting, ".".join(parts))
    assert result.code in ("idtoken_format", "token_json")  # a line break cannot stand in any token


@ids("IDT-09")
@pytest.mark.parametrize(("kind", "change"), [
    ("p256", der), ("p256", lambda made: made[:-1]), ("p256", lambda made: bytes(64)),
    ("p256", lambda made: made + b"\0"),
    ("p384", lambda made: b"\xff" * 96), ("rsa", lambda made: made[1:]), ("rsa", lambda made: b"\0" + made),
    ("ed25519", lambda made: made[:63])])
def test_a_signature_has_exactly_its_form(kube, issuer, forger, kind, change):
    issuer.configure(signing=kind, behaviour={"ed25519_breaks": False})
    waiting = Waiting(kube)
    token = forger.token(forger.claims(waiting), kind=kind, signature=change)
    assert forger.deliver(waiting, token).code == "idtoken_signature"
