# SPDX-License-Identifier: Apache-2.0
"""Faults: rules that change, delay, cut or withhold answers."""

import asyncio
import base64
import gzip
import itertools
import json

from . import config
from .wire import Response

# With one of these the request is not processed, unless `after_processing` says so.
REPLACING = {"status", "body", "body_base64", "json", "redirect", "stall", "reset", "infinite_body",
             "infinite_headers"}
# With one of these there is an answer, or the beginning of one.
ANSWERING = REPLACING - {"stall", "reset"}
FILTERS = ("grant_type", "client_id", "method")
KNOWN = REPLACING | {"endpoint", "times", "after", "headers", "json_patch", "content_type", "delay_ms", "drip",
                     "drip_headers", "close", "after_processing", "gzip", "size", "chunked", *FILTERS}
BLOCK = b" " * 4096


class Rules:
    """The installed faults, in order. Of those that match a request the first with times left is used."""

    def __init__(self):
        self.rules = []

    def add(self, action):
        unknown = set(action) - KNOWN
        if unknown or "endpoint" not in action:
            raise KeyError(f"unknown or missing fault members: {sorted(unknown)}")
        self.rules.append(Fault(action))

    def clear(self):
        self.rules = []

    def take(self, endpoint, request):
        chosen = None
        for rule in self.rules:
            if rule.matches(endpoint, request):
                rule.seen += 1
                if chosen is None and rule.seen > rule.after and rule.times != 0:
                    rule.times -= 1
                    chosen = rule
        return chosen


class Fault:
    """One rule."""

    def __init__(self, action):
        self.action = action
        self.times, self.after, self.seen = action.get("times", 1), action.get("after", 0), 0
        cut_before_work = action.get("close") == "before_headers"
        self.processes = bool(action.get("after_processing") or action.get("json_patch") is not None
                              or not (REPLACING & set(action) or cut_before_work))

    def matches(self, endpoint, request):
        values = {"grant_type": request.field("grant_type"), "method": request.method,
                  "client_id": request.field("client_id") or request.arg("client_id")}
        return self.action["endpoint"] in (endpoint, "*") and all(
            self.action[name] == values[name] for name in FILTERS if name in self.action)

    def change(self, response):
        """The answer with the rule's changes; None stays None where nothing is to be sent."""
        action = self.action
        if response is None and not ANSWERING & set(action):
            return None
        if response is None:
            response = Response(action.get("status", 200))
        if "redirect" in action:
            return redirection(action["redirect"])
        self.change_body(response)
        response.status = action.get("status", response.status)
        response.content_type = action.get("content_type", response.content_type)
        for name, value in action.get("headers", {}).items():
            response.headers = [pair for pair in response.headers if pair[0].lower() != name.lower()]
            if name.lower() == "content-type":
                response.content_type = value
            elif value is not None:
                response.headers += [(name, item) for item in (value if isinstance(value, list) else [value])]
        return response

    def change_body(self, response):
        action = self.action
        if "json_patch" in action:
            response.body = json.dumps(config.merge(parse(response.body), action["json_patch"])).encode()
            response.content_type = "application/json"
        if "json" in action:
            response.body, response.content_type = json.dumps(action["json"]).encode(), "application/json"
        if "body" in action:
            response.body = action["body"].encode("utf-8", "surrogatepass")
        if "body_base64" in action:
            response.body = base64.b64decode(action["body_base64"])
        if action.get("body") is not None or action.get("body_base64") is not None:
            response.content_type = action.get("content_type", "application/json")
        if "size" in action:
            response.body = response.body.ljust(action["size"], b" ")
        if action.get("gzip"):
            response.body = gzip.compress(response.body, mtime=0)
            response.headers.append(("content-encoding", "gzip"))


def parse(body):
    try:
        return json.loads(body)
    except ValueError:
        return {}


def redirection(value):
    """A redirect, given as a location or as {location, status}."""
    value = {"location": value} if isinstance(value, str) else value
    return Response(value.get("status", 302), [("location", value["location"])])


async def deliver(connection, request, response, fault, keep_alive):
    """Send the answer, or what the fault leaves of it; gives whether the connection may go on."""
    head_only = request.method == "HEAD"
    if fault is None:
        return await connection.send(response, keep_alive, head_only)
    action = fault.action
    if "delay_ms" in action:
        await asyncio.sleep(action["delay_ms"] / 1000)
    if action.get("stall"):
        await connection.wait_closed()
    elif action.get("reset"):
        connection.reset()
    elif "close" in action:
        await cut(connection, response, action["close"])
    elif action.get("infinite_headers"):
        await endless_headers(connection, response)
    elif action.get("infinite_body"):
        await endless_body(connection, response)
    elif only_drops(action):
        pass
    else:
        return await send_slowly(connection, response, action, keep_alive, head_only)
    return False


def only_drops(action):
    """`after_processing` without an answer of its own means: the answer is lost."""
    return action.get("after_processing") and not set(action) & (REPLACING | {
        "headers", "json_patch", "content_type", "drip", "gzip", "size", "chunked"})


async def cut(connection, response, where):
    """Close at a chosen point of the answer."""
    head = response.head() + b"\r\n"
    if where == "after_headers":
        await connection.write(head)
    elif where == "mid_body":
        await connection.write(head + response.body[:len(response.body) // 2])


async def endless_headers(connection, response):
    await connection.write(response.head())
    for number in itertools.count():
        await connection.write(b"x-fill-%d: %s\r\n" % (number, b"a" * 1000))


async def endless_body(connection, response):
    """A chunked body that never ends: the given body, then white space."""
    await connection.write(response.head(content_length=False) + b"Transfer-Encoding: chunked\r\n\r\n")
    if response.body:
        await connection.write(chunk(response.body))
    while True:
        await connection.write(chunk(BLOCK))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


async def send_slowly(connection, response, action, keep_alive, head_only):
    """The whole answer, perhaps without its length, in chunks, or byte by byte."""
    keep_alive = keep_alive and "size" not in action
    counted = not ("size" in action or action.get("chunked"))
    head = response.head(counted, "keep-alive" if keep_alive else "close")
    head += (b"Transfer-Encoding: chunked\r\n" if action.get("chunked") else b"") + b"\r\n"
    body = b"" if head_only else response.body
    if action.get("chunked"):
        body = (chunk(body) if body else b"") + chunk(b"")
    pause = action.get("drip", 0) / 1000
    if action.get("drip_headers"):
        head, body = b"", head + body
    await connection.write(head)
    if not pause:
        await connection.write(body)
        return keep_alive
    for byte in body:
        await asyncio.sleep(pause)
        await connection.write(bytes([byte]))
    return keep_alive
