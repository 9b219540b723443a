#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A browser without a window for `--browser-command`: follows a login to its end and keeps the last page."""

import argparse
import html.parser
import http.client
import http.cookies
import json
import os
import signal
import socket
import ssl
import sys
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

MAX_STEPS = 30
LOGIN_PATHS = ("/if/flow/default-authentication-flow/", "/flows/-/default/authentication/")
TIMEOUT = float(os.environ.get("FAKE_BROWSER_TIMEOUT", "120"))


class Page:
    """One answer."""

    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body

    @property
    def location(self):
        target = self.headers.get("Location")
        return urljoin(self.url, target) if target and 300 <= self.status < 400 else None


class Browser:
    """Cookies per host, as browsers keep them: the port does not matter."""

    def __init__(self, user=None):
        self.user, self.cookies = user, {}

    def request(self, method, url, form=None):
        parts = urlsplit(url)
        headers = {"User-Agent": "latchkey-test-browser", "Accept": "text/html,*/*;q=0.8", "Connection": "close"}
        jar = self.cookies.setdefault(parts.hostname, {})
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = connect(parts)
        try:
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            connection.request(method, target, None if form is None else urlencode(form), headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        for value in answer.headers.get_all("Set-Cookie") or []:
            jar.update({name: item.value for name, item in http.cookies.SimpleCookie(value).items()})
        return Page(url, answer.status, answer.headers, body)

    def open(self, url, stop=lambda url: False):
        """Follow redirects and submit forms until a page stays, or until `stop` says so of the next URL."""
        method, form = "GET", None
        for _ in range(MAX_STEPS):
            if stop(url):
                return Page(url, 0, {}, b"")
            page = self.request(method, self.as_user(url), form)
            method, form = "GET", None
            if page.location:
                url = page.location
                continue
            found = next_form(page)
            if found is None:
                return page
            url, method, form = found
        raise RuntimeError("too many redirects")

    def as_user(self, url):
        """At the issuer's login page, say who logs in."""
        parts = urlsplit(url)
        if self.user and parts.path in LOGIN_PATHS[:1]:
            query = f"{parts.query}&" + urlencode({"fake_user": self.user})
            return urlunsplit(parts._replace(query=query))
        return url


def connect(parts):
    if parts.scheme == "https":
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=TIMEOUT, context=context)
    return http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT)


class FormFinder(html.parser.HTMLParser):
    """The first form of a page that posts, with its hidden fields."""

    def __init__(self):
        super().__init__()
        self.action, self.fields, self.inside = None, {}, False

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "form" and self.action is None and (values.get("method") or "").lower() == "post":
            self.action, self.inside = values.get("action") or "", True
        elif tag == "input" and self.inside and values.get("type") == "hidden":
            self.fields[values.get("name")] = values.get("value") or ""

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "form"


def next_form(page):
    """(url, method, fields) of the form to submit, if the page has one."""
    if "html" not in (page.headers.get("Content-Type") or ""):
        return None
    finder = FormFinder()
    finder.feed(page.body.decode("utf-8", "replace"))
    return None if finder.action is None else (urljoin(page.url, finder.action), "POST", finder.fields)


def is_callback(url):
    """Whether a URL is the answer of an authorization server to the client."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return "state" in query and ("code" in query or "error" in query)


def is_authorization(url):
    query = parse_qs(urlsplit(url).query)
    return "redirect_uri" in query and "response_type" in query


def deny(browser, start):
    """What a person who presses "cancel" causes at servers that report it."""
    request = browser.open(start, stop=is_authorization)
    query = parse_qs(urlsplit(request.url).query)
    answer = urlencode({"error": "access_denied", "error_description": "The resource owner denied the request",
                        "state": query.get("state", [""])[0]})
    return browser.open(f"{query['redirect_uri'][0]}?{answer}")


def load_twice(browser, start):
    """Load the callback, then load it again, as a reload does."""
    callback = browser.open(start, stop=is_callback).url
    first = browser.open(callback)
    try:
        browser.request("GET", callback)
    except OSError:
        pass  # the program may have ended in between
    return first


def make_noise(browser, start):
    """What real browsers do besides: icons, HEAD, sockets opened ahead that stay silent."""
    parts = urlsplit(start)
    idle = [socket.create_connection((parts.hostname, parts.port or 80)) for _ in range(3)]
    root = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
    for method, path in (("GET", "/favicon.ico"), ("HEAD", "/"), ("GET", "/apple-touch-icon.png")):
        browser.request(method, root + path)
    page = browser.open(start)
    for plug in idle:
        plug.close()
    return page


def record_start(path):
    """Append one line: arguments, names in the environment, open descriptors."""
    descriptors = []
    for name in os.listdir("/proc/self/fd"):
        try:
            descriptors.append([int(name), os.readlink(f"/proc/self/fd/{name}")])
        except OSError:
            continue  # the descriptor of the listing itself
    line = json.dumps({"argv": sys.argv, "env": sorted(os.environ), "fds": sorted(descriptors), "pid": os.getpid(),
                       "cwd": os.getcwd(), "session": os.getsid(0)})
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, line.encode() + b"\n")
    os.close(descriptor)


def save(page, path):
    """Write the page so that a reader sees all of it or nothing."""
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "wb") as file:
        file.write(page.body)
    os.replace(temporary, path)


def main():
    mode = os.environ.get("FAKE_BROWSER", "")
    if os.environ.get("FAKE_BROWSER_LOG"):
        record_start(os.environ["FAKE_BROWSER_LOG"])
    parser = argparse.ArgumentParser(prog="browse.py")
    parser.add_argument("url")
    parser.add_argument("--page", default=os.environ.get("FAKE_BROWSER_PAGE"), help="where the last page is written")
    parser.add_argument("--user", default=os.environ.get("FAKE_BROWSER_USER"), help="who logs in")
    arguments = parser.parse_args()
    if mode == "ignore":
        return 0
    if mode == "hang":  # until the test ends it, and not for ever where the test was killed itself
        signal.alarm(300)
        signal.pause()
    visit = {"deny": deny, "twice": load_twice, "noise": make_noise}.get(mode, Browser.open)
    page = visit(Browser(arguments.user), arguments.url)
    if arguments.page:
        save(page, arguments.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
