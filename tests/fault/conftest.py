# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the fault tests: the harness of tests/flows, and grounds on which one case after the other is tried."""

import signal
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(TESTS / "flows"), str(TESTS / "tools"), str(TESTS)]

import own_network  # noqa: E402
from ground import Ground  # noqa: E402

SIDE_BY_SIDE = 3


def pytest_configure(config):
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end what was started, as after Ctrl-C
    if not config.option.collectonly:
        own_network.pytest_configure(config)


def pytest_report_header(config):
    return f"network: {getattr(config, 'own_network', 'unchanged')}"


@pytest.fixture(scope="session")
def grounds(tmp_path_factory):
    """Several grounds, each with an issuer and a session of its own."""
    started = [Ground(tmp_path_factory.mktemp("ground")) for _ in range(SIDE_BY_SIDE)]
    yield started
    for ground in started:
        ground.close()
