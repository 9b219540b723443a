# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the stories: the program under test, an issuer, a directory of its own for each test."""

import signal
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools"), str(HERE.parent)]

import own_network  # noqa: E402
from program import Program  # noqa: E402


def pytest_configure(config):
    for number in (signal.SIGINT, signal.SIGTERM):  # end what was started, as after Ctrl-C
        signal.signal(number, signal.default_int_handler)
    for number in signal.valid_signals() - {signal.SIGPIPE, signal.SIGXFSZ}:  # Popen gives these back
        if signal.getsignal(number) == signal.SIG_IGN:  # under nohup and in the background; our children would ignore it too
            signal.signal(number, lambda *_: None)
    if not config.option.collectonly:
        own_network.pytest_configure(config)


def pytest_report_header(config):
    return f"network: {getattr(config, 'own_network', 'unchanged')}"


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
def program(tmp_path):
    """The program without any flags set; nothing it starts outlives the test."""
    started = Program(tmp_path)
    yield started
    started.end_all()


@pytest.fixture
def kube(program, issuer):
    """The program with the flags of a working kubeconfig for `issuer`."""
    program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                     f"--certificate-authority={issuer.ca_file}", f"--token-cache-dir={program.cache}"]
    return program
