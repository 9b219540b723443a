# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the cluster tests: built programs, an issuer, etcd, two API servers, and kubectl as a person has it."""

import concurrent.futures
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools"), str(HERE.parent)]

import own_network  # noqa: E402
from cluster import ApiServer, Etcd  # noqa: E402
from kubectl import Person  # noqa: E402
from names import GROUP, NAMESPACE, ROLE, SECRET, application  # noqa: E402

BUILD = 3000  # seconds; once per machine


def pytest_configure(config):
    """Build what is missing while there still is a network outside."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end what was started, as after Ctrl-C
    if not config.option.collectonly:
        built = subprocess.run([HERE / "build.sh"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               timeout=BUILD, check=False)
        if built.returncode:
            raise pytest.UsageError("kube-apiserver could not be built: see the lines above")
        config.kubernetes_folder = Path(built.stdout.strip())
        own_network.pytest_configure(config)


def pytest_report_header(config):
    return f"network: {getattr(config, 'own_network', 'unchanged')}"


@pytest.fixture(scope="session")
def programs(request):
    return request.config.kubernetes_folder


@pytest.fixture(scope="session")
def issuer(tmp_path_factory):
    """The cluster's own application, one trusted for another audience, one named by user name, one with a secret."""
    from issuer.client import Issuer
    with Issuer(tmp_path_factory.mktemp("issuer"), preset="2026.2", tls=True, email_verified=True,
                clients=[{"slug": "elsewhere", "client_id": "elsewhere"}, {"slug": "named", "client_id": "named"},
                         {"slug": "secret", "client_id": "secret", "client_secret": SECRET}]) as started:
        yield started


@pytest.fixture(scope="session")
def servers(tmp_path_factory, programs, issuer):
    """The API server twice, over one store: configured by --oidc-* flags and by --authentication-config."""
    folder = tmp_path_factory.mktemp("cluster")
    etcd = Etcd(folder)
    started = []

    def start(name, authentication):
        started.append(ApiServer(folder / name, programs / "kube-apiserver", etcd, authentication))
        return started[-1]

    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            flags = pool.submit(start, "flags", oidc_flags(issuer))
            file = pool.submit(start, "file", [f"--authentication-config={authentication_file(folder, issuer)}"])
            pair = {"flags": flags.result(), "file": file.result()}
        pair["flags"].create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                    "metadata": {"name": NAMESPACE}})
        pair["flags"].wait_for_issuer(issuer.url)
        for slug in ("kubernetes", "elsewhere", "named", "secret"):
            pair["file"].wait_for_issuer(application(issuer, slug))
        yield pair
    finally:
        for server in started:
            server.stop()
        etcd.stop()


def oidc_flags(issuer):
    return [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes", f"--oidc-ca-file={issuer.ca_file}",
            "--oidc-username-claim=email", "--oidc-username-prefix=oidc:", "--oidc-groups-claim=groups",
            "--oidc-groups-prefix=oidc:"]


def authentication_file(folder, issuer):
    authority = Path(issuer.ca_file).read_text(encoding="ascii")
    rules = [("kubernetes", "kubernetes", "email"), ("elsewhere", "not-this-client", "email"),
             ("named", "named", "preferred_username"), ("secret", "secret", "email")]
    path = folder / "authentication.json"
    path.write_text(json.dumps({
        "apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration",
        "jwt": [{"issuer": {"url": application(issuer, slug), "audiences": [audience],
                            "certificateAuthority": authority},
                 "claimMappings": {"username": {"claim": claim, "prefix": "oidc:"},
                                   "groups": {"claim": "groups", "prefix": "oidc:"}}}
                for slug, audience, claim in rules]}), encoding="ascii")
    return path


@pytest.fixture
def allowed(servers):
    """The group of administrators may list namespaces, for the time of the test."""
    for server in servers.values():
        server.bind_group(ROLE, GROUP, "namespaces", ["list"])
    yield
    for server in servers.values():
        server.unbind(ROLE, GROUP, "namespaces", "list")


@pytest.fixture
def person(tmp_path, programs, issuer):
    """Somebody with an empty home, a kubeconfig and a browser."""
    return Person(tmp_path, programs, issuer)
