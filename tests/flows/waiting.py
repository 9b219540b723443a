# SPDX-License-Identifier: Apache-2.0
"""`Waiting`: a login that waits for its callback, and whatever may be sent to its port meanwhile."""

import socket
import ssl
from urllib.parse import parse_qs, urlencode, urlsplit

from issuer.browse import Browser, is_callback
from wire import flat

TIMEOUT = 60


class Answer:
    """One HTTP answer as it came."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.data, self.line = data, lines[0]
        self.status = int(lines[0].split(" ")[1]) if data else None
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:]]

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, values
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode()


def exchange(address, port, data, tls=None, patience=TIMEOUT):
    """Sends bytes to a port and reads until the other side closes."""
    with socket.create_connection((address, port), timeout=patience) as plug:
        plug = tls.wrap_socket(plug, server_hostname="localhost") if tls else plug
        plug.sendall(data)
        received = b""
        try:
            while part := plug.recv(65536):
                received += part
        except (ConnectionResetError, ssl.SSLError):
            pass
        return received


class Waiting:
    """`latchkey COMMAND`, up to the moment at which it has printed its URL: `skip` tells it not to open a browser."""

    def __init__(self, kube, *flags, command="get-token", skip=True, tls=None, user=None, address="127.0.0.1",
                 **environment):
        self.tls, self.address = tls, address
        self.browser = Browser(user)
        self.running = kube.start(command, *(["--skip-open-browser"] if skip else []), *flags, **environment)
        self.visit = self.running.read_line(r"^Please visit the following URL in your browser(?: manually)?: (\S+)$")[1]
        self.start_path = urlsplit(self.visit).path
        self.port = urlsplit(self.visit).port
        self.start = self._answer = None

    @property
    def pid(self):
        return self.running.process.pid

    # What a person does

    @property
    def authorization(self):
        """The authorization URL, which the start page redirects to."""
        if self.start is None:
            self.start = self.ask(self.start_path)
            assert self.start.status == 302, self.start.line
        return self.start.header("location")

    @property
    def request(self):
        """The parameters of the authorization request."""
        return flat(parse_qs(urlsplit(self.authorization).query))

    @property
    def answer(self):
        """The parameters with which the issuer sends the person back, after a login there."""
        if self._answer is None:
            url = self.browser.open(self.authorization, stop=is_callback).url
            self.callback_path = urlsplit(url).path or "/"
            self._answer = flat(parse_qs(urlsplit(url).query, keep_blank_values=True))
        return self._answer

    def callback(self, **changes):
        """The target of the callback; a parameter of None is left out."""
        values = {**self.answer, **changes}
        query = urlencode({name: value for name, value in values.items() if value is not None})
        return f"{self.callback_path}?{query}"

    def refusal(self, **values):
        """The target of an error callback with the right state."""
        return "/?" + urlencode({"state": self.request["state"], **values})

    def finish(self, target=None):
        """Sends the callback, waits for the page that tells the outcome, and for the end of the program."""
        first = self.ask(target or self.callback())
        assert first.status == 303, first.data
        self.page = self.ask(first.header("location"))
        return self.running.wait()

    # What anybody can send

    def send(self, data, **options):
        """The answer to bytes."""
        return Answer(exchange(options.pop("address", self.address), self.port, data, tls=self.tls, **options))

    def ask(self, target, method="GET", host=None, headers=(), **options):
        """The answer to a well-formed request."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'localhost:{self.port}'}", *headers]
        return self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), **options)

    @property
    def still_waits(self):
        return self.running.process.poll() is None
