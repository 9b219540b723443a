# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the issuer's own tests: one server per preset, put back to its start before each test."""

import pytest

from .client import Issuer
from .visitor import Visitor


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """Running issuers by preset, started on first use."""
    running = {}

    def server(preset):
        if preset not in running:
            running[preset] = Issuer(tmp_path_factory.mktemp("issuer"), preset=preset)
            running[preset].start()
        running[preset].reset()
        return running[preset]

    yield server
    for issuer in running.values():
        issuer.stop()


@pytest.fixture
def issuer(servers):
    return servers("2026.2")


@pytest.fixture
def visitor(issuer):
    return Visitor(issuer)
