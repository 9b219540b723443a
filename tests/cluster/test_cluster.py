# SPDX-License-Identifier: Apache-2.0
"""kubectl against a real kube-apiserver with the kubeconfig of int128/kubelogin: accepted, forbidden, unauthorized."""

import re

import pytest
from names import GROUP, NAMESPACE, ROLE, SECRET, application

NAMESPACES = ("get", "namespaces", "-o", "name")


def listed(result):
    status, stdout, stderr = result
    assert status == 0, stderr
    return f"namespace/{NAMESPACE}" in stdout.splitlines()


def who(result):
    """User name and groups as `kubectl auth whoami` shows them."""
    status, stdout, stderr = result
    assert status == 0, stderr
    lines = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in stdout.splitlines())
    return lines["Username"], lines["Groups"].strip("[]").split()


@pytest.mark.parametrize("kind", ["flags", "file"])
def test_lists_namespaces_by_group(servers, allowed, person, kind):
    assert listed(person.run(servers[kind], person.exec_entry(), *NAMESPACES))
    assert person.opened() == 1


@pytest.mark.parametrize("kind", ["flags", "file"])
def test_whoami(servers, person, kind):
    name, groups = who(person.run(servers[kind], person.exec_entry(), "auth", "whoami"))
    assert name == "oidc:alice@example.com"
    assert GROUP in groups


@pytest.mark.ids("K7-1")
def test_through_kubectl_oidc_login(servers, allowed, person):
    entry = person.through_kubectl(person.exec_entry())
    assert listed(person.run(servers["flags"], entry, *NAMESPACES))


@pytest.mark.ids("K7-88")
def test_with_a_secret_and_a_browser_command(servers, issuer, allowed, person):
    entry = person.exec_entry(application(issuer, "secret"), "secret", [
        f"--oidc-client-secret={SECRET}", f"--browser-command={person.browser}"])
    assert listed(person.run(servers["file"], entry, *NAMESPACES))
    assert person.opened() == 1


def test_second_call_opens_no_browser(servers, allowed, person):
    for _ in range(2):
        assert listed(person.run(servers["flags"], person.exec_entry(), *NAMESPACES))
    assert person.opened() == 1


@pytest.mark.ids("K7-20")
@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_versions_of_the_exec_protocol(servers, person, version):
    entry = person.exec_entry() | {"apiVersion": f"client.authentication.k8s.io/{version}"}
    assert who(person.run(servers["flags"], entry, "auth", "whoami"))[0] == "oidc:alice@example.com"


def test_revoked_binding_is_forbidden(servers, allowed, person):
    server = servers["flags"]
    assert listed(person.run(server, person.exec_entry(), *NAMESPACES))
    server.unbind(ROLE, GROUP, "namespaces", "list")
    status, stdout, stderr = person.run(server, person.exec_entry(), *NAMESPACES)
    assert (status, stdout) == (1, "")
    assert "(Forbidden)" in stderr
    assert 'User "oidc:alice@example.com" cannot list resource "namespaces"' in stderr
    assert person.opened() == 1


@pytest.fixture
def refused(servers, issuer, person):
    """kubectl with a token for another audience than the API server's."""
    before = len(servers["file"].log())
    entry = person.exec_entry(application(issuer, "elsewhere"), "elsewhere")
    result = person.run(servers["file"], entry, *NAMESPACES)
    return *result, servers["file"].log()[before:]


def test_wrong_audience_is_unauthorized(refused):
    status, stdout, stderr, log = refused
    assert (status, stdout) == (1, "")
    assert "You must be logged in to the server" in stderr
    assert 'oidc: expected audience "not-this-client" got ["elsewhere"]' in log.replace('\\"', '"')


def test_repeated_401_is_explained(refused, issuer, person):
    """kubectl asks again after each 401: the plugin says so once for a token, with the values to compare, and opens no
    browser. It renews the token once, and a kubectl that goes on asking may get the new one thrice as well."""
    stderr = refused[2]
    assert person.opened() == 1
    assert 1 <= len(re.findall(r"^warning: .*API server", stderr, re.MULTILINE)) <= 2, stderr
    hints = re.findall(r"^hint: .*API server.*", stderr, re.MULTILINE)
    assert any("'elsewhere'" in hint for hint in hints), stderr
    assert any(f"'{application(issuer, 'elsewhere')}'" in hint for hint in hints), stderr


def test_unverified_email_is_unauthorized(servers, issuer, person):
    server = servers["flags"]
    before = len(server.log())
    issuer.configure(email_verified=False)
    try:
        status, stdout, stderr = person.run(server, person.exec_entry(), *NAMESPACES)
    finally:
        issuer.configure(email_verified=True)
    assert (status, stdout) == (1, "")
    assert "You must be logged in to the server" in stderr
    assert "oidc: email not verified" in server.log()[before:]
    assert re.search(r"^hint: .*email_verified", stderr, re.MULTILINE), stderr


def test_unverified_email_does_not_matter_to_another_claim(servers, issuer, person):
    issuer.configure(email_verified=False)
    try:
        entry = person.exec_entry(application(issuer, "named"), "named")
        name, groups = who(person.run(servers["file"], entry, "auth", "whoami"))
    finally:
        issuer.configure(email_verified=True)
    assert name == "oidc:alice"
    assert GROUP in groups
