# SPDX-License-Identifier: Apache-2.0
"""Bare HTTP against the issuer for its own tests: nothing is followed, nothing is hidden."""

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlencode, urlsplit

SCOPE = "openid email profile offline_access"
CALLBACK = "http://localhost:8000"
VERIFIER = "v" * 43
AUTHORIZE = "/application/o/authorize/?"
TOKEN = "/application/o/token/"
DEVICE = "/application/o/device/"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Answer:
    """One answer with its headers in the order of arrival."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.getheaders(), answer.read()

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None

    @property
    def names(self):
        return [name for name, _ in self.headers]

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json.get("error")

    @property
    def location(self):
        return self.header("location")

    @property
    def answered(self):
        """The parameters that a redirect carries to the client."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query, True).items()}


class Visitor:
    """Requests to one issuer; remembers the session cookie only when asked to log in."""

    def __init__(self, issuer):
        self.issuer, self.cookie = issuer, None

    def request(self, method, path, form=None, headers=(), body=None):
        connection = self.issuer.connect()
        headers = dict(headers)
        if self.cookie:
            headers["Cookie"] = f"authentik_session={self.cookie}"
        if form is not None:
            body, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def login(self, user="alice"):
        answer = self.get(f"/if/flow/default-authentication-flow/?fake_user={user}&next=/")
        self.cookie = answer.header("set-cookie").partition(";")[0].partition("=")[2]
        return self

    def authorize(self, **changes):
        """AUTHZ of the reference; a parameter of None is left out."""
        values = {"response_type": "code", "client_id": "kubernetes", "redirect_uri": CALLBACK, "scope": SCOPE,
                  "state": "st-1", "nonce": "nonce-1"} | changes
        return self.get(AUTHORIZE + urlencode({name: value for name, value in values.items() if value is not None}))

    def code(self, **changes):
        return self.authorize(code_challenge=challenge(), code_challenge_method="S256", **changes).answered["code"]

    def exchange(self, code, **changes):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
                "client_id": "kubernetes", "code_verifier": VERIFIER} | changes
        return self.token(**form)

    def token(self, headers=(), **form):
        return self.request("POST", TOKEN, {name: value for name, value in form.items() if value is not None}, headers)

    def tokens(self, **changes):
        """A whole login; gives the token answer."""
        if self.cookie is None:
            self.login()
        client = {"client_id": changes["client_id"]} if "client_id" in changes else {}
        return self.exchange(self.code(**changes), **client).json

    def refresh(self, token, **changes):
        return self.token(**({"grant_type": "refresh_token", "refresh_token": token, "client_id": "kubernetes"}
                             | changes))

    def start_device(self, **changes):
        return self.request("POST", DEVICE, {"client_id": "kubernetes", "scope": SCOPE} | changes)

    def poll(self, code, **changes):
        return self.token(**({"grant_type": DEVICE_GRANT, "client_id": "kubernetes", "device_code": code} | changes))

    def userinfo(self, token):
        return self.get("/application/o/userinfo/", Authorization=f"Bearer {token}")


def challenge(verifier=VERIFIER):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def part(token, number):
    """Header (0) or claims (1) of a JWT."""
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
