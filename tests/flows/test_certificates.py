# SPDX-License-Identifier: Apache-2.0
"""Whose certificates are believed, what is said of one that is not, and what a run without checking leaves behind."""

import base64
import hashlib
import os
import shutil
from pathlib import Path

import pki
import pytest
from issuer.client import Issuer
from rested import NO_BROWSER, log_in
from wire import endpoints

ids = pytest.mark.ids
AUTHORITY_NAME = b"latchkey test ca (throw-away)"  # of the test issuer, in lower case


def der(tag, content):
    return bytes([tag, len(content)]) + content


def hashed_name():
    """The name under which OpenSSL looks for the issuer's authority in a directory (X509_NAME_hash)."""
    common_name = bytes.fromhex("0603550403")
    canonical = der(0x31, der(0x30, common_name + der(0x0c, AUTHORITY_NAME)))
    return hashlib.sha1(canonical).digest()[3::-1].hex() + ".0"


@pytest.fixture
def unknown(kube, issuer):
    """The usual flags without the one that names the authority."""
    kube.flags = [flag for flag in kube.flags if not flag.startswith("--certificate-authority")]
    return kube


@pytest.fixture
def other_ca(tmp_path):
    return pki.Authority(tmp_path).file


def data(path):
    return base64.b64encode(Path(path).read_bytes()).decode()


# Believed

@ids("K7-73")
@pytest.mark.parametrize("make", [
    pytest.param(lambda own, other: [f"--certificate-authority={own}"], id="file"),
    pytest.param(lambda own, other: [f"--certificate-authority-data={data(own)}"], id="data"),
    pytest.param(lambda own, other: [f"--certificate-authority={other}", f"--certificate-authority-data={data(own)}"],
                 id="other file and data"),
    pytest.param(lambda own, other: [f"--certificate-authority-data={data(other)}", f"--certificate-authority={own}"],
                 id="other data and file"),
    pytest.param(lambda own, other: [f"--certificate-authority={other}", f"--certificate-authority={own}"], id="two files")])
def test_an_authority_that_is_given_is_believed(unknown, issuer, other_ca, make):
    assert unknown.get_token(*make(issuer.ca_file, other_ca)).status == 0


@ids("K7-73")
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_an_authority_of_the_environment_is_believed(unknown, issuer, tmp_path, name):
    directory = tmp_path / "certificates"
    directory.mkdir()
    shutil.copy(issuer.ca_file, directory / hashed_name())
    value = directory / hashed_name() if name.endswith("FILE") else f"/nowhere:{directory}"
    assert unknown.get_token(**{name: str(value)}).status == 0


def system_directory(directory):
    """What to put before a program that shall see DIRECTORY as the system's own."""
    return {"before": ["unshare", "-m", "sh", "-c", f'mount --bind {directory} /etc/ssl/certs && exec "$@"', "sh"]}


@pytest.fixture
def in_system(issuer, tmp_path):
    """Process arguments for a system whose directory of authorities holds the issuer's."""
    directory = tmp_path / "system"
    directory.mkdir()
    shutil.copy(issuer.ca_file, directory / hashed_name())
    return system_directory(directory)


@ids("K7-73")
def test_an_authority_of_the_system_is_believed(unknown, in_system):
    assert unknown.start("get-token", process=in_system).wait().status == 0


@ids("K7-73")
def test_an_authority_that_only_the_bundle_of_the_system_holds_is_believed(unknown, issuer, tmp_path):
    (tmp_path / "bundle").mkdir()
    shutil.copy(issuer.ca_file, tmp_path / "bundle" / "ca-certificates.crt")
    assert unknown.start("get-token", process=system_directory(tmp_path / "bundle")).wait().status == 0


# Not believed

@ids("K7-73")
def test_an_authority_that_nobody_named_is_not_believed(unknown, issuer):
    result = unknown.get_token(**NO_BROWSER)
    assert result.code == "tls" and "issued by 'CN = latchkey test ca (throw-away)'" in result.err
    assert any("--certificate-authority" in hint for hint in result.hints)
    assert issuer.requests() == []


@ids("K7-73")
def test_flags_replace_the_authorities_of_the_environment(unknown, issuer, other_ca):
    result = unknown.get_token(f"--certificate-authority={other_ca}", SSL_CERT_FILE=issuer.ca_file, **NO_BROWSER)
    assert result.code == "tls"
    assert issuer.requests() == []


@ids("K7-73")
def test_flags_replace_the_authorities_of_the_system(unknown, issuer, other_ca, in_system):
    result = unknown.start("get-token", f"--certificate-authority={other_ca}", process=in_system, **NO_BROWSER).wait()
    assert result.code == "tls"
    assert issuer.requests() == []


@pytest.mark.parametrize(("variant", "words"), [
    ("wrong_host", "no alternative certificate subject name matches"), ("expired", "expired"),
    ("other_ca", "issued by 'CN = latchkey test other-ca (throw-away)'")])
def test_a_certificate_that_is_wrong_is_refused_and_said_why(program, tmp_path, variant, words):
    with Issuer(tmp_path, tls_variant=variant) as issuer:
        program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                         f"--certificate-authority={issuer.ca_file}", f"--token-cache-dir={program.cache}"]
        result = program.get_token(**NO_BROWSER)
        assert result.code == "tls" and words in result.err
        assert any("clock" in hint for hint in result.hints) == (variant == "expired")
        assert issuer.requests() == []


def write(directory, name, text):
    path = directory / name
    path.write_text(text)
    return path


@ids("K7-73")
@pytest.mark.parametrize(("flag", "value", "words"), [
    ("certificate-authority", "/nowhere/ca.crt", "/nowhere/ca.crt"),
    ("certificate-authority", "", "''"),
    ("certificate-authority", "empty", "holds no PEM certificate"),
    ("certificate-authority", "text", "holds no PEM certificate"),
    ("certificate-authority", "cut", "cut short"),
    ("certificate-authority", "damaged", "damaged"),
    ("certificate-authority-data", "%%%", "not base64"),
    ("certificate-authority-data", "aGVsbG8=", "holds no PEM certificate")])
def test_an_authority_that_cannot_be_read_is_an_error_before_any_request(unknown, issuer, tmp_path, flag, value, words):
    texts = {"empty": "", "text": "hello\n", "cut": Path(issuer.ca_file).read_text()[:200],
             "damaged": "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"}
    if value in texts:
        value = write(tmp_path, value, texts[value])
    result = unknown.get_token(f"--{flag}={value}", **NO_BROWSER)
    assert result.code == "config" and words in result.err
    assert flag.endswith("-data") or "the name of a PEM file" in result.hints[0]
    assert issuer.requests() == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_variable_that_names_nothing_is_an_error_that_names_it(unknown, issuer, name):
    result = unknown.get_token(**{name: "/nowhere"}, **NO_BROWSER)
    assert result.code == "config" and f"{name} '/nowhere'" in result.err
    assert any(f"unset {name}" in hint for hint in result.hints)


# Unchecked

@ids("T-19")
def test_a_run_without_checking_warns_each_time(unknown):
    for _ in range(3):
        result = unknown.get_token("--insecure-skip-tls-verify")
        assert result.status == 0
        assert result.err.count("warning: --insecure-skip-tls-verify: the provider's certificate is not checked") == 1


@ids("T-19")
def test_nothing_that_was_learned_without_checking_serves_a_run_that_checks(unknown, issuer):
    assert unknown.get_token("--insecure-skip-tls-verify").status == 0
    doubtful = {path.name for path in unknown.cache.iterdir()}
    issuer.clear_log()
    assert unknown.get_token(f"--certificate-authority={issuer.ca_file}").status == 0
    assert endpoints(issuer).count("discovery") == 1, "not even its metadata"
    assert endpoints(issuer).count("authorize") == 1, "nor what the provider said of the redirect URI"
    assert endpoints(issuer).count("token") == 1
    fresh = {path.name for path in unknown.cache.iterdir()} - doubtful
    assert {os.path.splitext(name)[1] for name in fresh} >= {".json", ".lock", ".provider"}


def test_a_session_of_a_run_that_checks_is_not_shown_to_an_unchecked_server(kube, issuer):
    """Its refresh token would go to whoever answers."""
    log_in(kube, issuer)
    assert kube.get_token("--insecure-skip-tls-verify").status == 0
    assert [entry["grant_type"] for entry in issuer.requests("token")] == ["authorization_code"]


def test_an_empty_variable_is_none(unknown, issuer):
    result = unknown.get_token(f"--certificate-authority={issuer.ca_file}", SSL_CERT_FILE="", SSL_CERT_DIR="")
    assert result.status == 0
