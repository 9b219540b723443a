# SPDX-License-Identifier: Apache-2.0
"""--account: a session of its own for each label, and a login_hint only after a verified login."""

import json

import pytest
from rested import NO_BROWSER
from wire import authorization, endpoints

ADMIN = "--account=admin"


def log_in(kube, *flags, user="alice", **environment):
    result = kube.run("login", *flags, FAKE_BROWSER_USER=user, **environment)
    assert result.status == 0, result.err
    return result


def whoami(kube, *flags):
    return json.loads(kube.run("whoami", "--output=json", *flags).out)


def test_each_account_has_a_session_of_its_own(kube, issuer):
    log_in(kube)
    log_in(kube, ADMIN, user="bob")
    assert whoami(kube)["user"] == "alice@example.com" and whoami(kube)["account"] is None
    assert whoami(kube, ADMIN)["user"] == "bob@example.com" and whoami(kube, ADMIN)["account"] == "admin"
    assert kube.get_token(ADMIN, **NO_BROWSER).claims["email"] == "bob@example.com"
    assert kube.get_token(**NO_BROWSER).claims["email"] == "alice@example.com"
    assert kube.get_token("--account=other", **NO_BROWSER).status == 1


def test_the_account_may_come_from_a_variable(kube, issuer):
    log_in(kube, ADMIN)
    assert kube.get_token(LATCHKEY_ACCOUNT="admin", **NO_BROWSER).status == 0


def test_list_and_logout_mean_the_account(kube, issuer):
    log_in(kube)
    log_in(kube, ADMIN, user="bob")
    cache = f"--token-cache-dir={kube.cache}"
    sessions = json.loads(kube.bare("list", cache, "--output=json", ADMIN).out)["sessions"]
    assert [one["user"] for one in sessions] == ["bob@example.com"]
    assert "admin" in kube.bare("list", cache).out
    assert kube.run("logout", "--all", ADMIN).status == 0
    sessions = json.loads(kube.bare("list", cache, "--output=json").out)["sessions"]
    assert [one["user"] for one in sessions] == ["alice@example.com"]
    assert kube.run("logout").status == 0
    assert list(kube.cache.glob("*.json")) == []


def test_a_hint_is_sent_only_after_a_verified_login(kube, issuer):
    log_in(kube, ADMIN)
    assert "login_hint" not in authorization(issuer)
    log_in(kube, ADMIN)
    assert authorization(issuer)["login_hint"] == "alice"
    assert kube.run("logout", ADMIN).status == 0
    log_in(kube, ADMIN)
    assert "login_hint" not in authorization(issuer)


def test_a_login_that_failed_gives_no_hint(kube, issuer):
    issuer.mutate_id_token(claims={"aud": "x"}, times=1)
    assert kube.run("login", ADMIN).code == "idtoken_aud"
    log_in(kube, ADMIN)
    assert "login_hint" not in authorization(issuer)


def test_without_an_account_there_is_no_hint(kube, issuer):
    log_in(kube)
    log_in(kube)
    assert "login_hint" not in authorization(issuer)


def test_the_hint_is_the_email_where_there_is_no_user_name(kube, issuer):
    issuer.mutate_id_token(remove=["preferred_username"])
    log_in(kube, ADMIN)
    log_in(kube, ADMIN)
    assert authorization(issuer)["login_hint"] == "alice@example.com"


def test_a_session_that_died_still_gives_the_hint(kube, issuer):
    log_in(kube, ADMIN)
    kube.expire()
    issuer.revoke_refresh()
    assert kube.get_token(ADMIN).status == 0
    assert authorization(issuer)["login_hint"] == "alice"


def test_a_hint_of_the_users_own_goes_before(kube, issuer):
    flag = "--oidc-auth-request-extra-params=login_hint=alice@example.com"
    log_in(kube, ADMIN, flag)
    log_in(kube, ADMIN, flag)
    assert authorization(issuer)["login_hint"] == "alice@example.com"


def test_a_hint_that_nobody_got_in_with_is_named(kube, issuer):
    log_in(kube, ADMIN)
    result = kube.run("login", ADMIN, "--authentication-timeout-sec=1", BROWSER="/bin/true")
    assert result.code == "callback_timeout"
    assert any("'alice' (login_hint)" in hint for hint in result.hints)


def test_the_probe_sends_no_hint(kube, issuer):
    log_in(kube, ADMIN)
    for path in kube.cache.glob("*.provider"):
        path.unlink()
    issuer.clear_log()
    log_in(kube, ADMIN)
    probes = [entry for entry in issuer.requests("authorize") if entry["probe"]]
    assert probes and all("login_hint" not in entry["query"] for entry in probes)


def test_a_login_as_somebody_else_is_a_warning(kube, issuer):
    assert "warning" not in log_in(kube, ADMIN).err
    kube.edit_session(subject="subject-of-bob", username="bob@example.com")
    result = log_in(kube, ADMIN)
    assert "warning: the account 'admin' was 'bob@example.com' before, and is 'alice@example.com' now" in result.err
    assert "--browser-command" in result.err
    assert whoami(kube, ADMIN)["user"] == "alice@example.com"


@pytest.mark.parametrize("name", ["a\x1bb", "a\nb", "x" * 1000, "a\u202eb"])
def test_a_label_that_cannot_be_shown_is_refused(kube, issuer, name):
    result = kube.get_token(f"--account={name}")
    assert result.code == "config" and "--account" in result.err and endpoints(issuer) == []


def test_a_client_has_no_account(kube, issuer):
    result = kube.get_token(ADMIN, "--grant-type=client-credentials", "--oidc-client-secret=x")
    assert result.code == "config" and "--account" in result.err


def test_a_label_does_not_make_two_user_names_one(kube, issuer):
    """K7-34: another user name is another session."""
    flags = [ADMIN, "--grant-type=password"]
    assert kube.get_token(*flags, "--username=alice", LATCHKEY_PASSWORD="alice-app-password").claims["preferred_username"] == "alice"
    robot = kube.get_token(*flags, "--username=k8s-robot", LATCHKEY_PASSWORD="robot-app-password")
    assert robot.claims["preferred_username"] == "k8s-robot"
    assert kube.get_token(*flags, "--username=alice", **NO_BROWSER).claims["preferred_username"] == "alice"
    accounts = [one["account"] for one in json.loads(kube.bare("list", f"--token-cache-dir={kube.cache}", "--output=json").out)["sessions"]]
    assert accounts == ["admin", "admin"]
