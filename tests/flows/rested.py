# SPDX-License-Identifier: Apache-2.0
"""Sessions at rest: with an expired token, refreshed, as they were."""

import os

from program import Program
from wire import endpoints

NO_BROWSER = {"BROWSER": "/bin/false", "LATCHKEY_AUTHENTICATION_TIMEOUT_SEC": "5"}
STRANGER = 12345


def spoil(cache, kind):
    """Makes of a cache directory one that must not be used."""
    if kind == "stranger":
        os.chown(cache, STRANGER, STRANGER)
    elif kind == "loose":
        (cache / "directory").mkdir()
        cache.chmod(0o777)
    else:
        cache.rename(cache.with_name("real"))
        cache.symlink_to("real")


def cache_of_a_login(issuer, directory, *flags):
    """A cache directory with a good session, to be copied; its refresh token ends with the issuer's next reset."""
    issuer.reset()
    program = Program(directory)
    program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                     f"--certificate-authority={issuer.ca_file}", f"--token-cache-dir={program.cache}",
                     *flags]
    assert program.get_token().status == 0
    return program.cache


def log_in(kube, issuer, *flags):
    """A login, long ago: its token has expired."""
    result = kube.get_token(*flags)
    assert result.status == 0, result.err
    kube.expire()
    issuer.clear_log()
    return result


def refresh(kube, *flags, **environment):
    """A call that must be answered without a browser."""
    result = kube.get_token(*flags, **NO_BROWSER, **environment)
    assert result.status == 0, result.err
    return result


def refuse(kube, issuer, code, asked, *flags, dropped=False, **environment):
    """A refresh that ends with CODE after the requests ASKED: no browser, the session as it was, or gone."""
    before = kube.session_file.read_bytes()
    result = kube.get_token(*flags, **NO_BROWSER, **environment)
    assert result.code == code, result.err
    assert endpoints(issuer) == asked
    assert "browser" not in result.err.lower()
    if dropped:
        assert list(kube.cache.glob("*.json")) == []
    else:
        assert kube.session_file.read_bytes() == before
    return result
