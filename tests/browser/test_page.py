# SPDX-License-Identifier: Apache-2.0
"""The callback page as people see it: light, dark and narrow, after success and after failure."""

import pytest
from audit import check
from visit import Visit

LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1024, "height": 720}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1024, "height": 720}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "narrow-dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}
LONG = "maximiliane-" * 8 + "hohenlohe"


def begin(provider, open_page, start_login, look):
    login = start_login(provider.issuer, "public", f"--certificate-authority={provider.ca_file}",
                        "--oidc-extra-scope=email", "--oidc-extra-scope=profile")
    return login, Visit(open_page(**LOOKS[look]), login.url())


@pytest.mark.parametrize("look", LOOKS)
def test_success(provider, open_page, start_login, screenshot, look):
    login, visit = begin(provider, open_page, start_login, look)
    visit.sign_in("alice")
    screenshot(visit.page, f"callback-{look}")
    assert visit.answers[visit.origin + "/done"].status == 200
    check(visit.page)
    assert visit.problems == []
    assert login.finish()[0] == 0


@pytest.mark.parametrize("look", LOOKS)
def test_failure(provider, open_page, start_login, screenshot, look):
    login, visit = begin(provider, open_page, start_login, look)
    visit.cancel()
    screenshot(visit.page, f"callback-failure-{look}")
    check(visit.page)
    assert visit.problems == []
    assert login.finish()[0] == 1


@pytest.mark.ids("K7-54")
def test_success_asks_to_close_the_window(provider, open_page, start_login):
    login, visit = begin(provider, open_page, start_login, "light")
    text = visit.sign_in()
    assert "Authenticated" in text
    assert "close" in text.lower()
    assert login.finish()[0] == 0


def test_long_name_on_a_narrow_screen(provider, open_page, start_login):
    login, visit = begin(provider, open_page, start_login, "narrow")
    assert LONG in visit.sign_in(LONG)
    check(visit.page)
    assert login.finish()[0] == 0


@pytest.mark.ids("T-08")
def test_name_with_markup_is_shown_as_text(provider, open_page, start_login):
    login, visit = begin(provider, open_page, start_login, "light")
    text = visit.sign_in("<b onclick=alert(1)>eve</b>")
    assert "<b onclick=alert(1)>eve</b>" in text
    check(visit.page)
    assert login.finish()[0] == 0


@pytest.mark.ids("CB-12")
def test_nothing_from_elsewhere(provider, open_page, start_login):
    login, visit = begin(provider, open_page, start_login, "light")
    visit.sign_in()
    assert [url for url in visit.after_callback() if not url.startswith(visit.origin + "/")] == []
    headers = visit.answers[visit.origin + "/done"].headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert login.finish()[0] == 0


@pytest.mark.ids("CB-13")
def test_code_leaves_the_address_bar(provider, open_page, start_login):
    login, visit = begin(provider, open_page, start_login, "light")
    visit.sign_in()
    assert visit.page.url == visit.origin + "/done"
    assert login.finish()[0] == 0


GOOD = ("<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>t</title>"
        "<style>:root {{ color-scheme: light dark }} {}</style><h1>Title</h1><p>Text{}")
BAD = {
    "faint": GOOD.format("p { color: #666 }", ""),
    "faint when dark": GOOD.format("@media (prefers-color-scheme: dark) { p { color: #444 } }", ""),
    "wide": GOOD.format("p { width: 2000px }", ""),
    "script": GOOD.format("", "<script></script>"),
    "two headings": GOOD.format("", "<h1>Other</h1>"),
    "no language": GOOD.format("", "").replace(" lang=en", ""),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_audit_sees_what_is_wrong(open_page, content):
    """The checks above pass a plain page and refuse one with a single fault."""
    page = open_page(**LOOKS["dark"])
    page.set_content(GOOD.format("", ""))
    check(page)
    page.set_content(content)
    with pytest.raises(AssertionError):
        check(page)
