# SPDX-License-Identifier: Apache-2.0
"""The device code grant: what is asked, what is shown, how it is polled, how it ends."""

import base64
import hashlib
import re
import time

import pytest
from canaries import forms
from patience import PROMPT, until
from refusal import BAD_ID_TOKENS, sessions, store_old_session
from wire import endpoints, flat

ids = pytest.mark.ids
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
URL = r"^Please visit the following URL in your browser: (\S+)$"
CODE = r"^It shows the code (\d{9}); at (\S+/device) the code can be entered as well\.$"


@pytest.fixture
def device(kube, issuer):
    """get-token by device code, without a browser here; polls are a second apart."""
    issuer.configure(device_interval=1)
    kube.flags += ["--grant-type=device-code", "--skip-open-browser"]
    return kube


def start(issuer):
    """The form of the last device authorization request."""
    return flat(issuer.requests("device")[-1]["form"])


def polls(issuer):
    return [flat(entry["form"]) for entry in issuer.requests("token")]


def shown(running):
    """(address, user code, page) of the code that is shown next."""
    address = running.read_line(URL)[1]
    found = running.read_line(CODE)
    return address, found[1], found[2]


def log_in(device, issuer, *flags, **environment):
    running = device.start("get-token", *flags, **environment)
    code = shown(running)[1]
    assert issuer.approve_device(code)
    return running.wait()


def gaps(issuer):
    """Seconds between a device login's start and its polls."""
    times = [entry["time"] for entry in issuer.requests() if entry["endpoint"] in ("device", "token")]
    return [later - sooner for sooner, later in zip(times, times[1:])]


@ids("K7-78", "DEV-07")
def test_a_code_that_is_approved_elsewhere_logs_in(device, issuer):
    result = log_in(device, issuer)
    assert result.claims["email"] == "alice@example.com"
    assert "nonce" not in result.claims
    form, poll = start(issuer), polls(issuer)[-1]
    assert form["client_id"] == poll["client_id"] == "kubernetes"
    assert form["scope"] == "profile email offline_access openid"
    assert poll["grant_type"] == GRANT
    assert device.session["refresh_token"]
    assert endpoints(issuer)[-1] == "token"
    assert result.err.endswith(f"logged in as alice@example.com at {issuer.url}\n")


@ids("DEV-07")
@pytest.mark.parametrize("mutation, code", BAD_ID_TOKENS)
def test_a_bad_id_token_is_refused(device, issuer, mutation, code):
    issuer.mutate_id_token(**mutation)
    result = log_in(device, issuer)
    assert result.code == code, result.err
    assert sessions(device) == {}


@ids("K7-78")
def test_a_secret_is_sent_with_both_requests(device, issuer):
    issuer.configure(client_type="confidential", client_secret="s3cr3t")
    log_in(device, issuer, "--oidc-client-secret=s3cr3t")
    assert start(issuer)["client_secret"] == polls(issuer)[-1]["client_secret"] == "s3cr3t"


@ids("K7-79", "DEV-02")
def test_the_user_code_is_shown_beside_the_address_that_holds_it(device, issuer):
    running = device.start("get-token")
    address, code, page = shown(running)
    assert (address, page) == (f"{issuer.base_url}/device?code={code}", f"{issuer.base_url}/device")
    assert issuer.approve_device(code)
    assert running.wait().status == 0


@ids("K7-78")
def test_without_a_complete_address_the_code_is_asked_for(device, issuer):
    issuer.fault("device", json_patch={"verification_uri_complete": None})
    running = device.start("get-token")
    assert running.read_line(URL)[1] == f"{issuer.base_url}/device"
    code = running.read_line(r"^Please enter the following code when asked in your browser: (\d{9})$")[1]
    assert issuer.approve_device(code)
    assert running.wait().status == 0


@ids("K7-78")
def test_the_name_that_google_uses_is_taken(device, issuer):
    issuer.fault("device", json_patch={"verification_uri_complete": None, "verification_uri": None,
                                       "verification_url": f"{issuer.base_url}/device"})
    running = device.start("get-token")
    assert running.read_line(URL)[1] == f"{issuer.base_url}/device"
    issuer.approve_device()
    assert running.wait().status == 0


def recorder(directory):
    """A browser that only writes down which address it was given, and where."""
    script, log = directory / "browser", directory / "opened"
    script.write_text(f'#!/bin/sh\necho "$1" >{log}\n')
    script.chmod(0o755)
    return script, log


@ids("DEV-06", "K7-57")
def test_the_flag_keeps_the_browser_shut(device, issuer, tmp_path):
    script, log = recorder(tmp_path)
    assert log_in(device, issuer, f"--browser-command={script}").status == 0
    assert not log.exists()


@ids("K7-78", "DEV-06")
def test_the_complete_address_is_opened_where_there_is_a_browser(device, issuer, tmp_path):
    device.flags.remove("--skip-open-browser")
    script, log = recorder(tmp_path)
    running = device.start("get-token", f"--browser-command={script}")
    address, code, _ = shown(running)
    until(lambda: log.exists() and log.read_text() == address + "\n")
    assert issuer.approve_device(code)
    assert running.wait().status == 0


@ids("K7-79")
@pytest.mark.parametrize("methods, flags, sent", [(["S256"], [], True), (["plain", "S256"], [], True), (None, [], False),
                                                  (["plain"], ["--oidc-pkce-method=no"], False),
                                                  (["S256"], ["--oidc-pkce-method=no"], False),
                                                  (None, ["--oidc-pkce-method=S256"], True)])
def test_pkce_goes_along_where_it_is_advertised(device, issuer, methods, flags, sent):
    issuer.fault("discovery", times=-1, json_patch={"code_challenge_methods_supported": methods})
    log_in(device, issuer, *flags)
    form, poll = start(issuer), polls(issuer)[-1]
    assert ("code_challenge" in form, "code_verifier" in poll) == (sent, sent)
    if sent:
        digest = hashlib.sha256(poll["code_verifier"].encode()).digest()
        assert form["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert form["code_challenge_method"] == "S256"


def test_every_punctuation_of_a_device_code_arrives(device, issuer):
    """Authentik's codes hold all of ASCII's: the issuer knows only the one that came as it was given."""
    log_in(device, issuer)
    assert set("&%+#=\"\\") <= set(polls(issuer)[-1]["device_code"])


@ids("DEV-03")
def test_polls_keep_the_interval(device, issuer):
    issuer.fault("token", times=2, status=400, json={"error": "authorization_pending"})
    log_in(device, issuer)
    assert len(gaps(issuer)) == 3
    assert all(0.95 <= gap < 4 for gap in gaps(issuer)), gaps(issuer)


@ids("K7-78", "DEV-03")
def test_slow_down_adds_five_seconds_for_good(device, issuer):
    issuer.fault("token", status=400, json={"error": "slow_down"})
    issuer.fault("token", after=1, status=400, json={"error": "authorization_pending"})
    log_in(device, issuer)
    first, second, third = gaps(issuer)
    assert 0.95 <= first < 4
    assert 5.9 <= second < 10.5
    assert 5.9 <= third < 10.5


@ids("K7-79")
def test_too_many_requests_without_retry_after_is_a_pause(device, issuer):
    issuer.fault("token", status=429, json={"error": "slow_down"}, headers={"Retry-After": None})
    log_in(device, issuer)
    assert 5.9 <= gaps(issuer)[1] < 10.5


def test_too_many_requests_with_retry_after_waits_as_long(device, issuer):
    issuer.fault("token", status=429, json={}, headers={"Retry-After": "3"})
    log_in(device, issuer)
    assert 2.9 <= gaps(issuer)[1] < 5.5


@ids("DEV-03")
@pytest.mark.parametrize("fault", [{"status": 503, "body": ""}, {"close": "before_headers"}])
def test_a_server_in_trouble_is_asked_half_as_often(device, issuer, fault):
    issuer.fault("token", **fault)
    log_in(device, issuer)
    assert 1.9 <= gaps(issuer)[1] < 5.5


@pytest.mark.parametrize("error, code", [("access_denied", "oauth_error"), ("invalid_grant", "oauth_error"),
                                         ("invalid_client", "oauth_error"), ("unsupported_grant_type", "oauth_error"),
                                         ("something_new", "oauth_error")])
@ids("DEV-03")
def test_any_other_answer_ends_it(device, issuer, error, code):
    flags, device.flags = device.flags, device.flags[:4]
    store_old_session(device, issuer)
    device.flags = flags
    issuer.configure(device_interval=1)
    before = sessions(device)
    issuer.fault("token", times=-1, status=400, json={"error": error, "request_id": "ab12"})
    result = device.get_token()
    assert result.code == code
    assert f"the device login failed: the token request failed: HTTP 400: {error} (request id ab12)" in result.err
    assert result.hints or error == "something_new"
    assert sessions(device) == before
    assert issuer.count("token") == 1
    assert issuer.count("device") == 1


@ids("K7-79")
def test_a_throttled_start_is_tried_again(device, issuer):
    issuer.fault("device", status=429, json={"error": "slow_down"}, headers={"Retry-After": None})
    result = log_in(device, issuer)
    assert result.status == 0
    first, second = (entry["time"] for entry in issuer.requests("device"))
    assert 4.9 <= second - first < 9.5


def test_a_start_that_stays_throttled_says_who_shares_the_limit(device, issuer):
    issuer.fault("device", times=-1, status=429, json={"error": "slow_down"}, headers={"Retry-After": "1"})
    result = device.get_token()
    assert result.code == "server"
    assert issuer.count("device") == 3
    assert "could not get a device code: the device authorization request failed: HTTP 429: slow_down" in result.err
    assert any("20 device logins an hour from one address" in hint for hint in result.hints)


def test_a_client_without_the_grant_hears_which_setting_it_is(device, issuer):
    issuer.fault("device", status=400, json={"error": "invalid_client"})
    result = device.get_token()
    assert result.code == "oauth_error"
    assert any(GRANT in hint for hint in result.hints)


def test_an_issuer_without_device_login_is_refused_by_name(device, issuer):
    issuer.fault("discovery", times=-1, json_patch={"device_authorization_endpoint": None})
    result = device.get_token()
    assert result.code == "unsupported"
    assert "names no device_authorization_endpoint" in result.err
    assert "authcode-keyboard" in result.hints[0]
    assert issuer.count("device") == 0


def test_an_authentik_without_a_page_for_codes_says_so_at_once(device, issuer):
    """It gives codes all the same."""
    issuer.configure(brand_device_flow=False)
    result = device.get_token()
    assert result.code == "unsupported"
    assert "has no page where they can be entered" in result.err
    assert "System > Brands > edit > Default flows" in result.hints[0]
    assert issuer.count("device") == issuer.count("token") == 0


@pytest.mark.parametrize("fault", [{"status": 404, "body": ""}, {"status": 403, "json": {"detail": "no"}}, {"body": "<html>"},
                                   {"json": {}}, {"status": 500, "body": ""}, {"close": "mid_body"}, {"size": 2000000},
                                   {"redirect": "/elsewhere"}])
def test_an_authentik_that_does_not_tell_is_believed_to_have_one(device, issuer, fault):
    issuer.configure(brand_device_flow=False)
    issuer.fault("other", **fault)
    assert log_in(device, issuer).status == 0
    assert [entry["path"] for entry in issuer.requests("other")] == ["/api/v3/core/brands/current/"]


@ids("DEV-01", "DEV-02")
@pytest.mark.parametrize("patch, code", [({"device_code": None}, "token_json"), ({"user_code": 5}, "token_json"),
                                         ({"expires_in": "60"}, "token_json"),
                                         ({"verification_uri": "javascript:alert(1)"}, "endpoint_url"),
                                         ({"verification_uri_complete": "http://ak.example/device"}, "endpoint_url"),
                                         ({"verification_uri": "https://ak.example/\x1b[2J"}, "endpoint_url")])
def test_an_answer_that_cannot_be_right_ends_it(device, issuer, patch, code):
    issuer.fault("device", json_patch=patch)
    result = device.get_token()
    assert result.code == code
    assert "\x1b" not in result.err
    assert issuer.count("token") == 0


@ids("DEV-04")
def test_an_interruption_ends_it_at_once(device, issuer):
    running = device.start("get-token")
    shown(running)
    began = time.monotonic()
    running.signal()
    assert running.wait().code == "interrupted"
    assert time.monotonic() - began < PROMPT


@ids("DEV-05")
def test_the_device_code_is_never_shown(device, issuer):
    running = device.start("get-token", "-v=3")
    issuer.wait_for("token")
    secrets = [polls(issuer)[0]["device_code"], polls(issuer)[0]["code_verifier"]]
    issuer.approve_device()
    result = running.wait()
    assert result.status == 0
    assert not [form for secret in secrets for form in forms(secret) if form in result.err]
    assert re.search(r"Please visit", result.err)
