# SPDX-License-Identifier: Apache-2.0
"""A-C claims, A-F what a refresh adds, A-O the order of the checks."""
import json

import jose
from vectors import ACCESS, CLIENT, CODE, ISSUER, NONCE, NOW, claims, header

FORMAT, SIGNATURE = "idtoken_format", "idtoken_signature"


def q(text):
    return json.dumps(text, ensure_ascii=False)


def adder(corpus, claim, rules, code):
    """add(name, text, expect): one claim replaced by TEXT, None to leave it out."""
    def add(name, text, expect=code, extra="", **options):
        corpus.add_claims(rules, f"{claim}: {name}", expect, claims(extra, **{claim: text}), **options)
    return add


def add_issuer(corpus):
    add = adder(corpus, "iss", "IDT-10 K7-66", "idtoken_iss")
    for name, text in (("missing", None), ("null", "null"), ("a number", "1"), ("an array", f"[{q(ISSUER)}]"),
                       ("an object", "{}"), ("empty", '""'), ("with 1 behind", q(ISSUER + "1")),
                       ("upper-case host", q(ISSUER.replace("auth.example", "AUTH.example"))),
                       ("without the slash", q(ISSUER[:-1])), ("one slash more", q(ISSUER + "/")),
                       ("a space behind", q(ISSUER + " ")), ("a prefix", q(ISSUER[:20])), ("http", q(ISSUER.replace("https", "http"))),
                       ("a letter that looks alike", q(ISSUER.replace("a", "\u0430", 1))),
                       ("another tenant", q(ISSUER.replace("kubernetes", "grafana")))):
        add(name, text)
    add("NUL behind", q(ISSUER)[:-1] + '\\u0000"', FORMAT)
    add("escaped", q(ISSUER).replace("k", "\\u006b"), "ok")


def add_audience(corpus):
    add = adder(corpus, "aud", "IDT-11 K7-66", "idtoken_aud")
    for name, text in (("missing", None), ("null", "null"), ("empty", '""'), ("a number", "1"), ("an object", "{}"),
                       ("an empty array", "[]"), ("an array of null", "[null]"), ("an array of a number", "[1]"),
                       ("an array of empty text", '[""]'), ("another one", '["other"]'), ("an array in an array", f"[[{q(CLIENT)}]]"),
                       ("a number beside", f"[{q(CLIENT)},1]"), ("null beside", f"[{q(CLIENT)},null]"),
                       ("ours and another", f'[{q(CLIENT)},"other"]'), ("another and ours", f'["other",{q(CLIENT)}]'),
                       ("a prefix", q(CLIENT[:-1])), ("a suffix", q(CLIENT + "1")), ("other case", q(CLIENT.upper())),
                       ("ours in a list of text", q(f"other {CLIENT}")), ("joined", q(f'{CLIENT}", "other'))):
        add(name, text)
    many = "[" + ",".join([q(CLIENT)] + [f'"a{i}"' for i in range(9999)]) + "]"
    add("10,000 of them", many)
    add("an array of one", f"[{q(CLIENT)}]", "ok")
    add("ours twice", f"[{q(CLIENT)},{q(CLIENT)}]", "ok")
    add("a trusted one beside", f'[{q(CLIENT)},"trusted"]', "ok", trusted_audiences=["trusted"])
    add("a trusted one and another", f'[{q(CLIENT)},"trusted","other"]', trusted_audiences=["trusted"])
    add("only a trusted one", '["trusted"]', trusted_audiences=["trusted"])
    add("not judged", '["https://api.example"]', "ok", audience_unchecked=True)


def add_party(corpus):
    def add(name, azp, aud, expect, **options):
        payload = claims(f',"azp":{azp}' if azp else "", aud=aud)
        corpus.add_claims("IDT-12", f"azp: {name}", expect, payload, **options)

    one, two = q(CLIENT), f'[{q(CLIENT)},"other"]'
    add("ours", q(CLIENT), one, "ok")
    for name, text in (("another", '"other"'), ("a number", "1"), ("empty", '""'), ("an array", f"[{q(CLIENT)}]"),
                       ("other case", q(CLIENT.upper()))):
        add(name, text, one, "idtoken_azp")
    add("null", "null", one, "ok")
    add("missing, two audiences", None, two, "idtoken_aud")
    add("ours, two audiences", q(CLIENT), two, "ok")
    add("another, two audiences", '"other"', two, "idtoken_azp")
    add("another, a trusted audience", '"other"', two, "idtoken_azp", trusted_audiences=["other"])
    add("ours, and the audience is another", q(CLIENT), '"other"', "idtoken_aud")


def add_times(corpus):
    add = adder(corpus, "exp", "IDT-13 K7-66", "idtoken_exp")
    for name, text in (("missing", None), ("null", "null"), ("text", q(str(NOW + 300))), ("empty", '""'), ("false", "false"),
                       ("an array", "[]"), ("-1", "-1"), ("0", "0"), ("360 s ago", str(NOW - 360)), ("61 s ago", str(NOW - 61)),
                       ("60 s ago", str(NOW - 60)), ("1e300", "1e300"), ("2^53 + 1", str(2**53 + 1)), ("2^62", str(2**62))):
        add(name, text)
    for name, text in (("2^53", str(2**53)), ("as a real", f"{NOW + 300}.0"), ("with an exponent", "1.8000003e9")):
        add(name, text, "ok")
    for name, text in (("59 s ago", str(NOW - 59)), ("in half a second", f"{NOW}.5")):
        corpus.add_claims("IDT-13", f"exp: {name}, without a lifetime", "idtoken_exp", claims(exp=text, iat=str(NOW)))
        corpus.add_claims("IDT-13", f"exp: {name}", "ok", claims(exp=text, iat=str(NOW - 300)))
    for name, text in (("1e999", "1e999"), ("10^19", str(10**19)), ("1,000 digits", "9" * 1000), ("NaN", "NaN"), ("hexadecimal", "0x7fffffff")):
        add(name, text, FORMAT)
    add = adder(corpus, "iat", "IDT-14", "idtoken_iat")
    for name, text in (("missing", None), ("null", "null"), ("text", q(str(NOW))), ("301 s ahead", str(NOW + 301)), ("a week old", str(NOW - 604800)),
                       ("25 h old", str(NOW - 90000)), ("1e300", "1e300"), ("-1", "-1")):
        add(name, text)
    add("299 s ahead", str(NOW + 299), "ok")
    add("24 h old", str(NOW - 86400), "ok")
    add("as a real", f"{NOW - 1}.25", "ok")
    add("a week old, not fresh", str(NOW - 604800), "ok", fresh_login=None)
    add("-1, not fresh", "-1", fresh_login=None)
    add = adder(corpus, "nbf", "IDT-14 K7-66", "idtoken_nbf")
    for name, text in (("301 s ahead", str(NOW + 301)), ("text", q(str(NOW))), ("false", "false")):
        add(name, text)
    add("299 s ahead", str(NOW + 299), "ok")
    add("null", "null", "ok")


def add_subject(corpus):
    add = adder(corpus, "sub", "IDT-15", "idtoken_sub")
    for name, text in (("missing", None), ("null", "null"), ("empty", '""'), ("a number", "1"), ("an array", '["5f1c0b"]'),
                       ("256 bytes", q("s" * 256)), ("256 bytes of two each", q("\u00e9" * 128)), ("LF", '"5f\\n1c"'), ("ESC", '"5f\\u001b1c"'),
                       ("DEL", '"5f\\u007f1c"'), ("C1", '"5f\\u00851c"')):
        add(name, text)
    add("NUL", '"5f\\u00001c"', FORMAT)
    add("255 bytes", q("s" * 255), "ok")
    add("letters beyond ASCII", q("J\u00fcrgen \u674e \u00a0"), "ok")


def add_nonce(corpus):
    add = adder(corpus, "nonce", "IDT-16 K7-68", "idtoken_nonce")
    for name, text in (("missing", None), ("null", "null"), ("empty", '""'), ("with 1 behind", q(NONCE + "1")), ("a prefix", q(NONCE[:-1])),
                       ("other case", q(NONCE.swapcase())), ("a number", "1"), ("an array", f"[{q(NONCE)}]"),
                       ("another session's", q(NONCE[::-1])), ("the last letter", q(NONCE[:-1] + "x"))):
        add(name, text)
    add("NUL behind", q(NONCE)[:-1] + '\\u0000"', FORMAT)
    add("missing, and optional", None, "ok", nonce_optional=True)
    add("another, and optional", q(NONCE + "1"), nonce_optional=True)
    add("none was sent", None, "ok", nonce=None)


def add_hashes(corpus):
    for claim, text in (("at_hash", ACCESS), ("c_hash", CODE)):
        right = jose.half_hash("RS256", text)
        add = adder(corpus, claim, "IDT-17", "idtoken_at_hash")
        for name, value in (("wrong", q(jose.half_hash("RS256", text + "1"))), ("short", q(right[:-1])), ("empty", '""'), ("a number", "1"),
                            ("padded", q(right + "==")), ("of another digest", q(jose.half_hash("RS512", text)))):
            add(name, value)
        add("right", q(right), "ok")
        add("missing", None, "ok")
        add("null", "null", "ok")
        add("nothing to compare with", q("x"), "ok", access_token=None, code=None)
    for alg, name in (("RS512", "main"), ("EdDSA", "ed")):
        key = corpus.keys.rsa["main"] if name == "main" else corpus.keys.ed
        jwks = jose.key_set(key.jwk(kid="rsa", alg=alg))
        for hashed, expect in ((alg, "ok"), ("RS256", "idtoken_at_hash")):
            payload = claims(at_hash=q(jose.half_hash(hashed, ACCESS)))
            token = corpus.token(payload, header(alg=alg), key, alg)
            corpus.add("C", "IDT-17", f"at_hash: {hashed} with {alg}", expect, token, jwks)


def add_other(corpus):
    add = adder(corpus, "auth_time", "IDT-18", "idtoken_auth_time")
    add("not asked for", '"yesterday"', "ok")
    add("missing", None, "ok")
    adder(corpus, "acr", "IDT-18", "")("not asked for", '"0"', "ok")
    for claim in ("iss", "aud", "exp", "sub", "nonce", "iat"):
        good = dict(iss=q(ISSUER), aud=q(CLIENT), exp=str(NOW + 300), sub='"5f1c0b"', nonce=q(NONCE), iat=str(NOW))[claim]
        adder(corpus, claim, "IDT-04", FORMAT)("twice, the good one first", good, extra=f',"{claim}":"other"')
        adder(corpus, claim, "IDT-04", FORMAT)("twice, the good one last", '"other"', extra=f',"{claim}":{good}')


def add_payload(corpus):
    def add(name, payload, expect=FORMAT):
        corpus.add_claims("IDT-04 T-14", f"payload: {name}", expect, payload)

    for text in ("[]", '"x"', "1", "null", "true", f"[{claims()}]"):
        add(text[:4], text)
    add("an empty object", "{}", "idtoken_iss")
    add("NUL and garbage behind", claims().encode() + b"\0garbage")
    add("a second object behind", claims() + claims())
    add("white space around", f" \n{claims()}\t\r\n", "ok")
    add("invalid UTF-8", claims(email='"jane\xff"').encode("latin-1"))
    add("byte order mark", b"\xef\xbb\xbf" + claims().encode())
    add("depth 16", claims(',"x":' + "[" * 15 + "]" * 15), "ok")
    add("depth 17", claims(',"x":' + "[" * 16 + "]" * 16))
    add("depth 10,000", claims(',"x":' + "[" * 10000 + "]" * 10000))
    corpus.add("C", "IDT-02", "payload: 1 MB", FORMAT, corpus.token(claims(f',"x":"{"x" * 300000}"')))


def add_refresh(corpus):
    def add(name, expect, options, **changes):
        given = {"previous_subject": "5f1c0b", "nonce_optional": True, "fresh_login": None, **options}
        corpus.add("F", "REF-03", name, expect, corpus.token(claims(**changes)), **given)

    add("nothing changed", "ok", {})
    add("iss", "refresh_iss", {}, iss=q(ISSUER + "1"))
    add("no iss", "refresh_iss", {}, iss=None)
    add("sub", "refresh_sub", {}, sub='"5f1c0b1"')
    add("no sub", "refresh_sub", {}, sub=None)
    add("sub in another case", "refresh_sub", {}, sub='"5F1C0B"')
    add("aud", "refresh_aud", {}, aud='"other"')
    add("aud and another", "refresh_aud", {}, aud=f'[{q(CLIENT)},"other"]')
    add("azp", "idtoken_azp", {}, azp='"other"')
    add("iat older than before", "idtoken_iat", {"previous_issued_at": NOW})
    add("iat as before", "ok", {"previous_issued_at": NOW - 1})
    add("auth_time changed", "idtoken_auth_time", {"previous_auth_time": NOW - 3})
    add("auth_time as text", "idtoken_auth_time", {"previous_auth_time": NOW - 2}, auth_time=q(str(NOW - 2)))
    add("auth_time as before", "ok", {"previous_auth_time": NOW - 2})
    add("auth_time gone", "ok", {"previous_auth_time": NOW - 2}, auth_time=None)
    add("nonce gone", "ok", {}, nonce=None)
    add("nonce changed", "idtoken_nonce", {}, nonce=q(NONCE + "1"))
    add("expired", "idtoken_exp", {}, exp=str(NOW - 61))


def add_order(corpus):
    """Nothing in the payload is judged before the signature, and the first rule that is broken is the one that is named."""
    order = (("iss", q("https://evil.example/")), ("aud", '"other"'), ("azp", '"other"'), ("exp", "1"), ("iat", "1"),
             ("nbf", str(NOW + 3000)), ("sub", '""'), ("nonce", '""'), ("at_hash", '""'))
    for at, (claim, text) in enumerate(order):
        wrong = dict(order[at:])
        corpus.add("O", "IDT-19", f"{claim} before the rest", f"idtoken_{claim}", corpus.token(claims(**wrong)))
        token = corpus.token(claims(**{claim: text}), key=corpus.keys.rsa["other"])
        corpus.add("O", "IDT-19 IDT-01", f"the signature before {claim}", SIGNATURE, token)
    not_json = corpus.token(b"not JSON", key=corpus.keys.rsa["other"])
    corpus.add("O", "IDT-19", "the signature before the payload's JSON", SIGNATURE, not_json)


def add_all(corpus):
    for add in (add_issuer, add_audience, add_party, add_times, add_subject, add_nonce, add_hashes, add_other, add_payload,
                add_refresh, add_order):
        add(corpus)
