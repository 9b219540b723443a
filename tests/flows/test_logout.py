# SPDX-License-Identifier: Apache-2.0
"""`latchkey logout`: the provider revokes, then the file goes; a session that could not be revoked is kept."""

import json

import pytest
from rested import NO_BROWSER, spoil
from wire import endpoints, flat, header

ids = pytest.mark.ids


def logout(kube, *flags, **environment):
    return kube.run("logout", *flags, **NO_BROWSER, **environment)


def results(result):
    assert result.status == 0, result.err
    return [one["result"] for one in json.loads(result.out)["sessions"]]


@pytest.fixture
def known(kube, issuer):
    assert kube.get_token().status == 0
    issuer.clear_log()
    return kube


def forget_provider(kube):
    for path in kube.cache.glob("*.provider"):
        path.unlink()


def is_gone(kube):
    return list(kube.cache.glob("*.json")) == []


@ids("REF-10")
def test_the_refresh_token_is_revoked_and_the_session_deleted(known, issuer):
    token = known.session["refresh_token"]
    result = logout(known)
    assert result.status == 0 and result.err == ""
    assert result.out == f"alice@example.com at {issuer.url}: the refresh token is revoked, the session is deleted\n"
    assert endpoints(issuer) == ["revoke"]
    assert flat(issuer.requests("revoke")[0]["form"]) == {"token": token, "token_type_hint": "refresh_token", "client_id": "kubernetes"}
    assert is_gone(known) and known.run("whoami").code == "no_session"
    assert token not in result.out


@ids("REF-10")
def test_a_token_that_the_provider_does_not_know_is_done_too(known, issuer):
    issuer.revoke_refresh(delete=True)
    assert results(logout(known, "--output=json")) == ["revoked"]
    assert is_gone(known)


@ids("REF-10")
@pytest.mark.parametrize(("fault", "code"), [
    ({"status": 503, "body": ""}, "server"), ({"status": 429, "body": ""}, "server"), ({"reset": "before_headers"}, "network"),
    ({"status": 400, "json": {"error": "invalid_request"}}, "oauth_error"), ({"status": 404, "body": ""}, "token_http"),
    ({"redirect": "https://other.example/"}, "redirect")])
def test_what_could_not_be_revoked_is_kept(known, issuer, fault, code):
    before = known.session_file.read_bytes()
    issuer.fault("revoke", times=-1, **fault)
    result = logout(known)
    assert result.code == code
    assert "the session is kept" in result.err
    assert any("latchkey clean" in hint for hint in result.hints)
    assert known.session_file.read_bytes() == before
    issuer.clear_faults()
    assert results(logout(known, "--output=json")) == ["revoked"]


@ids("REF-10")
def test_a_provider_that_is_not_there_keeps_the_session(known, issuer):
    before = known.session_file.read_bytes()
    forget_provider(known)
    issuer.fault("discovery", times=-1, status=503, body="")
    assert logout(known).code == "server"
    assert known.session_file.read_bytes() == before


@ids("REF-10")
def test_without_a_revocation_endpoint_it_is_deleted_and_said(known, issuer):
    forget_provider(known)
    issuer.fault("discovery", times=-1, json_patch={"revocation_endpoint": None})
    result = logout(known)
    assert result.status == 0 and "not revoked at the provider" in result.out
    assert endpoints(issuer) == ["discovery"] and is_gone(known)


@ids("REF-10")
def test_a_provider_that_revokes_no_refresh_tokens(known, issuer):
    issuer.fault("revoke", status=400, json={"error": "unsupported_token_type"})
    result = logout(known)
    assert result.status == 0 and "not revoked at the provider" in result.out and is_gone(known)


@ids("REF-10")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_the_client_proves_itself_as_at_the_token_endpoint(kube, issuer, method):
    kube.flags += ["--oidc-client-secret=conf-secret"]
    issuer.configure(client_secret="conf-secret", discovery_patch={"token_endpoint_auth_methods_supported": [method]})
    assert kube.get_token().status == 0
    assert results(logout(kube, "--output=json")) == ["revoked"]
    request = issuer.requests("revoke")[0]
    assert (header(request, "authorization") or "").startswith("Basic ") == (method == "client_secret_basic")
    assert ("client_secret" in request["form"]) == (method == "client_secret_post")


@ids("REF-10")
def test_a_client_that_is_refused_keeps_the_session(kube, issuer):
    issuer.configure(client_secret="conf-secret")
    assert kube.get_token("--oidc-client-secret=conf-secret").status == 0
    before = kube.session_file.read_bytes()
    result = logout(kube)
    assert result.code == "oauth_error" and "HTTP 401" in result.err
    assert any("--oidc-client-secret" in hint for hint in result.hints)
    assert kube.session_file.read_bytes() == before


def test_a_session_without_a_refresh_token_is_deleted(known, issuer):
    known.edit_session(refresh_token=None)
    assert results(logout(known, "--output=json")) == ["no_refresh_token"]
    assert is_gone(known) and endpoints(issuer) == []


def test_without_a_session_there_is_nothing_to_do(kube, issuer):
    assert results(logout(kube, "--output=json")) == ["no_session"]
    assert "there was no session" in logout(kube).out
    assert endpoints(issuer) == [] and not kube.cache.exists()


@pytest.mark.parametrize(("text", "mode", "code"), [("", 0o600, "cache_io"), ("x", 0o600, "cache_io"), ("{}", 0o600, "cache_io"),
                                                    (None, 0o644, "cache_perm")])
def test_a_file_that_is_not_used_is_named_to_be_removed(known, issuer, text, mode, code):
    path = known.session_file
    path.write_text(path.read_text() if text is None else text)
    path.chmod(mode)
    result = logout(known)
    assert result.code == code and endpoints(issuer) == []
    assert any(hint.startswith(f"remove '{path}' ") for hint in result.hints)
    path.unlink()
    assert results(logout(known, "--output=json")) == ["no_session"]


@pytest.mark.parametrize("kind", ["stranger", "loose", "link"])
def test_a_session_that_may_be_in_a_directory_that_cannot_be_used_has_not_ended(known, issuer, kind):
    spoil(known.cache, kind)
    result = logout(known)
    assert result.code == "cache_perm" and str(known.cache) in result.err
    assert endpoints(issuer) == [] and not is_gone(known)


def test_a_session_in_the_runtime_directory_ends_beside_a_cache_that_cannot_be_used(kube, issuer, tmp_path):
    runtime = tmp_path / "runtime"
    (kube.home / ".kube").write_text("")
    runtime.mkdir(mode=0o700)
    kube.flags.pop()
    assert kube.get_token(XDG_RUNTIME_DIR=str(runtime)).status == 0
    assert results(logout(kube, "--output=json", XDG_RUNTIME_DIR=str(runtime))) == ["revoked"]
    assert list(runtime.rglob("*.json")) == []
    assert logout(kube, XDG_RUNTIME_DIR=str(runtime)).code == "cache_perm"


def test_it_waits_for_the_lock_of_a_refresh(known, issuer):
    known.expire()
    issuer.fault("token", delay_ms=1500)
    refresh = known.start("get-token", **NO_BROWSER)
    assert issuer.wait_for("token")
    result = logout(known)
    assert result.status == 0 and refresh.wait().status == 0
    assert endpoints(issuer)[:2] == ["token", "revoke"]
    assert is_gone(known)


# --all

def login_elsewhere(kube, *flags):
    assert kube.get_token(*flags).status == 0


def test_all_sessions_end_without_flags_of_a_login(known, issuer):
    login_elsewhere(known, "--oidc-extra-scope=groups")
    issuer.clear_log()
    flags = [f"--token-cache-dir={known.cache}", f"--certificate-authority={issuer.ca_file}"]
    result = known.bare("logout", "--all", "--output=json", *flags)
    assert results(result) == ["revoked", "revoked"]
    assert endpoints(issuer) == ["revoke", "revoke"] and is_gone(known)
    result = known.bare("logout", "--all", *flags)
    assert result.status == 0 and result.out == "" and "no sessions" in result.err


def test_one_that_is_kept_does_not_hold_up_the_others(known, issuer):
    login_elsewhere(known, "--oidc-extra-scope=groups")
    issuer.fault("revoke", status=503, body="")
    result = logout(known, "--all")
    assert result.code == "server" and "1 of 2 sessions is kept" in result.err
    assert "the refresh token is revoked" in result.err
    assert len(list(known.cache.glob("*.json"))) == 1


@ids("REF-10")
def test_half_an_end_is_no_answer(known, issuer):
    """As for kubectl: stdout holds the whole answer or nothing. What is left is what `list` shows."""
    login_elsewhere(known, "--oidc-extra-scope=groups")
    issuer.fault("revoke", status=503, body="")
    result = logout(known, "--all", "--output=json")
    assert result.code == "server"  # and nothing on stdout
    assert "is kept" in result.err and "the refresh token is revoked, the session is deleted" in result.err
    left = json.loads(known.bare("list", f"--token-cache-dir={known.cache}", "--output=json").out)["sessions"]
    assert len(left) == 1 and results(logout(known, "--all", "--output=json")) == ["revoked"]


@pytest.mark.parametrize(("cut", "mode"), [(None, 0o644), (-20, 0o600)])
def test_a_file_that_is_skipped_is_kept(known, issuer, cut, mode):
    path = known.session_file
    path.write_text(path.read_text()[:cut])
    path.chmod(mode)
    for count in (1, 2):
        result = logout(known, "--all")
        assert result.code == "cache_perm" and f"1 of {count} sessions is kept" in result.err
        assert f"warning: '{path.name}' is skipped" in result.err and "no sessions" not in result.err
        assert any(str(known.cache) in hint for hint in result.hints) and path.exists()
        login_elsewhere(known, "--oidc-extra-scope=groups")
    assert endpoints(issuer).count("revoke") == 1
    path.unlink()
    assert results(logout(known, "--all", "--output=json")) == ["revoked"]


def test_a_file_that_holds_no_session_or_that_of_another_account_is_a_warning(known):
    for name, text in (("notes", "x"), ("other", '{"refresh_token":"x"}')):
        path = known.cache / f"{name}-0123456789abcdef.json"
        path.write_text(text)
        path.chmod(0o600)
    result = logout(known, "--all", "--account=nobody")
    assert result.status == 0 and result.err.count(" is skipped: ") == 2
    assert "no sessions of the account 'nobody'" in result.err
    (known.cache / "other-0123456789abcdef.json").unlink()
    assert logout(known, "--all").status == 0


def test_a_client_secret_goes_only_to_its_own_client(known, issuer):
    login_elsewhere(known, "--oidc-extra-scope=groups")
    issuer.clear_log()
    result = logout(known, "--all", "--output=json", "--oidc-client-id=another", "--oidc-client-secret=not-theirs")
    assert results(result) == ["revoked", "revoked"]
    for request in issuer.requests("revoke"):
        assert "client_secret" not in request["form"] and header(request, "authorization") is None


def test_request_headers_go_only_where_they_went_before(known, issuer):
    flag = "--oidc-request-header=X-Proxy=secret"
    login_elsewhere(known, flag)
    issuer.clear_log()
    result = logout(known, "--all")
    assert result.code == "config" and "other --oidc-request-header" in result.err
    assert len(issuer.requests("revoke")) == 1  # the one that was made without
    login_elsewhere(known)
    issuer.clear_log()
    assert results(logout(known, "--all", "--output=json", flag)) == ["revoked", "revoked"]
    assert sorted(header(request, "x-proxy") or "" for request in issuer.requests("revoke")) == ["", "secret"]


def test_tls_is_verified_where_it_was_verified_before(known, issuer):
    flags = [f"--token-cache-dir={known.cache}", "--insecure-skip-tls-verify"]
    result = known.bare("logout", "--all", *flags)
    assert result.code == "tls" and issuer.requests("revoke") == []
    assert not is_gone(known)


def spoiled_beside(kube, runtime, kind):
    """Two sessions, of which one has rested in a directory that cannot be used any more; gives the environment."""
    runtime.mkdir(mode=0o700)
    environment = {"XDG_RUNTIME_DIR": str(runtime)}
    usual = kube.home / ".kube/cache/latchkey"
    kube.flags.pop()
    assert kube.get_token(**environment).status == 0
    spoil(usual, kind)
    assert kube.get_token(**environment).status == 0
    return usual, environment


@pytest.mark.parametrize("kind", ["stranger", "loose", "link"])
def test_a_directory_that_cannot_be_used_does_not_keep_the_sessions_of_the_other(kube, issuer, tmp_path, kind):
    usual, environment = spoiled_beside(kube, tmp_path / "runtime", kind)
    issuer.clear_log()
    result = logout(kube, "--all", **environment)
    assert result.code == "cache_perm" and str(usual) in result.err
    assert "the refresh token is revoked, the session is deleted" in result.err
    assert endpoints(issuer) == ["revoke"] and list((tmp_path / "runtime").rglob("*.json")) == []
    result = logout(kube, "--all", **environment)
    assert result.code == "cache_perm" and "no sessions" not in result.err


def test_both_reasons_are_told(kube, issuer, tmp_path):
    usual, environment = spoiled_beside(kube, tmp_path / "runtime", "link")
    issuer.fault("revoke", status=503, body="")
    result = logout(kube, "--all", **environment)
    assert result.code == "server" and "1 of 1 sessions is kept" in result.err
    assert any(line.startswith("warning: ") and f"'{usual}'" in line for line in result.err.splitlines())
