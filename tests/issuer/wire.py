# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on the level of bytes: requests, responses and one connection."""

import asyncio
import json
import re
import socket
import struct
from functools import cached_property
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, unquote

HEAD_LIMIT = 1 << 20
BODY_LIMIT = 8 << 20


class BadRequest(Exception):
    """A request that cannot be read; the connection ends after the answer."""

    def __init__(self, text, status=400):
        super().__init__(text)
        self.status = status


class Request:
    """One request as it arrived. `arg` and `field` give the last value of a name, as Django does."""

    def __init__(self, method, target, headers, body, connection):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.connection, self.peer = connection.number, connection.peer
        self.id = None
        self.entry = None
        forwarded = (self.header("x-forwarded-proto") or "").lower()
        self.scheme = "https" if forwarded == "https" else connection.scheme

    @cached_property
    def raw_path(self):
        return self.target.partition("?")[0]

    @cached_property
    def path(self):
        return unquote(self.raw_path)

    @cached_property
    def query_string(self):
        return self.target.partition("?")[2]

    @cached_property
    def query(self):
        return parse_form(self.query_string)

    @cached_property
    def form(self):
        kind = (self.header("content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return {}
        return parse_form(self.body.decode("utf-8", "replace"))

    @cached_property
    def json(self):
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @cached_property
    def cookies(self):
        jar = SimpleCookie()
        for value in self.header_values("cookie"):
            try:
                jar.load(value)
            except CookieError:
                continue
        return {name: morsel.value for name, morsel in jar.items()}

    def header_values(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name):
        values = self.header_values(name)
        return values[0] if values else None

    def arg(self, name):
        return self.query[name][-1] if name in self.query else None

    def field(self, name):
        return self.form[name][-1] if name in self.form else None

    @property
    def base_url(self):
        return f"{self.scheme}://{self.header('host') or 'localhost'}"


class Response:
    """Status, headers in the order of sending, body; `cookies` are sent behind all headers."""

    def __init__(self, status=200, headers=(), body=b"", content_type="text/html; charset=utf-8"):
        self.status, self.headers, self.body = status, list(headers), body
        self.content_type = content_type
        self.cookies = []

    def head(self, content_length=True, connection="keep-alive"):
        """The status line and all headers as bytes, the empty line not included."""
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}"]
        for name, value in self.headers:
            if value is None and name.lower() == "content-length" and not content_length:
                continue
            lines.append(f"{name}: {self.fill(name, value, connection)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n"

    def fill(self, name, value, connection):
        if value is None:
            return {"content-length": str(len(self.body)), "connection": connection}[name.lower()]
        return value


def reason(status):
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def plain(status, text):
    """An answer without anything of Authentik, for what is not a request at all."""
    response = Response(status, body=text.encode(), content_type="text/plain")
    response.headers = [("Content-Type", "text/plain"), ("Content-Length", None), ("Connection", None)]
    return response


def parse_form(text):
    return parse_qs(text, keep_blank_values=True, errors="replace", max_num_fields=10000)


class Connection:
    """One TCP connection: reads requests, writes answers, can be broken on purpose."""

    def __init__(self, reader, writer, number, scheme):
        self.reader, self.writer, self.number, self.scheme = reader, writer, number, scheme
        name = writer.get_extra_info("peername")
        self.peer = name[0] if name else ""

    async def read_request(self):
        """The next request, or None when the client has closed."""
        head = await self.read_head()
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not re.fullmatch(r"HTTP/1\.[01]", parts[2]) or not parts[1].startswith("/"):
            raise BadRequest("bad request line")
        headers = [split_header(line) for line in lines[1:] if line]
        request = Request(parts[0], parts[1], headers, b"", self)
        if (request.header("expect") or "").lower() == "100-continue":
            await self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = await self.read_body(request)
        return request

    async def read_head(self):
        try:
            return (await self.reader.readuntil(b"\r\n\r\n"))[:-4]
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError as failure:
            raise BadRequest("headers too large", 431) from failure

    async def read_body(self, request):
        if "chunked" in (request.header("transfer-encoding") or "").lower():
            return await self.read_chunks()
        length = request.header("content-length") or "0"
        if not length.isdigit() or int(length) > BODY_LIMIT:
            raise BadRequest("bad length", 413)
        return await self.reader.readexactly(int(length))

    async def read_chunks(self):
        body = b""
        while True:
            line = (await self.reader.readuntil(b"\r\n")).partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", line) or len(body) + int(line, 16) > BODY_LIMIT:
                raise BadRequest("bad chunk")
            body += await self.reader.readexactly(int(line, 16))
            await self.reader.readuntil(b"\r\n")
            if int(line, 16) == 0:
                return body

    async def write(self, data):
        """Write and let others run; fails as soon as the client has gone."""
        if self.writer.transport.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await asyncio.sleep(0)
        await self.writer.drain()

    async def send(self, response, keep_alive=True, head_only=False):
        connection = "keep-alive" if keep_alive else "close"
        data = response.head(connection=connection) + b"\r\n"
        await self.write(data if head_only else data + response.body)
        return keep_alive

    async def wait_closed(self):
        """Read and forget until the client goes."""
        while await self.reader.read(65536):
            pass

    def reset(self):
        """Send RST instead of FIN."""
        plug = self.writer.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def split_header(line):
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise BadRequest("bad header")
    return name, value.strip(" \t")
