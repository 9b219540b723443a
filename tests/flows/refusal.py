# SPDX-License-Identifier: Apache-2.0
"""What every login that fails promises: one error line, nothing on stdout, the stored session as it was."""

from wire import endpoints

# A mutation of the issuer's, and the code of the login that gets this ID token where it sends no nonce.
BAD_ID_TOKENS = [({"sign": "xor"}, "idtoken_signature"), ({"claims": {"aud": "other"}}, "idtoken_aud"),
                 ({"claims": {"iss": "https://evil.example.com/"}}, "idtoken_iss"),
                 ({"claims": {"sub": None}}, "idtoken_sub"), ({"claims": {"exp": 1}}, "idtoken_exp")]
_sessions = {}


def store_old_session(kube, issuer):
    """Puts a session into the cache whose token has expired and that cannot be refreshed: get-token will log in."""
    if issuer.url not in _sessions:
        assert kube.get_token().status == 0
        kube.expire()
        kube.edit_session(refresh_token=None)
        _sessions[issuer.url] = kube.session_file.name, kube.session_file.read_bytes()
        issuer.reset()
    name, data = _sessions[issuer.url]
    kube.cache.mkdir(mode=0o700, exist_ok=True)
    path = kube.cache / name
    path.write_bytes(data)
    path.chmod(0o600)


def sessions(kube):
    return {path.name: path.read_bytes() for path in kube.cache.glob("*.json")}


def refused(kube, issuer, code, *flags, last=None, **environment):
    """A login that must fail with CODE; the last endpoint that was asked is LAST."""
    before = sessions(kube)
    result = kube.get_token(*flags, **environment)
    assert result.code == code, result.err
    assert sessions(kube) == before
    if last:
        assert [name for name in endpoints(issuer) if name != "jwks"][-1] == last
        assert issuer.count("token") == (last == "token")
    return result
