# SPDX-License-Identifier: Apache-2.0
"""The shortest story: log in, answer from the cache, refresh."""

import pytest


@pytest.mark.ids("K7-26")
def test_the_second_call_is_answered_from_the_cache_with_the_issuer_down(kube, issuer):
    first = kube.get_token()
    assert first.claims["email"] == "alice@example.com"
    issuer.clear_log()
    second = kube.get_token(BROWSER="/bin/false")
    assert second.token == first.token
    assert issuer.requests() == []


@pytest.mark.ids("K7-27", "REF-01")
def test_an_expired_token_is_refreshed_without_a_browser(kube, issuer):
    first = kube.get_token()
    kube.expire()
    issuer.clear_log()
    second = kube.get_token(BROWSER="/bin/false")
    assert second.token != first.token
    assert [entry["endpoint"] for entry in issuer.requests()] == ["token"]
    assert kube.session["refresh_token"] is not None
