# SPDX-License-Identifier: Apache-2.0
"""Odd surroundings: locales, limits, missing directories, no /proc, no IPv6, a resolver that hangs."""

import base64
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import crowd
import pytest
from issuer.browse import Browser
from patience import PROMPT
from rested import NO_BROWSER, log_in, refresh
from waiting import Waiting

ids = pytest.mark.ids
IPV6_SWITCH = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")


def limited(*limits):
    """Process arguments that set resource limits."""
    return {"preexec_fn": lambda: [resource.setrlimit(name, (value, value)) for name, value in limits]}


@pytest.fixture
def plain_browser(kube):
    """The fake browser for surroundings that the tests' own Python could not bear."""
    wrapper = kube.directory / "browser"
    wrapper.write_text(f'#!/bin/sh\ncd /\nexec {sys.executable} {kube.environment["BROWSER"]} "$@"\n')
    wrapper.chmod(0o755)
    kube.environment["BROWSER"] = str(wrapper)


def all_ways(kube, **arguments):
    """A login, an answer from the cache, a refresh: the tokens."""
    first = kube.start("get-token", **arguments).wait()
    assert first.status == 0, first.err
    second = kube.start("get-token", **arguments).wait()
    assert second.token == first.token
    kube.expire()
    third = kube.start("get-token", **arguments).wait()
    assert third.token != first.token
    return first, second, third


# Words and times

@ids("T-42")
@pytest.mark.parametrize("environment", [
    pytest.param({"LC_ALL": "tr_TR.UTF-8"}, id="Turkish"), pytest.param({"LC_ALL": "de_DE.UTF-8"}, id="German"),
    pytest.param({"LC_ALL": "C"}, id="C"), pytest.param({"LC_ALL": "nonsense", "LANG": "x" * 5000}, id="nonsense"),
    pytest.param({"TZ": "Pacific/Kiritimati"}, id="tomorrow"), pytest.param({"TZ": "America/St_Johns"}, id="half an hour"),
    pytest.param({"TZ": ":/etc/passwd"}, id="no time zone"), pytest.param({"TERM": ""}, id="no terminal type")])
def test_neither_the_language_nor_the_time_zone_changes_anything(kube, environment):
    first, second, third = all_ways(kube, **environment)
    assert first.credential["status"]["expirationTimestamp"] == time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(first.claims["exp"]))
    assert (second.err, third.err) == ("", "")


# Limits

@ids("T-42")
@pytest.mark.parametrize("limits", [
    pytest.param([(resource.RLIMIT_NOFILE, 20)], id="20 descriptors"),
    pytest.param([(resource.RLIMIT_STACK, 256 * 1024)], id="a small stack"),
    pytest.param([(resource.RLIMIT_CORE, 0)], id="no core files")])
def test_it_works_with_little(kube, limits):
    if not crowd.sanitized():
        all_ways(kube, process=limited(*limits))


@ids("T-42")
@pytest.mark.parametrize("count", range(4, 16))
def test_with_too_few_descriptors_it_ends_with_a_clean_error_or_works(kube, issuer, count):
    log_in(kube, issuer)
    before = kube.session_file.read_bytes()
    process = limited((resource.RLIMIT_NOFILE, count))
    result = kube.start("get-token", "--http-timeout-sec=1", process=process, **NO_BROWSER).wait()
    assert result.status == 0 or (result.code and kube.session_file.read_bytes() == before)
    assert issuer.count("authorize") == 0
    refresh(kube)


@ids("T-42", "T-32")
def test_where_no_file_may_grow_the_token_is_printed_all_the_same(kube, issuer):
    process = limited((resource.RLIMIT_FSIZE, 0))
    result = kube.start("get-token", process=process).wait()
    assert result.status == 0 and "warning: the session could not be saved" in result.err
    assert list(kube.cache.glob("*.json")) == [] and list(kube.cache.glob(".tok.*")) == []


@ids("T-42", "T-32")
def test_where_no_file_may_grow_the_refresh_token_is_not_spent(kube, issuer):
    log_in(kube, issuer)
    before = kube.session_file.read_bytes()
    result = kube.start("get-token", process=limited((resource.RLIMIT_FSIZE, 0))).wait()
    assert result.status == 0
    assert "warning: the refresh token is not used, because a new one could not be saved" in result.err
    assert [entry["grant_type"] for entry in issuer.requests("token")] == ["authorization_code"]
    assert kube.session_file.read_bytes() == before
    refresh(kube)


@ids("T-42")
def test_with_too_little_memory_it_ends_with_a_clean_error_or_works(kube, issuer):
    """From nothing to plenty: the loader, libc, the libraries and we ourselves run out of it in turn."""
    log_in(kube, issuer)
    spare = kube.session_file.read_bytes()
    for megabytes in () if crowd.sanitized() else range(4, 44, 2):
        size = megabytes << 20
        result = kube.start("get-token", process=limited((resource.RLIMIT_AS, size)), **NO_BROWSER).wait()
        assert result.status in (0, 1, 127), f"{megabytes} MB: {result}"
        assert result.status == 0 or (result.out == "" and result.err.strip())
        if kube.session_file.read_bytes() != spare:
            break
    assert refresh(kube).status == 0


# Directories

@ids("T-42")
def test_a_working_directory_that_was_deleted_does_no_harm(kube, plain_browser):
    all_ways(kube, process={"before": ["sh", "-c", 'mkdir "$0"; cd "$0" && rmdir "$0" && exec "$@"', str(kube.directory / "gone")]})


@ids("T-42")
@pytest.mark.parametrize("path", ["", None])
def test_without_a_path_the_browser_is_found_by_its_whole_name(kube, plain_browser, path):
    all_ways(kube, PATH=path)


@ids("T-35")
@pytest.mark.parametrize(("home", "warning"), [
    pytest.param(None, "there is no home directory", id="unset"), pytest.param("", "there is no home directory", id="empty"),
    pytest.param("here", "there is no home directory", id="relative"),
    pytest.param("/nowhere/at/all", "cannot open directory '/nowhere/at/all/", id="impossible")])
def test_without_a_home_nothing_is_kept_but_a_login_works_and_says_so(kube, issuer, home, warning):
    """The user stands in no password database either."""
    kube.flags = [*kube.flags[:2], f"--certificate-authority-data={encoded(issuer.ca_file)}"]
    stranger = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
    with tempfile.TemporaryDirectory(prefix="latchkey-test-") as place:
        os.chmod(place, 0o777)
        kube.path = shutil.copy(kube.path, place)
        running = kube.start("get-token", HOME=home, BROWSER=None, process={"before": stranger, "cwd": place})
        running.read_line(f"^warning: {warning}.*: the session will not be kept")
        url = running.read_line(r"Please visit .*: (\S+)$")[1]
        Browser().open(url)
        assert running.wait().claims["email"] == "alice@example.com"
        assert os.listdir(place) == ["latchkey"], "and nothing in the working directory"


def encoded(path):
    return base64.b64encode(Path(path).read_bytes()).decode()


# The kernel and the network

def privately(kube, *commands):
    """What to put before the program so that COMMANDS change what it, and nobody else, sees of the file system."""
    assert os.geteuid() == 0, "needs root"
    return {"before": ["unshare", "-m", "sh", "-c", "set -e; mount --make-rprivate /; " + "; ".join(commands) + '; exec "$@"', "sh"]}


@ids("T-42")
def test_it_works_without_proc(kube):
    if not crowd.sanitized():  # which reads its options there
        all_ways(kube, process=privately(kube, "umount -l /proc"))


@ids("T-42", "T-32")
@pytest.mark.parametrize("mount", ["mount -t tmpfs -o size=4k,mode=700 none {}", "mount -t tmpfs -o nr_inodes=1,mode=700 none {}",
                                   "mount --bind {0} {0}; mount -o remount,ro,bind {0}"], ids=["4 KiB", "no inodes", "read-only"])
def test_a_cache_that_cannot_be_written_costs_a_warning_and_no_login_that_worked(kube, mount):
    kube.cache.mkdir(mode=0o700)
    result = kube.start("get-token", process=privately(kube, mount.format(kube.cache))).wait()
    assert result.status == 0, result.err
    assert "warning: " in result.err
    assert list(kube.cache.iterdir()) == []


@ids("T-42")
def test_it_works_without_ipv6(kube, issuer):
    IPV6_SWITCH.write_text("1")
    try:
        with pytest.raises(OSError):
            socket.create_server(("::1", 0), family=socket.AF_INET6)
        all_ways(kube)
    finally:
        IPV6_SWITCH.write_text("0")


@ids("T-42", "T-38")
def test_a_resolver_that_hangs_does_not_keep_the_program_from_ending(kube):
    resolver = kube.directory / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:3\n")
    kube.flags[0] = "--oidc-issuer-url=https://sso.example.com/"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 53))
        silent.settimeout(10)
        running = kube.start("get-token", process=privately(kube, f"mount --bind {resolver} $(readlink -f /etc/resolv.conf)"))
        assert b"sso" in silent.recv(512)
        started = time.monotonic()
        running.signal(signal.SIGINT)
        assert running.wait().code == "interrupted"
        assert time.monotonic() - started < PROMPT
        started = time.monotonic()
        result = kube.start("get-token", "--http-timeout-sec=2", process=privately(
            kube, f"mount --bind {resolver} $(readlink -f /etc/resolv.conf)")).wait()
        assert result.code in ("timeout", "network")
        assert time.monotonic() - started < 2 + PROMPT


@ids("K7-89")
def test_the_form_for_containers_listens_everywhere_and_is_called_localhost(kube):
    kube.flags = [*kube.flags[:3], f"--token-cache-dir={kube.directory}/.token-cache"]
    waiting = Waiting(kube, "--listen-address=0.0.0.0:8000")
    assert waiting.request["redirect_uri"] == "http://localhost:8000"
    assert waiting.finish().status == 0
    assert len(list((kube.directory / ".token-cache").glob("*.json"))) == 1
