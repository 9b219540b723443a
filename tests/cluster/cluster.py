# SPDX-License-Identifier: Apache-2.0
"""A real control plane on loopback: etcd, kube-apiserver, and what an administrator does in them."""

import base64
import json
import random
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from pki import Authority

START = 300  # seconds; 2 to 5 on an idle machine
STOP = 60
SETTLE = 30  # until a change is seen by the server's own caches
FIRST_PORT, LAST_PORT = 20000, 31999  # below the ports that the kernel hands out by itself


class ClusterError(Exception):
    """A part of the control plane did not do what the tests need; the text ends with its log."""


class Etcd:
    """The store of one or more API servers."""

    def __init__(self, folder):
        self.port, peer = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        peer_url = f"http://127.0.0.1:{peer}"
        self.server = Server("etcd", folder, [
            "etcd", "--name=test", f"--data-dir={folder}/etcd", "--unsafe-no-fsync", "--log-outputs=stderr",
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", f"test={peer_url}"])
        self.server.wait_until(self._healthy, START, "be healthy")

    def _healthy(self):
        with urllib.request.urlopen(self.url + "/health", timeout=30) as answer:
            return json.load(answer).get("health") == "true"

    def stop(self):
        self.server.stop()


class ApiServer:
    """A kube-apiserver; `authentication` is its list of --oidc-* flags, or the one of --authentication-config."""

    def __init__(self, folder, program, etcd, authentication):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(self.folder)
        (port,) = free_ports(1)
        self.url = f"https://127.0.0.1:{port}"
        self.tls = ssl.create_default_context(cafile=self.authority.file)
        self.tls.load_cert_chain(*self.authority.client("admin", "system:masters"))
        self.server = Server("kube-apiserver", self.folder,
                             [str(program), *self._flags(etcd.url, port), *authentication])
        try:
            self.server.wait_until(lambda: self.text("GET", "/readyz") == "ok", START, "be ready")
        except BaseException:
            self.server.stop()
            raise

    def _flags(self, etcd_url, port):
        certificate, key = self.authority.server("apiserver")
        accounts = self.authority.signing_key("accounts.key")
        return [f"--etcd-servers={etcd_url}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
                f"--secure-port={port}", f"--tls-cert-file={certificate}", f"--tls-private-key-file={key}",
                f"--client-ca-file={self.authority.file}", f"--cert-dir={self.folder}",
                "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                f"--service-account-key-file={accounts}", f"--service-account-signing-key-file={accounts}",
                "--service-cluster-ip-range=10.43.0.0/16", "--authorization-mode=RBAC",
                "--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount"]

    def text(self, method, path, body=None):
        """One request as the administrator; the answer as text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.tls) as answer:
            return answer.read().decode()

    def call(self, method, path, body=None):
        return json.loads(self.text(method, path, body))

    def create(self, path, body):
        """Create an object; one of that name is kept."""
        try:
            return self.call("POST", path, body)
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise
            return None

    def wait_for_issuer(self, issuer):
        """The server looks the issuer up in the background: wait until a token of it would be judged."""
        claims = base64.urlsafe_b64encode(json.dumps({"iss": issuer}).encode()).decode().rstrip("=")
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
                  "spec": {"token": f"eyJhbGciOiJSUzI1NiJ9.{claims}.AAAA"}}

        def known():
            status = self.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
            return "not initialized" not in status.get("error", "not initialized")

        self.server.wait_until(known, START, f"know the issuer {issuer}")

    def bind_group(self, name, group, resource, verbs):
        """Let a group do `verbs` on a cluster-wide `resource`; returns once the authorizer knows."""
        rbac = "/apis/rbac.authorization.k8s.io/v1/"
        head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
        self.create(rbac + "clusterroles", {**head, "kind": "ClusterRole", "rules": [
            {"apiGroups": [""], "resources": [resource], "verbs": verbs}]})
        self.create(rbac + "clusterrolebindings", {
            **head, "kind": "ClusterRoleBinding",
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}]})
        self.server.wait_until(lambda: self.may(group, verbs[0], resource), SETTLE, f"allow {group}")

    def unbind(self, name, group, resource, verb):
        """Take the right back; none there to take is fine. Returns once the authorizer knows."""
        try:
            self.call("DELETE", f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
        self.server.wait_until(lambda: not self.may(group, verb, resource), SETTLE, f"refuse {group}")

    def may(self, group, verb, resource):
        review = self.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {"user": "nobody", "groups": [group], "resourceAttributes": {"verb": verb, "resource": resource}}})
        return review["status"]["allowed"]

    def log(self):
        return self.server.log()

    def stop(self):
        self.server.stop()


class Server:
    """A process that runs until it is stopped; its output is a file."""

    def __init__(self, name, folder, command):
        self.name = name
        self.path = Path(folder) / f"{name}.log"
        with open(self.path, "wb") as log:
            try:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            except FileNotFoundError:
                raise ClusterError(f"{command[0]} is not installed: run tests/tools/setup.sh cluster") from None

    def wait_until(self, condition, seconds, what):
        """Ask `condition` again and again, until it holds, the process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
                reason = "not yet"
            except (OSError, ValueError, KeyError) as error:
                reason = str(error)
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.name} did not {what} in {seconds} s ({reason})\n{self.tail()}")
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise ClusterError(f"{self.name} ended with status {self.process.returncode}\n{self.tail()}")

    def log(self):
        return self.path.read_text(errors="replace")

    def tail(self):
        return "\n".join(self.log().splitlines()[-15:])

    def stop(self):
        """Ask it to end and wait for that: it answers for a second or two more."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(STOP)


def free_ports(count):
    """Ports on which nothing listens now, all different."""
    found = []
    while len(found) < count:
        port = random.randint(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
