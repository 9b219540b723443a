# SPDX-License-Identifier: Apache-2.0
"""Tokens made by the test with the issuer's own keys, to be wrong in exactly one way, or right in an unusual one."""

import base64
import hashlib
import json
import time

from issuer.keys import KeyStore, encode


def half_digest(text):
    """at_hash and c_hash for the algorithms with SHA-256."""
    return encode(hashlib.sha256(text.encode()).digest()[:16])


class Forger:
    def __init__(self, issuer):
        self.issuer = issuer
        self.keys = KeyStore(issuer.tls_dir, "sha512", 2048)

    def claims(self, waiting, **changes):
        """The claims that the waiting login expects; None removes one."""
        now = int(time.time())
        claims = {"iss": self.issuer.url, "sub": "subject-1", "aud": "kubernetes", "exp": now + 300, "iat": now,
                  "nonce": waiting.request["nonce"], "email": "alice@example.com", **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, claims, kind="rsa", name="", payload=None, signature=None, **header):
        """A compact JWS. PAYLOAD is the text that is signed instead, SIGNATURE a change of the signature's bytes."""
        key = self.keys.get(kind, name)
        members = {"alg": key.alg, "kid": key.kid, "typ": "JWT", **header}
        head = json.dumps({name: value for name, value in members.items() if value is not None})
        text = f"{encode(head.encode())}.{encode((payload or json.dumps(claims)).encode())}"
        made = key.sign(text.encode())
        return f"{text}.{encode(signature(made) if signature else made)}"

    def answer(self, id_token, access_token="opaque", **members):
        """Makes the token endpoint give these."""
        self.issuer.fault("token", json={"access_token": access_token, "token_type": "Bearer", "expires_in": 300,
                                         "id_token": id_token, **members})

    def deliver(self, waiting, id_token, **members):
        """Ends a waiting login with this ID token; gives its Result."""
        self.answer(id_token, **members)
        return waiting.finish()


def der(signature):
    """The other encoding of an ECDSA signature, which a JWS must not have."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    half = len(signature) // 2
    return encode_dss_signature(*(int.from_bytes(part, "big") for part in (signature[:half], signature[half:])))


def flip_unused_bit(text):
    """Another spelling of the same bytes: the last character's unused bits are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(text) % 4 in (2, 3)
    changed = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]
    padding = "=" * (-len(text) % 4)
    assert base64.urlsafe_b64decode(changed + padding) == base64.urlsafe_b64decode(text + padding)
    return changed
