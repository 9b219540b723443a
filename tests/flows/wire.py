# SPDX-License-Identifier: Apache-2.0
"""What the issuer saw of a login, in few words."""


def flat(pairs):
    """{name: value} of a query or form; a name that came twice is a mistake."""
    assert all(len(values) == 1 for values in pairs.values()), pairs
    return {name: values[0] for name, values in pairs.items()}


def authorization(issuer):
    """The query of the last authorization request that a browser sent."""
    return flat([entry for entry in issuer.requests("authorize") if not entry["probe"]][-1]["query"])


def token_form(issuer):
    """The form of the last token request."""
    return flat(issuer.requests("token")[-1]["form"])


def endpoints(issuer):
    """The endpoints that the program itself asked, in order; those of the browser are left out."""
    entries = issuer.requests()
    return [entry["endpoint"] for entry in entries
            if entry["endpoint"] != "login" and (entry["endpoint"] != "authorize" or entry["probe"])]


def header(entry, name):
    """The value of a request header, None without it."""
    values = [value for key, value in entry["headers"] if key.lower() == name.lower()]
    assert len(values) < 2, values
    return values[0] if values else None
