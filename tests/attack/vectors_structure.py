# SPDX-License-Identifier: Apache-2.0
"""A-S structure, A-B base64url, A-H the header as JSON."""
import itertools

import jose
from vectors import HEADER, claims

FORMAT = "idtoken_format"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def sized_token(corpus, size):
    """A good token of exactly SIZE characters, filled by an unknown claim, and by one in the header for the last steps."""
    for fill in range(8):
        head = {**HEADER, "fill": "x" * fill}
        rest = size - 2 - len(jose.b64(jose.text_of(head).encode())) - len(jose.b64(b"s" * 256))
        room = rest * 3 // 4 - len(claims(extra=',"fill":""'))
        for length in range(room - 3, room + 3):
            token = corpus.token(claims(extra=f',"fill":"{"x" * length}"'), head)
            if len(token) == size:
                return token
    raise AssertionError(size)


def add_structure(corpus):
    good = corpus.token()
    h, p, s = good.split(".")

    def add(name, token, expect=FORMAT, **rest):
        corpus.add("S", "IDT-02", name, expect, token, **rest)

    for name, token in (("no dot", h + p + s), ("one dot", f"{h}.{p}"), ("four parts", f"{good}.{s}"),
                        ("six parts", f"{good}.{s}.{s}.{s}"), ("leading dot", "." + good), ("trailing dot", good + "."),
                        ("two dots in a row", f"{h}.{p}..{s}"), ("percent-encoded dots", good.replace(".", "%2E")),
                        ("two tokens and a comma", f"{good},{good}"), ("nothing", "")):
        add(name, token, "idtoken_encrypted" if token.count(".") == 4 else FORMAT)
    add("five parts", f"{good}.{s}.{s}", "idtoken_encrypted")
    add("two tokens joined", good + good, "idtoken_encrypted")
    jwe = jose.b64(b'{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512","kid":"rsa","typ":"JWE"}')
    add("encrypted", f"{jwe}.{s}.{h}.{p}.{h}", "idtoken_encrypted")
    add("encrypted, key agreement", f"{jwe}..{h}.{p}.{h}", "idtoken_encrypted")
    for empty in itertools.product((False, True), repeat=3):
        if any(empty):
            parts = ["" if gone else part for gone, part in zip(empty, (h, p, s))]
            add("empty parts " + ".".join("" if gone else "x" for gone in empty), ".".join(parts))
    add("flattened JSON", f'{{"protected":"{h}","payload":"{p}","signature":"{s}"}}')
    add("general JSON", f'{{"payload":"{p}","signatures":[{{"protected":"{h}","signature":"{s}"}}]}}')
    for name, blank in (("space", " "), ("tab", "\t"), ("CR", "\r"), ("LF", "\n")):
        add(f"{name} before", blank + good)
        add(f"{name} after", good + blank)
        add(f"{name} inside", f"{h}.{p[:9]}{blank}{p[9:]}.{s}")
    add("NUL inside the payload", f"{h}.{p[:9]}\0{p[9:]}.{s}")
    add("NUL before the signature", f"{h}.{p}\0.{s}")
    add("128 KiB", sized_token(corpus, 128 * 1024), "ok")
    add("128 KiB and one", sized_token(corpus, 128 * 1024 + 1))
    add("9 MB", good, padding=9_000_000)


def aligned(corpus, part, rest):
    """Parts of a good token, of which PART has REST characters after the last full group and all 64 are in use."""
    for fill in range(3):
        filler = f',"fill":"{"x" * fill}","signs":"???>>>~~~???>>>~~~"'
        head = '{"alg":"RS256","kid":"rsa"' + (filler if part == 0 else "") + "}"
        parts = corpus.token(claims(extra=filler if part == 1 else ""), head).split(".")
        if len(parts[part]) % 4 in rest:
            return parts
    raise AssertionError(part)


def signed_again(corpus, parts, part):
    """What is signed is the changed text, so that only the spelling is wrong."""
    if part < 2:
        signed = ".".join(parts[:2])
        parts[2] = jose.b64(corpus.keys.rsa["main"].sign("RS256", signed.encode("latin-1")))
    return ".".join(parts).encode("latin-1")


def spellings(text):
    yield "one =", text + "="
    yield "two =", text + "=="
    yield "+ for -", text.replace("-", "+", 1)
    yield "/ for _", text.replace("_", "/", 1)
    yield "space", text[:4] + " " + text[4:]
    yield "LF", text[:4] + "\n" + text[4:]
    yield "%2D for -", text.replace("-", "%2D", 1)
    yield "byte 0x80", text[:4] + "\x80" + text[4:]
    yield "unused bits", text[:-1] + ALPHABET[ALPHABET.index(text[-1]) ^ 1]
    yield "junk after #", text + "#x"


def add_base64(corpus):
    for part, name in enumerate(("header", "payload", "signature")):
        parts = aligned(corpus, part, (2, 3))
        for spelling, text in spellings(parts[part]):
            assert text != parts[part], (name, spelling)
            changed = parts[:part] + [text] + parts[part + 1:]
            corpus.add("B", "IDT-03", f"{name}: {spelling}", FORMAT, signed_again(corpus, changed, part))
        parts = aligned(corpus, part, (0, 2) if part == 2 else (0,))
        parts[part] += "AAA" if len(parts[part]) % 4 == 2 else "A"
        corpus.add("B", "IDT-03", f"{name}: one character too many", FORMAT, signed_again(corpus, parts, part))


def nested(depth):
    return '{"alg":"RS256","kid":"rsa","x":' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


def add_header(corpus):
    def add(name, text, expect=FORMAT):
        corpus.add("H", "IDT-04", name, expect, corpus.token(head=text))

    good = '{"alg":"RS256","kid":"rsa"}'
    for text in ("[]", '"x"', "1", "true", "null", '["alg","RS256"]'):
        add(f"not an object: {text}", text)
    add("empty object", "{}", "idtoken_alg")
    add("alg twice, none first", '{"alg":"none","alg":"RS256","kid":"rsa"}')
    add("alg twice, none last", '{"alg":"RS256","alg":"none","kid":"rsa"}')
    add("kid twice", '{"alg":"RS256","kid":"rsa","kid":"rsa"}')
    add("alg twice, one escaped", '{"alg":"RS256","\\u0061lg":"none","kid":"rsa"}')
    add("NUL and garbage after the object", good.encode() + b"\0garbage")
    add("a second object", good + good)
    add("byte order mark", b"\xef\xbb\xbf" + good.encode())
    add("UTF-16", good.encode("utf-16"))
    add("invalid UTF-8", good.replace("rsa", "rsa\xff").encode("latin-1"))
    add("overlong UTF-8", good.replace("rsa", "rsa\xc0\xaf").encode("latin-1"))
    add("lone surrogate", good.replace('"rsa"', '"\\ud800"'))
    add("comment", good.replace(",", "/* */,"))
    add("trailing comma", good.replace("}", ",}"))
    add("depth 16", nested(16), "ok")
    add("depth 17", nested(17))
    add("64 KB of unknown member", good.replace("}", f',"x":"{"x" * 65536}"}}'), "ok")
    add("unknown member", good.replace("}", ',"unknown":{"a":[1]}}'), "ok")
    add("white space", '\n{ "alg" :\t"RS256" ,\r\n "kid":"rsa" } ', "ok")
    add("the names escaped", '{"\\u0061lg":"RS\\u003256","kid":"rsa"}', "ok")


def add_all(corpus):
    add_structure(corpus)
    add_base64(corpus)
    add_header(corpus)
