# SPDX-License-Identifier: Apache-2.0
"""The answer from the cache costs next to nothing: a file, no lock, no socket, no library."""

import fcntl
import re
import subprocess

import crowd
import pytest
from program import exec_info
from system_calls import calls, own_calls, strace

KUBECTL = {"KUBERNETES_EXEC_INFO": exec_info()}
MOST_CALLS = 40
LATE = ("libcurl", "libssl", "libcrypto", "libmicrohttpd", "libjwt", "libnghttp2", "libz.", "libgnutls")


@pytest.fixture
def cached(kube, issuer):
    assert kube.get_token().status == 0
    issuer.clear_log()
    return kube


def traced(kube, **environment):
    """A call, and where its system calls are."""
    log = kube.directory / "trace"
    result = kube.start("get-token", process={"before": strace(log)}, **environment).wait()
    assert result.token == kube.session["id_token"]
    return log


def test_the_program_needs_libjansson_and_libc_alone(program):
    needed = subprocess.run(["readelf", "-d", program.path], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"\(NEEDED\).*\[(.*)\]", needed)
    assert not [name for name in names if name.startswith(LATE)]
    if not crowd.sanitized():
        assert [re.sub(r"\.so.*", "", name) for name in names if not name.startswith("ld-")] == ["libjansson", "libc"]


def test_an_answer_from_the_cache_maps_no_library(cached):
    opened = " ".join(call.text for call in calls(traced(cached)) if call.name == "openat")
    assert "libjansson" in opened
    assert not [name for name in LATE if name in opened]


def test_an_answer_from_the_cache_opens_no_socket_and_takes_no_lock(cached):
    names = {call.name for call in own_calls(traced(cached))}
    assert "openat" in names
    assert not names & {"socket", "connect", "flock", "clone", "clone3", "vfork", "fork", "fsync", "rename", "renameat",
                        "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat"}
    locks = [call for call in own_calls(traced(cached)) if call.name == "fcntl" and "LK" in call.text]
    assert locks == []


@pytest.mark.parametrize("environment", [pytest.param({}, id="by hand"), pytest.param(KUBECTL, id="for kubectl")])
def test_an_answer_from_the_cache_takes_less_than_forty_system_calls(cached, environment):
    made = own_calls(traced(cached, **environment))
    assert made[-1].name == "exit_group"
    assert crowd.sanitized() or len(made) < MOST_CALLS, made


def test_only_the_session_is_read(cached):
    paths = [re.search(r'"(.*?)"', call.text)[1] for call in own_calls(traced(cached)) if call.name == "openat"]
    assert [path for path in paths if not path.startswith("/proc")] == [str(cached.cache), cached.session_file.name]


def test_nobody_who_holds_the_lock_can_delay_an_answer_from_the_cache(cached):
    lock, = cached.cache.glob("*.lock")
    with open(lock, "r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = cached.start("get-token").wait()
    assert result.status == 0 and result.err == ""


def test_an_answer_from_the_cache_needs_no_certificate_authority_and_no_certificate(cached, issuer):
    """What is only for the network may be missing; the answer does not depend on it."""
    result = cached.get_token("--certificate-authority=/nowhere", SSL_CERT_FILE="/nowhere", https_proxy="http://127.0.0.1:1")
    assert result.status == 0 and result.err == ""
    assert issuer.requests() == []
