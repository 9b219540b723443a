# SPDX-License-Identifier: Apache-2.0
"""Who the client is: secret in the form or by Basic, and signed assertions as an addition to Authentik."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .answers import OAuthError

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def identify(app, request, basic_allowed=True):
    """(provider, secret) that the request names; an unknown client is refused."""
    client_id, secret = request.field("client_id"), request.field("client_secret") or ""
    header = request.header("authorization") or ""
    if basic_allowed and re.match(r"^Basic\s.+", header):
        client_id, secret = basic(app, header)
    elif client_id is None and request.field("client_assertion"):
        client_id = decode_part(request.field("client_assertion"), 1).get("sub")
    provider = app.provider(client_id)
    if provider is None:
        raise OAuthError("invalid_client")
    return provider, secret


def basic(app, header):
    try:
        text = base64.b64decode(header.split(None, 1)[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as failure:
        raise OAuthError("invalid_client") from failure
    client_id, _, secret = text.partition(":")
    if app.settings["behaviour"]["basic_percent_decoding"]:
        return unquote(client_id), unquote(secret)
    return client_id, secret


def authenticate(app, request, provider, secret):
    """A confidential client has to prove itself; a public one is taken as it is."""
    if provider["client_jwks"]:
        if not verify_assertion(app, request, provider):
            raise OAuthError("invalid_client")
    elif not provider.public and not same(secret, provider["client_secret"] or ""):
        raise OAuthError("invalid_client")


def same(one, other):
    return hmac.compare_digest(one.encode(), other.encode())


def verify_assertion(app, request, provider):
    """private_key_jwt (RFC 7523), which Authentik does not have: only with `client_jwks` in the configuration."""
    token = request.field("client_assertion") or ""
    if request.field("client_assertion_type") != ASSERTION_TYPE:
        return False
    header, payload = decode_part(token, 0), decode_part(token, 1)
    audience = payload.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    known = {app.url(request, "/application/o/token/"), app.issuer(request, provider)}
    claims_right = (payload.get("iss") == payload.get("sub") == provider["client_id"] and known & set(audiences)
                    and payload.get("exp", 0) > app.now() and payload.get("jti"))
    return bool(claims_right) and any(
        verify(key, header.get("alg"), token) for key in provider["client_jwks"]["keys"]
        if "kid" not in header or key.get("kid") in (None, header["kid"]))


def decode_part(token, number):
    try:
        value = json.loads(decode(token.split(".")[number]))
    except (ValueError, IndexError):
        return {}
    return value if isinstance(value, dict) else {}


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(decode(text), "big")


def verify(key, alg, token):
    """Whether the compact JWS is signed by the JWK with the algorithm."""
    signed, _, signature = token.rpartition(".")
    try:
        check_signature(key, alg, signed.encode(), decode(signature))
    except (InvalidSignature, KeyError, ValueError, TypeError):
        return False
    return True


def check_signature(key, alg, data, signature):
    if alg == "EdDSA":
        ed25519.Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(signature, data)
        return
    digest = HASHES[alg[2:]]()
    if alg[:2] == "ES":
        numbers = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), CURVES[key["crv"]]())
        half = len(signature) // 2
        pair = encode_dss_signature(*(int.from_bytes(part, "big") for part in (signature[:half], signature[half:])))
        numbers.public_key().verify(pair, data, ec.ECDSA(digest))
        return
    pad = padding.PKCS1v15() if alg[:2] == "RS" else padding.PSS(padding.MGF1(digest), digest.digest_size)
    rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key().verify(signature, data, pad, digest)


def challenge_matches(record, verifier):
    """PKCE (RFC 7636); a verifier without a challenge is refused too."""
    if not record["challenge"]:
        return not verifier
    if not verifier:
        return False
    if record["method"] == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return same(verifier, record["challenge"])
