# SPDX-License-Identifier: Apache-2.0
"""A refresh in the background and the keyring: it asks nobody, and what fails is told by the next call."""

import pytest
from desktop import Faulty
from patience import until
from processes import is_held
from rested import NO_BROWSER
from told import on_disk, warnings

pytestmark = pytest.mark.ids("T-28", "K7-38")
FAILED = "the session could not be refreshed in the background, its token is good for another "


@pytest.fixture
def kube(kube):
    kube.flags.append("--background-refresh=true")
    return kube


def age(kube):
    """A quarter of its lifetime is left: a call answers at once, and leaves a process behind; returns after its end."""
    kube.expire(kube.session["lifetime"] // 4)
    before = kube.session["id_token"]
    result = kube.get_token(DISPLAY=":99", **NO_BROWSER)
    assert result.token == before and result.err == ""
    until(lambda: not any(map(is_held, kube.cache.glob("*.lock"))), "the process in the background does not end")


def tells(kube):
    """The next call has the token at hand, and says what came of it."""
    result = kube.get_token(**NO_BROWSER)
    assert result.token == kube.session["id_token"]
    said, = warnings(result)
    assert said.startswith(FAILED)
    assert kube.get_token(**NO_BROWSER).err == "", "it is told once"
    return said


def test_the_refresh_token_is_renewed_in_the_keyring(kube, keyring):
    token = kube.get_token().token
    first, = keyring.tokens
    age(kube)
    second, = keyring.tokens
    assert first != second and on_disk(kube.directory, first, second) == []
    assert kube.session["id_token"] != token and kube.get_token(**NO_BROWSER).err == ""


def test_what_clean_deletes_meanwhile_does_not_come_back(kube, keyring, issuer):
    assert kube.get_token().status == 0
    kube.expire(kube.session["lifetime"] // 4)
    issuer.clear_log()
    issuer.fault("token", delay_ms=2000)
    assert kube.get_token(**NO_BROWSER).status == 0
    issuer.wait_for("token")
    assert "keyring (1 refresh token)" in kube.bare("clean", f"--token-cache-dir={kube.cache}").err
    until(lambda: not any(map(is_held, kube.cache.glob("*.lock"))), "the process in the background does not end")
    assert keyring.tokens == [] and list(kube.cache.glob("*.json")) == []


def test_no_window_opens_for_it(kube, bus):
    service = Faulty(bus)
    assert kube.get_token().status == 0
    service.calls()
    service = Faulty(bus, "locked", "item", "prompt:given")
    age(kube)
    assert "the keyring is locked, and no window may ask for its password" in tells(kube)
    assert "Prompt" not in service.calls()
    assert kube.session["refresh_token_in"] == "keyring"


def test_a_refresh_token_that_could_not_be_kept_is_told(kube, bus):
    Faulty(bus, "again:CreateItem")
    old = kube.get_token().token
    age(kube)
    assert kube.session["id_token"] != old and "refresh_token_in" not in kube.session
    kube.expire()
    result = kube.get_token()
    assert any("the new refresh token is not kept: the keyring fails" in line for line in warnings(result))
    assert "logged in as" in result.err
