# SPDX-License-Identifier: Apache-2.0
"""A forward proxy on loopback, and an issuer that can be reached only through it."""

import select
import socket
import threading

FAR = "authentik.test"  # no resolver knows it; the issuer's certificate names it


class Proxy:
    """CONNECT proxy in a thread: `heads` are the requests that it got, `status` what it answers instead of a tunnel."""

    def __init__(self, status=None):
        self.status, self.heads = status, []
        self.plug = socket.create_server(("127.0.0.1", 0))
        self.port = self.plug.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.plug.shutdown(socket.SHUT_RDWR)
        self.plug.close()

    def accept(self):
        while True:
            try:
                client, _ = self.plug.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(4096)
                if not part:
                    return
                head += part
            self.heads.append(head.decode())
            if self.status:
                client.sendall(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            port = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                join(client, server)

    @property
    def targets(self):
        return [head.split("\r\n")[0] for head in self.heads]

    def header(self, name):
        """The values of a header in all requests."""
        lines = [line.partition(": ") for head in self.heads for line in head.split("\r\n")[1:]]
        return [value for key, _, value in lines if key.lower() == name.lower()]


def join(one, other):
    """Carries bytes both ways until one side has none."""
    try:
        while True:
            for plug in select.select([one, other], [], [])[0]:
                data = plug.recv(65536)
                if not data:
                    return
                (other if plug is one else one).sendall(data)
    except OSError:
        return


def move_away(kube, issuer, monkeypatch):
    """Gives the issuer a name that only the proxy, and the browser of this process, can reach."""
    base = f"https://{FAR}:{issuer.port}"
    issuer.configure(base_url=base)
    kube.flags[0] = "--oidc-issuer-url=" + issuer.url.replace(issuer.base_url, base)
    known = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo",
                        lambda host, *more, **names: known("127.0.0.1" if host == FAR else host, *more, **names))
    return f"CONNECT {FAR}:{issuer.port} HTTP/1.1"
