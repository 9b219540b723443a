# SPDX-License-Identifier: Apache-2.0
"""A person with kubectl: a home, a kubeconfig whose user is an exec plugin, and a browser that signs in by itself."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

BROWSE = Path(__file__).resolve().parent.parent / "issuer" / "browse.py"
LIMIT = 240  # seconds for one kubectl
KEPT = ("LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")


class Person:
    """Runs kubectl; `opened` counts the browsers that the plugin opened for it."""

    def __init__(self, home, programs, issuer):
        self.home, self.issuer = Path(home), issuer
        self.kubectl = kubectl_program(programs)
        self.visits = self.home / "visits"
        self.browser = self.home / "browser"
        self.browser.write_text(f"#!/bin/sh\necho \"$1\" >>{shlex.quote(str(self.visits))}\n"
                                f"exec {shlex.quote(sys.executable)} {shlex.quote(str(BROWSE))} \"$@\"\n")
        self.browser.chmod(0o700)
        self.path = [os.path.dirname(self.kubectl), "/usr/local/bin", "/usr/bin", "/bin"]

    def opened(self):
        return len(self.visits.read_text().splitlines()) if self.visits.exists() else 0

    def exec_entry(self, url=None, client="kubernetes", flags=()):
        """The exec entry of the documentation of int128/kubelogin, with `command` changed."""
        return {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": latchkey(),
            "args": ["get-token", f"--oidc-issuer-url={url or self.issuer.url}", f"--oidc-client-id={client}",
                     "--oidc-extra-scope=email", "--oidc-extra-scope=profile",
                     f"--certificate-authority={self.issuer.ca_file}",
                     f"--token-cache-dir={self.home}/tokens", *flags],
            "interactiveMode": "Never",
        }

    def through_kubectl(self, entry):
        """The same entry by way of `kubectl oidc-login`: a link of that name on PATH."""
        folder = self.home / "bin"
        folder.mkdir()
        (folder / "kubectl-oidc_login").symlink_to(latchkey())
        self.path.insert(0, str(folder))
        return {**entry, "command": "kubectl", "args": ["oidc-login", *entry["args"]]}

    def run(self, server, entry, *arguments):
        """One kubectl against a server: (exit status, stdout, stderr)."""
        config = self.home / "kubeconfig"
        config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server.url,
                                                      "certificate-authority": server.authority.file}}],
            "users": [{"name": "oidc", "user": {"exec": entry}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "oidc"}}]}))
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"HOME": str(self.home), "KUBECONFIG": str(config), "PATH": ":".join(self.path),
                        "BROWSER": str(self.browser)}
        done = subprocess.run([self.kubectl, *arguments], env=environment, cwd=self.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT, check=False)
        return done.returncode, done.stdout, done.stderr


def kubectl_program(programs):
    """The kubectl that was built with the API server, else the one of PATH, which build.sh found good enough."""
    built = Path(programs) / "kubectl"
    found = str(built) if built.exists() else shutil.which("kubectl")
    assert found, "no kubectl: run tests/cluster/build.sh"
    return found


def latchkey():
    program = os.environ.get("LATCHKEY", "")
    assert os.path.isabs(program) and os.access(program, os.X_OK), \
        "LATCHKEY must be the absolute path of the program under test"
    return program
