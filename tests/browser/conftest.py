# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the browser tests: a provider, an issuer, a headless Chromium that reaches nothing but loopback."""

import os
import signal
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools"), str(HERE.parent)]

import harness  # noqa: E402
import own_network  # noqa: E402
import pki  # noqa: E402

CHROMIUM = "/usr/bin/chromium-headless-shell"
LOOPBACK = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"


def pytest_configure(config):
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end what was started, as after Ctrl-C
    if not config.option.collectonly:
        own_network.pytest_configure(config)


def pytest_report_header(config):
    return f"network: {getattr(config, 'own_network', 'unchanged')}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return pki.Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def provider(tmp_path_factory, authority):
    """The npm oidc-provider over TLS; `ca_file` is the authority to trust."""
    started = harness.Provider(tmp_path_factory.mktemp("provider"), authority.server("provider"))
    started.ca_file = authority.file
    yield started
    started.stop()


@pytest.fixture(scope="session")
def plain_provider(tmp_path_factory):
    """The same over plain http, which is accepted on localhost only."""
    started = harness.Provider(tmp_path_factory.mktemp("plain"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory):
    """The Authentik-shaped issuer of these tests, over TLS."""
    from issuer.client import Issuer
    with Issuer(tmp_path_factory.mktemp("issuer"), preset="2026.2", tls=True) as started:
        yield started


@pytest.fixture(scope="session")
def chromium():
    if not os.access(CHROMIUM, os.X_OK):
        raise harness.HarnessError(f"{CHROMIUM} is not installed: {harness.MISSING}")
    arguments = [f"--host-resolver-rules={LOOPBACK}", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments,
                                             chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open a fresh browser profile: open_page(color_scheme="dark", viewport={...}) gives a page."""
    contexts = []

    def make(**options):
        context = chromium.new_context(ignore_https_errors=True, locale="en-GB", **options)
        context.set_default_timeout(harness.LIMIT * 1000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def start_login(tmp_path):
    """Start the program: start_login(issuer, client, *flags); it is ended with the test at the latest."""
    started = []

    def make(issuer, client, *flags, **options):
        started.append(harness.Login(tmp_path, issuer, client, *flags, **options))
        return started[-1]

    yield make
    for login in started:
        login.stop()


@pytest.fixture
def screenshot():
    """Save a picture of a page where LATCHKEY_SCREENSHOTS names a folder."""
    folder = os.environ.get("LATCHKEY_SCREENSHOTS")

    def save(page, name):
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return save
