# SPDX-License-Identifier: Apache-2.0
"""What a vector is: a valid token, key set and expectation, of which exactly one thing is changed."""
import base64
import json

import jose

NOW = 1_800_000_000
ISSUER = "https://auth.example/application/o/kubernetes/"
CLIENT = "kubernetes"
NONCE = "nSHt6T5Xv1mO2rEwPqLc0aBzKjY8uGdF3iN7hVQxRkM"
ACCESS = "access-token-of-this-login"
CODE = "code-of-this-login"
HEADER = {"alg": "RS256", "kid": "rsa", "typ": "JWT"}
OPTIONS = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE, "access_token": ACCESS, "code": CODE, "now": NOW,
           "fresh_login": True}
CLAIMS = {"iss": json.dumps(ISSUER), "sub": '"5f1c0b"', "aud": json.dumps(CLIENT), "exp": str(NOW + 300),
          "iat": str(NOW - 1), "auth_time": str(NOW - 2), "nonce": json.dumps(NONCE), "email": '"jane@example.com"'}


def claims(extra="", **changes):
    """The payload as JSON text. CHANGES are JSON texts by name, None to leave the claim out; EXTRA goes before the end."""
    members = {**CLAIMS, **changes}
    listed = ",".join(f'"{name}":{text}' for name, text in members.items() if text is not None)
    return "{" + listed + extra + "}"


def header(**changes):
    return jose.drop_none({**HEADER, **changes})


class Corpus:
    def __init__(self, keys):
        self.keys = keys
        self.vectors = []
        self.counts = {}
        self.key_set = jose.key_set(keys.rsa["main"].jwk())

    def token(self, payload=None, head=None, key=None, alg="RS256"):
        return jose.make_token(key or self.keys.rsa["main"], alg, HEADER if head is None else head,
                               claims() if payload is None else payload)

    def add(self, family, rules, name, expect, token=None, jwks=None, **rest):
        """REST are members of the vector (padding, jwks_padding, level) or changed options; None leaves one out."""
        self.counts[family] = self.counts.get(family, 0) + 1
        vector = {"id": f"A-{family}{self.counts[family]:02d}", "name": name, "rules": rules.split(), "expect": expect}
        for member in ("padding", "jwks_padding"):
            if member in rest:
                vector[member] = rest.pop(member)
        put_text(vector, "token", self.token() if token is None else token)
        put_text(vector, "jwks", self.key_set if jwks is None else jwks)
        vector["options"] = jose.drop_none({**OPTIONS, **rest})
        self.vectors.append(vector)

    def add_claims(self, rules, name, expect, payload, **options):
        self.add("C", rules, name, expect, self.token(payload), **options)


def put_text(vector, name, value):
    """Bytes that JSON cannot carry travel as base64."""
    if isinstance(value, bytes) or "\0" in value:
        value = value if isinstance(value, bytes) else value.encode()
        vector[name + "_base64"] = base64.b64encode(value).decode()
    else:
        vector[name] = value
