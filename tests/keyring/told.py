# SPDX-License-Identifier: Apache-2.0
"""What a call says about the keyring, and the refresh tokens of a run."""

import time

import crowd
from canaries import forms
from wire import flat

UNKEPT = "the refresh token is not kept, you will have to log in again when the token expires: "
UNREFRESHED = "the session cannot be refreshed: "
OURS = ("warning: ", "hint: ", "logged in as ", "latchkey: +")
TO_DISK = "or keep it in a file that only you can read: --token-cache-storage=disk"

LIMIT, SLACK = 5, 10 if crowd.sanitized() else 5  # seconds that the keyring is waited for, and those of the rest
SAVING = ["GetAll", "OpenSession", "ReadAlias", "CreateItem"]  # what is asked of the service, in this order
READING = ["SearchItems", "GetSecret"]


def warnings(result):
    return [line.removeprefix("warning: ") for line in result.err.splitlines() if line.startswith("warning: ")]


def check_lines(result):
    """Everything that was said is ours: GLib and libsecret print nothing into kubectl's terminal."""
    strange = [line for line in result.err.splitlines() if not line.startswith(OURS)]
    assert result.status == 0 and strange == [], result.err


def unkept(result):
    """The token was printed, the login is not lost, and one warning says what became of the refresh token: why."""
    check_lines(result)
    assert result.token
    said, = [line for line in warnings(result) if line.startswith(UNKEPT)]
    assert TO_DISK in result.hints
    return said.removeprefix(UNKEPT)


def unrefreshed(result):
    check_lines(result)
    said, = [line for line in warnings(result) if line.startswith(UNREFRESHED)]
    return said.removeprefix(UNREFRESHED)


def spent(issuer):
    """The refresh tokens that the issuer was sent, in their order."""
    forms_ = [flat(entry.get("form") or {}) for entry in issuer.requests()]
    return [form["refresh_token"] for form in forms_ if "refresh_token" in form]


def on_disk(directory, *tokens):
    """Files below DIRECTORY that hold one of TOKENS in any form."""
    return [path for path in directory.rglob("*") if path.is_file() and not path.is_symlink()
            for text in [path.read_bytes().decode("latin-1")] if any(form in text for token in tokens for form in forms(token))]


def timed(kube, *flags, **environment):
    """A call, and how many seconds it took."""
    started = time.monotonic()
    result = kube.get_token(*flags, **environment)
    return result, time.monotonic() - started


def check_unkept(kube, result):
    """What rests on disk without its refresh token: the short-lived token alone, and it is used."""
    assert "refresh_token" not in kube.session and "refresh_token_in" not in kube.session
    assert kube.session["id_token"] == result.token
    assert kube.get_token().err == ""
