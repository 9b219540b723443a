# SPDX-License-Identifier: Apache-2.0
"""The application: its state, the table of paths, the request log and the way from request to answer."""

import asyncio
import copy
import inspect
import sys
import time
import traceback
import uuid

from . import (answers, authorize, bearer, config, control, device, discovery, faults, flow, pages, rest,
               token_endpoint)
from .keys import KeyStore
from .store import Store

OAUTH = "/application/o/"
METADATA = "/.well-known/oauth-authorization-server"

# Path: endpoint name in the log, handlers by method.
SHARED = {
    OAUTH + "authorize/": ("authorize", {"GET": authorize.authorize, "POST": authorize.refuse_post}),
    OAUTH + "token/": ("token", {"POST": token_endpoint.token, "OPTIONS": token_endpoint.options}),
    OAUTH + "device/": ("device", {"POST": device.start}),
    OAUTH + "userinfo/": ("userinfo", {"GET": bearer.userinfo, "POST": bearer.userinfo}),
    OAUTH + "introspect/": ("introspect", {"POST": bearer.introspect}),
    OAUTH + "revoke/": ("revoke", {"POST": bearer.revoke}),
    "/device": ("other", {"GET": device.user_page}),
    "/": ("other", {"GET": flow.front_page}),
    "/-/health/live/": ("other", {"GET": flow.healthy}),
    "/-/health/ready/": ("other", {"GET": flow.healthy}),
    "/flows/-/default/authentication/": ("login", {"GET": flow.default_authentication}),
}
BY_SLUG = {
    "": ("other", {"GET": discovery.provider_root}),
    ".well-known/openid-configuration": ("discovery", {"GET": discovery.metadata}),
    "jwks/": ("jwks", {"GET": discovery.jwks}),
    "end-session/": ("other", {"GET": flow.end_session, "POST": authorize.refuse_post}),
}
METADATA_ROUTE = BY_SLUG[".well-known/openid-configuration"]


class App:
    """Everything that one server knows."""

    def __init__(self, settings, key_dir, quiet=False):
        self.settings, self.quiet = settings, quiet
        self.initial = copy.deepcopy(settings)
        self.base_url = None
        self.store = Store()
        self.keys = KeyStore(key_dir, settings["behaviour"]["kid_style"], settings["rsa_bits"])
        self.log, self.log_number = [], 0
        self.log_changed = asyncio.Condition()
        self.faults = faults.Rules()
        self.refreshes = 0
        if settings["state_file"]:
            self.store.load(settings["state_file"])

    def now(self):
        return time.time() + self.settings["clock_offset"]

    def save(self):
        if self.settings["state_file"]:
            self.store.save(self.settings["state_file"])

    def reset(self):
        """As after the start, with the same keys."""
        self.settings = copy.deepcopy(self.initial)
        self.store, self.faults, self.refreshes = Store(), faults.Rules(), 0
        self.keys.generation = 0
        self.log.clear()

    def configure(self, changes):
        """Change the configuration; a user who becomes inactive loses every token."""
        before = {user["username"] for user in self.settings["users"] if self.is_active(user)}
        self.settings = config.apply(self.settings, changes)
        self.keys.kid_style = self.settings["behaviour"]["kid_style"]
        self.keys.rsa_bits = self.settings["rsa_bits"]
        after = {user["username"] for user in self.settings["users"] if self.is_active(user)}
        for name in before - after:
            self.store.forget_user(name)

    # People

    def user(self, name):
        return next((user for user in self.settings["users"] if user["username"] == name), None)

    def is_active(self, user):
        return self.flag(user, "active")

    def is_allowed(self, user):
        return self.flag(user, "allowed")

    def flag(self, user, name):
        override = self.settings[name]
        if override is None:
            return user.get(name, True)
        return user["username"] in override if isinstance(override, list) else bool(override)

    def session(self, request):
        """The live session of the request's cookie, or None."""
        session = self.store.sessions.get(request.cookies.get("authentik_session"))
        user = self.user(session["user"]) if session else None
        return session if user and self.is_active(user) else None

    # Providers

    def provider(self, client_id):
        return next((item for item in config.providers(self.settings) if item["client_id"] == client_id), None)

    def provider_by_slug(self, slug):
        return next((item for item in config.providers(self.settings)
                     if item["slug"] == slug and item["has_application"]), None)

    def url(self, request, path):
        return (self.settings["base_url"] or request.base_url) + path

    def issuer(self, request, provider):
        """The issuer follows the host of the request, unless the configuration names another."""
        if provider["issuer_override"]:
            return provider["issuer_override"]
        if provider["issuer_mode"] == "global":
            return self.url(request, "/")
        return self.url(request, f"{OAUTH}{provider['slug']}/")

    # Requests

    async def handle(self, request, connection):
        """Answer one request; gives whether the connection may go on."""
        request.id = uuid.uuid4().hex
        keep_alive = (request.header("connection") or "").lower() != "close"
        if request.path.startswith(control.PREFIX):
            response = await control.handle(self, request)
            return await connection.send(response, keep_alive)
        endpoint, handlers, slug = route(request.path)
        await self.remember(request, endpoint)
        fault = self.faults.take(endpoint, request)
        response = await self.answer(request, handlers, slug, fault)
        try:
            return await faults.deliver(connection, request, response, fault, keep_alive)
        finally:
            if not self.quiet:
                print(f"{request.method} {request.target[:200]} {request.entry['status']}", file=sys.stderr)

    async def answer(self, request, handlers, slug, fault):
        """The answer before its delivery, with a fault's changes to it."""
        response = None
        if self.settings["starting"]:
            response = starting(request)
        elif fault is None or fault.processes:
            response = await self.process(request, handlers, slug)
        if fault is not None:
            response = fault.change(response)
        if response is not None:
            request.entry["status"] = response.status
            answers.finish(response, request, self.settings, self.now())
        return response

    async def process(self, request, handlers, slug):
        try:
            method = "GET" if request.method == "HEAD" else request.method
            handler = handlers.get(method)
            if handler is None:
                return self.no_handler(request, handlers)
            result = handler(self, request, slug) if slug is not None else handler(self, request)
            return await result if inspect.isawaitable(result) else result
        except answers.OAuthError as failure:
            return answers.oauth_error(request, failure)
        except answers.ServerFault:
            return self.failed(request)
        except Exception:
            traceback.print_exc()
            return self.failed(request)

    def failed(self, request):
        """A failure inside: the error page knows only GET."""
        if request.method in ("GET", "HEAD"):
            return pages.server_error(self.settings)
        return answers.empty(405, answers.PAGE_METHODS)

    def no_handler(self, request, handlers):
        if not handlers:
            if request.method in ("GET", "HEAD"):
                return pages.not_found(self.settings)
            return answers.empty(200 if request.method == "OPTIONS" else 405, answers.PAGE_METHODS)
        allow = answers.PAGE_METHODS if "GET" in handlers else "POST, OPTIONS"
        return answers.empty(200 if request.method == "OPTIONS" else 405, allow)

    async def remember(self, request, endpoint):
        """Write the request to the log before it is answered."""
        self.log_number += 1
        request.entry = {
            "n": self.log_number, "time": time.time(), "endpoint": endpoint, "method": request.method,
            "path": request.path, "query": request.query, "headers": [list(pair) for pair in request.headers],
            "form": request.form, "raw_body": request.body.decode("utf-8", "replace"), "status": None,
            "connection": request.connection, "grant_type": request.field("grant_type"),
            "probe": request.arg("prompt") == "none" and "authentik_session" not in request.cookies}
        async with self.log_changed:
            self.log.append(request.entry)
            self.log_changed.notify_all()


def route(path):
    """Endpoint name, handlers by method ({} for an unknown path), and the slug where the path has one."""
    if path in SHARED:
        return *SHARED[path], None
    if path.startswith("/if/flow/") and path.endswith("/") and path.count("/") == 4:
        return "login", {"GET": flow.page, "POST": flow.page}, path.split("/")[3]
    if path.startswith("/api/v3/"):
        return "other", dict.fromkeys(("GET", "POST", "PATCH", "PUT", "DELETE"), rest.handle), None
    if path.startswith(METADATA + OAUTH) and path.endswith("/"):
        slug, _, rest_of_path = path[len(METADATA + OAUTH):].partition("/")
        return (*METADATA_ROUTE, slug) if not rest_of_path else ("other", {}, None)
    slug, slash, rest_of_path = path[len(OAUTH):].partition("/")
    if path.startswith(OAUTH) and slug and slash and rest_of_path in BY_SLUG:
        return *BY_SLUG[rest_of_path], slug
    return "other", {}, None


def starting(request):
    """What the front server says while the application boots (read, not observed)."""
    headers = [("retry-after", "5")]
    if "application/json" in (request.header("accept") or ""):
        return answers.Response(503, headers, b'{"error":"authentik starting"}', "application/json")
    return answers.Response(503, headers, b"authentik starting", "text/plain; charset=utf-8")
