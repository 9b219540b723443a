# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a D-Bus session of the test's own, the program in it, and the fixtures of the flows."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FLOWS = HERE.parent / "flows"
sys.path[:0] = [str(HERE), str(FLOWS), str(HERE.parent / "tools"), str(HERE.parent)]

from desktop import Bus, Keyring  # noqa: E402
from program import Program  # noqa: E402

spec = importlib.util.spec_from_file_location("flows_conftest", FLOWS / "conftest.py")
flows = importlib.util.module_from_spec(spec)
spec.loader.exec_module(flows)
pytest_configure, pytest_report_header = flows.pytest_configure, flows.pytest_report_header
shared_issuer, issuer = flows.shared_issuer, flows.issuer


@pytest.fixture
def bus(tmp_path_factory):
    """In a directory with a short name: the path of a socket has 108 bytes at most."""
    started = Bus(tmp_path_factory.mktemp("bus"))
    yield started
    started.end()


@pytest.fixture
def keyring(bus):
    return Keyring(bus)


@pytest.fixture
def kube(tmp_path, issuer, bus):
    """The program with the flags of a working kubeconfig for `issuer`, in the D-Bus session, with the storage `keyring`."""
    started = Program(tmp_path)
    started.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                     f"--certificate-authority={issuer.ca_file}", f"--token-cache-dir={started.cache}",
                     "--token-cache-storage=keyring"]
    started.environment |= bus.environment
    yield started
    started.end_all()
