# SPDX-License-Identifier: Apache-2.0
"""A flag with one dash or at the wrong command, a stray word: each is answered with what was probably meant."""

import pytest

STANDALONE = ("no kubeconfig is read or written here, as kubelogin did without a command: "
              "the command 'setup' prints the user entry by which kubectl runs 'get-token'")


@pytest.mark.parametrize(("words", "hint"), [
    (["get-token", "-oidc-issuer-url=https://x"], "did you mean --oidc-issuer-url? Long flags have two dashes"),
    (["get-token", "-oidc-isuer-url", "https://x"], "did you mean --oidc-issuer-url? Long flags have two dashes"),
    (["get-token", "-x"], "'latchkey get-token --help' lists all flags"),
    (["--oidc-issuer-url=https://x"], "--oidc-issuer-url belongs to the command 'get-token'; 'latchkey --help' lists the flags of this one"),
    (["clean", "--oidc-client-id=x"], "--oidc-client-id belongs to the command 'get-token'; 'latchkey clean --help' lists the flags of this one"),
    (["get-token", "--verbose"], "--verbose belongs to the command 'version'; 'latchkey get-token --help' lists the flags of this one"),
    (["get-token", "--userinfo"], "--userinfo belongs to the command 'whoami'; 'latchkey get-token --help' lists the flags of this one"),
    (["clean", "--all"], "--all belongs to the command 'logout'; 'latchkey clean --help' lists the flags of this one"),
    (["version", "--version"], "--version stands alone, without a command"),
    (["--kubeconfig", "x"], STANDALONE), (["--context=x", "get-token"], STANDALONE), (["get-token", "--kubeconfig=x"], STANDALONE),
    (["get-token", "--skip-open-browser", "false"], "a switch takes its value behind an equals sign: --flag=false"),
    (["get-token", "stray"], "only flags are taken here: 'latchkey get-token --help' lists them"),
    (["doctor"], "'latchkey --help' lists the commands that are")])
def test_the_hint_names_what_was_probably_meant(program, words, hint):
    result = program.bare(*words)
    assert result.code in ("config", "unsupported")
    assert result.hints == [hint]


def test_a_secret_behind_one_dash_is_not_repeated(program):
    result = program.bare("get-token", "-oidc-client-secret=hidden-1")
    assert result.err.startswith("error: unknown shorthand flag: 'o' in -oidc-client-secret [config]\n")
    assert "hidden-1" not in result.err


def test_a_letter_that_is_none_does_not_reach_the_terminal(program):
    assert "\x1b" not in program.bare("get-token", "-\x1b[31mx").err
