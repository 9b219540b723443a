# SPDX-License-Identifier: Apache-2.0
"""What platforms of pipelines offer their jobs: identity tokens, and a server that gives them out as GitHub does."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

REQUEST_TOKEN = "canary-request-token"
LIFETIME = 6 * 3600  # seconds; some are made when their file is imported, long before its first test begins


def encode(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def identity_token(**changes):
    """A token of a platform: nobody here checks its signature, so it may be anything."""
    claims = {"iss": "https://platform.example", "sub": "repo:org/app:ref:refs/heads/main", "aud": "canary-audience",
              "exp": int(time.time()) + LIFETIME, "jti": "canary-identity", **changes}
    return ".".join([encode({"alg": "RS256", "kid": "platform"}), encode(claims), encode(b"canary-signature")])


class TokenService:
    """GitHub's contract, exactly: GET URL&audience=..., `Authorization: bearer TOKEN`; 200 with `value`.

    `answers` are sent before that, one per request: (status, body) or None to drop the connection."""

    def __init__(self, token, query="?api-version=2.0", path="/_apis/pipelines/1/idtoken"):
        self.token, self.answers, self.requests = token, [], []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, body = service.answer(self)
                if status:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json; charset=utf-8; api-version=2.0")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.path = path
        self.url = f"http://127.0.0.1:{self.server.server_port}{path}{query}"
        self.environment = {"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": self.url,
                            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN}
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def answer(self, request):
        self.requests.append({"path": request.path, "version": request.request_version, "headers": request.headers})
        if self.answers:
            chosen = self.answers.pop(0)
            return (chosen[0], chosen[1].encode()) if chosen else (0, b"")
        address = urlsplit(request.path)
        query = parse_qsl(address.query, strict_parsing=True)
        if address.path != self.path or request.headers.get_all("Authorization") != [f"bearer {REQUEST_TOKEN}"]:
            return 401, b"{}"
        if [name for name, _ in query][-1] != "audience" or request.headers["Accept"] != "application/json; api-version=2.0":
            return 400, b"{}"
        return 200, json.dumps({"count": len(self.token), "value": self.token}).encode()

    @property
    def audience(self):
        """That of the last request."""
        return dict(parse_qsl(urlsplit(self.requests[-1]["path"]).query))["audience"]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
