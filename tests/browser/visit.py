# SPDX-License-Identifier: Apache-2.0
"""A person at the browser: signs in to a provider, and notes what the browser did and said on the way."""

import re
from urllib.parse import parse_qs, urlsplit


class Visit:
    """Opens the program's URL in a page and follows it to the end of the login."""

    def __init__(self, page, url):
        self.page = page
        self.origin = origin_of(url)
        self.requests, self.problems, self.answers = [], [], {}
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", lambda response: self.answers.update({response.url: response}))
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"{page.url}: {error}"))
        page.goto(url)

    def _console(self, message):
        """Complaints about our own pages; that the page of a failed login has a failure's status is none."""
        place = message.location.get("url") or self.page.url
        status_line = place == self.origin + "/done" and message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and place.startswith(self.origin) and not status_line:
            self.problems.append(f"{place}: {message.text}")

    def sign_in(self, login="alice"):
        """Type a name on oidc-provider's login page and agree to what the client asks for."""
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", "any password")
        self.page.click("button:has-text('Sign-in')")
        self.page.click("button:has-text('Continue')")
        return self.outcome()

    def cancel(self):
        self.page.click("a:has-text('Cancel')")
        return self.outcome()

    def outcome(self):
        """Wait for the program's own page and give its text."""
        self.page.wait_for_url(self.origin + "/done")
        return self.page.inner_text("body")

    def authorization(self):
        """The parameters of the authorization request that the browser was sent with."""
        for url in self.requests:
            if not url.startswith(self.origin) and "response_type" in parse_qs(urlsplit(url).query):
                return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        raise AssertionError(f"no authorization request among {self.requests}")

    def after_callback(self):
        """Everything the browser asked for from the callback on."""
        for index, url in enumerate(self.requests):
            if url.startswith(self.origin) and re.search(r"[?&](code|error)=", url):
                return self.requests[index:]
        raise AssertionError(f"no callback among {self.requests}")


def origin_of(url):
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
