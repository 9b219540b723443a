# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a D-Bus session of the test's own, the program in it, and the fixtures of the flows."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FLOWS = HERE.parent / "flows"
sys.path[:0] = [str(HERE), str(FLOWS), str(HERE.parent / "tools"), str(HERE.parent)]

import own_network  # noqa: E402
from desktop import Bus, Keyring  # noqa: E402
from program import Program  # noqa: E402

pytest_configure = own_network.pytest_configure


@pytest.fixture(scope="module")
def shared_issuer(tmp_path_factory):
    """One issuer (Authentik 2026.2, TLS) per file; `issuer` gives it freshly configured to each test."""
    from issuer.client import Issuer
    with Issuer(tmp_path_factory.mktemp("issuer"), preset="2026.2", tls=True) as started:
        yield started


@pytest.fixture
def issuer(shared_issuer):
    shared_issuer.reset()
    yield shared_issuer
    shared_issuer.reset()


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
