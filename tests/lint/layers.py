#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dependencies between layers go down only, and a library's header has one owner."""

import re

from source import Lint

BELOW = {
    "main": {"command", "base"},
    "command": {"login", "advice", "oidc", "net", "kubernetes", "crypto", "session", "base"},
    "login": {"advice", "oidc", "net", "kubernetes", "crypto", "session", "base"},
    "advice": {"oidc", "net", "kubernetes", "crypto", "session", "base"},
    "oidc": {"crypto", "base"},
    "net": {"base"},
    "kubernetes": {"base"},
    "session": {"base"},
    "crypto": {"base"},
    "base": set(),
}
LAYERS = set(BELOW) - {"main"}
OWNERS = (  # headers, the files that may include them, and how those are called
    (r"curl/.*", r"src/net/(http[a-z_]*\.[ch]|loop\.c)", "src/net/http*.c and src/net/loop.c"),
    (r"microhttpd\.h", r"src/net/callback_server\.c", "src/net/callback_server.c"),
    (r"openssl/.*", r"src/crypto/[a-z0-9_]+\.[ch]", "src/crypto/"),
    (r"qrencode\.h", r"src/login/qr_code\.c", "src/login/qr_code.c"),
    (r"(libsecret|gio|glib|gobject)/.*|glib(-object)?\.h", r"src/session/keyring[a-z_]*\.[ch]", "src/session/keyring*"),
    (r"jwt\.h", r"src/crypto/client_assertion\.c", "src/crypto/client_assertion.c"),
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def layer_of(path):
    """The layer of src/LAYER/... or include/LAYER/..., "main" for src/main.c, None elsewhere."""
    parts = path.split("/")
    if path == "src/main.c":
        return "main"
    return parts[1] if len(parts) > 2 else None


def check_ours(lint, path, line, header):
    own = layer_of(path)
    used = header.split("/")[0]
    if used not in LAYERS:
        return f"'{header}' is neither a header of a layer nor one beside this file"
    if own not in BELOW:
        return f"{path} is in no layer"
    if used != own and used not in BELOW[own]:
        return f"layer {own} may not use {used} ('{header}')"
    return None


def check_include(lint, path, line, quote, header):
    if quote == '"' and "/" not in header:
        beside = (lint.root / path).parent / header
        problem = None if beside.exists() else f"'{header}' is not beside this file"
    elif quote == '"':
        problem = check_ours(lint, path, line, header)
    elif header.split("/")[0] in LAYERS:
        problem = f"our own header <{header}> is included in quotes"
    else:
        problem = next((f"<{header}> belongs to {name}" for headers, files, name in OWNERS
                        if re.fullmatch(headers, header) and not re.fullmatch(files, path)), None)
    if problem:
        lint.add("layers", path, line, header, problem)


def main():
    lint = Lint(__doc__, {"layers"})
    for path in lint.files("src", "include"):
        text = lint.read(path)
        for match in INCLUDE.finditer(text):
            check_include(lint, path, text.count("\n", 0, match.start()) + 1, *match.groups())
    lint.finish()


if __name__ == "__main__":
    main()
