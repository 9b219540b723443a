# SPDX-License-Identifier: Apache-2.0
"""kubectl's own completion asks us for the rest of `kubectl oidc-login` and `kubectl latchkey`."""

import os
import subprocess

import pytest
from kubectl import kubectl_program, latchkey


@pytest.mark.parametrize("plugin", ["oidc-login", "latchkey"])
@pytest.mark.parametrize(("words", "offered"), [
    (["get-t"], ["get-token\tPrint a token for kubectl"]), (["get-token", "--grant-type=dev"], ["device-code"]),
    (["login", "--token-cache-storage", "no"], ["none"]), (["nonsense", ""], [])])
def test_kubectl_completes_through_its_plugin(programs, tmp_path, plugin, words, offered):
    """`kubectl __complete` is what its scripts for bash, zsh and fish call."""
    for name in (f"kubectl-{plugin.replace('-', '_')}", f"kubectl_complete-{plugin.replace('-', '_')}"):
        (tmp_path / name).symlink_to(latchkey())
    asked = subprocess.run([kubectl_program(programs), "__complete", plugin, *words], capture_output=True, text=True, timeout=60,
                           check=True, env={"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.defpath}"})
    *lines, directive = asked.stdout.splitlines()
    assert (lines, directive) == (offered, ":4"), asked.stderr
