# SPDX-License-Identifier: Apache-2.0
"""The command line: commands, help, version, names of links, and the grammar of every flag."""

import re

import pytest
from flags import ALL, DEPRECATED, ISSUER, SHOWN, WITHOUT_EFFECT, spellings
from program import Program

ids = pytest.mark.ids
LOGIN = [f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=kubernetes"]
# Refused before anything else happens: what comes before it in the order of checks is in order.
STOP = ["--grant-type=nothing"]


def link(program, name):
    """The program under another name."""
    path = program.directory / name
    path.symlink_to(program.path.resolve())
    return Program(program.directory, path)


# Commands and help

@ids("K7-1")
@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"], ["help", "help"]])
def test_the_bare_program_shows_help(program, words):
    result = program.bare(*words)
    assert result.status == 0 and result.err == ""
    for command in ("get-token", "login", "clean", "version", "help"):
        assert re.search(rf"^  {command} +\S", result.out, re.M), result.out


@ids("K7-2")
@pytest.mark.parametrize("command", ["get-token", "login"])
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_lists_every_flag_that_is_not_deprecated(program, command, word):
    result = program.bare(command, word)
    assert result.status == 0 and result.err == ""
    listed = re.findall(r"^ +(?:-\w, )?--([\w-]+)", result.out, re.M)
    assert listed == [name for name, *_ in SHOWN if name != "output" or command == "get-token"] + ["v", "help"]


DEFAULTS = {"oidc-auto-scopes": "auto", "token-cache-storage": "disk", "http-timeout-sec": "30",
            "oidc-pkce-method": "auto", "grant-type": "auto", "redirect-probe": "auto",
            "listen-address": "127.0.0.1:8000,127.0.0.1:18000", "authentication-timeout-sec": "180",
            "token-cache-dir": "$KUBECACHEDIR/latchkey, else ~/.kube/cache/latchkey"}


@ids("K7-2")
def test_help_tells_the_defaults(program):
    text = re.sub(r"\n {8,}", " ", program.bare("get-token", "--help").out)
    found = re.findall(r"^ +(?:-\w, )?--([\w-]+).*\(default ([^()]*)\)$", text, re.M)
    assert dict(found).items() >= DEFAULTS.items()


@ids("K7-1")
@pytest.mark.parametrize("command", ["get-token", "login", "setup", "clean", "version"])
def test_each_command_has_help_on_stdout(program, command):
    for words in ([command, "--help"], ["help", command], [command, "-h"]):
        result = program.bare(*words)
        assert result.status == 0 and result.err == ""
        assert f"latchkey {command} [flags]" in result.out


@ids("K7-1")
@pytest.mark.parametrize("command", ["doctor"])
def test_a_command_that_is_not_built_is_refused_by_name(program, command):
    for words in ([command], [command, *LOGIN], ["help", command]):
        result = program.bare(*words)
        assert result.code == "unsupported"
        assert f"'{command}'" in result.err


@pytest.mark.parametrize(("word", "nearest"), [("get-tokne", "latchkey get-token"), ("logn", "latchkey login"),
                                               ("cleen", "latchkey clean"), ("frobnicate", "--help"), ("setpu", "latchkey setup")])
def test_a_misspelt_command_is_answered_with_the_nearest_that_is_built(program, word, nearest):
    result = program.bare(word)
    assert result.code == "config"
    assert f'unknown command "{word}"' in result.err
    assert len(result.hints) == 1 and nearest in result.hints[0]


# Version and names

@ids("K7-14")
def test_version_tells_program_version_and_platform(program):
    result = program.bare("version")
    assert result.status == 0 and result.err == ""
    number = re.fullmatch(r"latchkey version (\d+\.\d+\.\d+\S*) \(linux/\w+\)\n", result.out)
    assert number, result.out
    assert program.bare("--version").out == f"latchkey version {number[1]}\n"


def test_verbose_version_binds_every_library(program):
    result = program.bare("version", "--verbose")
    assert result.status == 0
    for library in ("jansson", "libcurl", "libmicrohttpd", "OpenSSL", "libjwt"):
        assert re.search(rf"^{library} +\S", result.out, re.M), result.out


@pytest.mark.parametrize("library", ["curl", "microhttpd", "jwt"])
def test_a_library_that_cannot_be_loaded_is_named_with_its_package(program, library):
    soname = re.search(rf"lib{library}\.so\.\d+".encode(), program.path.read_bytes())[0].decode()
    folder = program.directory / "libraries"
    folder.mkdir()
    (folder / soname).write_text("no library")
    result = program.bare("version", "--verbose", LD_LIBRARY_PATH=str(folder))
    assert result.code == "library" and f"'{soname}'" in result.err
    assert result.hints == [f"install the package '{soname.replace('.so.', '')}'"]


@ids("T-16")
def test_a_name_of_the_program_does_not_reach_the_terminal_as_it_is(program):
    linked = link(program, "latch\x1b[31m")
    for words in ([], ["get-token", "--zzz"], ["zzz"]):
        result = linked.bare(*words)
        assert "\x1b" not in result.out + result.err and "latch\\u{1B}[31m" in result.out + result.err


@ids("K7-1")
@pytest.mark.parametrize(("name", "called"),
                         [("kubectl-oidc_login", "kubectl oidc-login"), ("kubelogin", "kubelogin"),
                          ("kubectl-latchkey", "kubectl latchkey")])
def test_messages_call_the_program_as_the_user_does(program, name, called):
    linked = link(program, name)
    assert f"{called} get-token [flags]" in linked.bare("get-token", "--help").out
    assert f'for "{called} get-token"' in linked.bare("get-token", *LOGIN, "stray").err
    assert f"'{called} get-token --help'" in linked.bare("get-token", "--oidc-isuer-url=x").err


# What is missing or wrong

@ids("K7-4")
@pytest.mark.parametrize(("words", "missing"),
                         [([], "oidc-issuer-url"), (["--oidc-client-id=x"], "oidc-issuer-url"),
                          (["--oidc-issuer-url="], "oidc-issuer-url"), (LOGIN[:1], "oidc-client-id"),
                          ([*LOGIN[:1], "--oidc-client-id="], "oidc-client-id")])
def test_the_issuer_and_then_the_client_are_required(program, words, missing):
    result = program.bare("get-token", *words)
    assert result.code == "config"
    assert result.err.startswith(f"error: --{missing} is missing [config]\n")
    assert len(result.hints) == 1


@ids("K7-5", "K7-24")
@pytest.mark.parametrize(("word", "text", "hint"), [
    ("--x", "unknown flag: --x", "--help"),
    ("--oidc-isuer-url=https://x", "unknown flag: --oidc-isuer-url", "--oidc-issuer-url"),
    ("--oidc-extra-scopes=a", "unknown flag: --oidc-extra-scopes", "--oidc-extra-scope?"),
    ("--issuer-url=a", "unknown flag: --issuer-url", "--oidc-issuer-url?"),
    ("--kubeconfig=a", "unknown flag: --kubeconfig", "'setup' prints the user entry"),
    ("--context=a", "unknown flag: --context", "'setup' prints the user entry"),
    ("--OIDC-ISSUER-URL=a", "unknown flag: --OIDC-ISSUER-URL", "--oidc-issuer-url?"),
    ("--oidc-scopes=a", "unknown flag: --oidc-scopes", "--oidc-extra-scope?"),
    ("--auth-timeout=a", "unknown flag: --auth-timeout", "--authentication-timeout-sec?"),
    ("--user=a", "unknown flag: --user", "--username?"),
    ("--oidc-use-pcke", "unknown flag: --oidc-use-pcke", "--oidc-use-pkce?"),
    ("--log-dir=a", "unknown flag: --log-dir", "--help"),
    ("--oidc-issuer=a", "unknown flag: --oidc-issuer", "--oidc-issuer-url?"),
    ("-x", "unknown shorthand flag: 'x' in -x", None),
    ("-hx", "unknown shorthand flag: 'x' in -hx", None),
])
def test_an_unknown_flag_is_answered_with_the_nearest(program, word, text, hint):
    result = program.bare("get-token", *LOGIN, word)
    assert result.code == "config"
    assert result.err.startswith(f"error: {text} [config]")
    assert "Usage" not in result.err
    assert hint is None or hint in result.hints[0]


@ids("K7-6")
@pytest.mark.parametrize("words",
                         [["stray"], ["--insecure-skip-tls-verify", "false"], ["--", "--oidc-client-id"],
                          ["-"], ["--", "--help"]])
def test_a_stray_word_is_an_error(program, words):
    result = program.bare("get-token", *LOGIN, *words)
    assert result.code == "config"
    assert result.err.startswith(f'error: unknown command "{words[-1]}" for "latchkey get-token"')


@pytest.mark.parametrize(("words", "text"), [
    (["--oidc-client-id"], "flag needs an argument: --oidc-client-id"),
    (["--authentication-timeout-sec=abc"],
     'invalid argument "abc" for "--authentication-timeout-sec" flag: '),
    (["--authentication-timeout-sec=1.5"],
     'invalid argument "1.5" for "--authentication-timeout-sec" flag: '),
    (["--authentication-timeout-sec=99999999999"],
     'invalid argument "99999999999" for "--authentication-timeout-sec" flag: value out of range'),
    (["-v", "-99999999999"], 'invalid argument "-99999999999" for "--v" flag: value out of range'),
    (["-v", "--99"], 'invalid argument "--99" for "--v" flag: not a whole number'),
    (["--force-refresh=yes"], 'invalid argument "yes" for "--force-refresh" flag: '),
    (["-v", "x"], 'invalid argument "x" for "--v" flag: '),
    (['--oidc-extra-scope="a'], 'invalid argument "\\"a" for "--oidc-extra-scope" flag: '),
    (["--authentication-timeout-sec=0"], "--authentication-timeout-sec must be between 1 and 86400, not 0 [config]"),
    (["--authentication-timeout-sec=-1"], "--authentication-timeout-sec must be between "),
    (["--http-timeout-sec=3601"], "--http-timeout-sec must be between 1 and 3600, not 3601 [config]"),
    (["--oidc-client-id=a\nb"], "--oidc-client-id holds a control character"),
    (["--oidc-client-secret=a\rb"], "--oidc-client-secret holds a control character"),
    (["--oidc-extra-scope=a\x7fb"], "--oidc-extra-scope holds a control character"),
])
def test_a_value_that_cannot_be_is_an_error(program, words, text):
    result = program.bare("get-token", *LOGIN, *words)
    assert result.code == "config"
    assert result.err.startswith("error: " + text.replace('\\"', '"')), result.err


def test_a_flag_without_its_argument_is_answered_with_how_to_write_it(program):
    assert program.bare("get-token", "--oidc-client-id").hints == ["write it as --oidc-client-id=ID"]


@ids("K7-10")
@pytest.mark.parametrize("name", ["oidc-auth-request-extra-params", "oidc-request-header"])
@pytest.mark.parametrize("value", ["foo", "a=1,b=2,foo"])
def test_a_pair_without_an_equals_sign_is_an_error(program, name, value):
    result = program.bare("get-token", *LOGIN, f"--{name}={value}")
    assert result.code == "config"
    shown = "..." if "header" in name else "foo"  # a header may be a secret
    assert f'for "--{name}" flag: {shown} must be formatted as key=value [config]' in result.err


@ids("T-36")
@pytest.mark.parametrize(("value", "shown"), [
    ("Authorization: Bearer hidden-1", "Authorization..."), ("hidden-1-" + "x" * 30, "..."),
    ("A=1,B: hidden-1,C=2", "B...")])
def test_a_header_without_an_equals_sign_is_not_repeated(program, value, shown):
    result = program.bare("get-token", *LOGIN, f"--oidc-request-header={value}")
    assert result.code == "config" and "hidden" not in result.err
    assert f'invalid argument "{shown}" for "--oidc-request-header" flag: {shown} must be formatted' in result.err
    assert result.hints == ["write it as --oidc-request-header=NAME=VALUE"]


@ids("T-36")
@pytest.mark.parametrize("value", ["Authorization: Bearer hidden-1=", "Authorization: Bearer hidden-1==",
                                   "Authorization hidden-1=x"])
def test_a_header_whose_name_holds_its_value_is_not_repeated(program, value):
    result = program.bare("login", *LOGIN, f"--oidc-request-header={value}")
    assert result.code == "config" and "hidden" not in result.err
    assert result.err.startswith("error: request header 'Authorization...': not a valid name [config]\n")
    assert result.hints == ["write it as --oidc-request-header=NAME=VALUE"]


CHOICES = [("grant-type", "auto|authcode|authcode-keyboard|password|device-code|client-credentials"),
           ("token-cache-storage", "disk|keyring|none|auto"), ("oidc-pkce-method", "auto|no|S256"),
           ("oidc-auto-scopes", "auto|true|false"), ("redirect-probe", "auto|always|never")]


@ids("K7-12")
@pytest.mark.parametrize("command", ["get-token", "login"])
@pytest.mark.parametrize(("name", "choices"), CHOICES)
def test_a_choice_that_is_none_names_those_that_are(program, command, name, choices):
    for value in ("foo", choices.split("|")[0].upper() + "x", ""):
        result = program.bare(command, *LOGIN, f"--{name}={value}")
        assert result.code == "config"
        assert result.err.startswith(f"error: {command}: {name} must be one of ({choices}), not '{value}' [config]\n")
        assert not result.hints


@ids("K7-12")
def test_choices_are_judged_in_a_fixed_order(program):
    words = [f"--{name}=foo" for name, _ in reversed(CHOICES[:3])]
    for name, _ in CHOICES[:3]:
        assert f"{name} must be one of" in program.bare("get-token", *LOGIN, *words).err
        words = [word for word in words if name not in word]


# The grammar of every flag

@ids("K7-3")
@pytest.mark.parametrize(("name", "kind", "value"), ALL, ids=[row[0] for row in ALL])
def test_every_flag_is_taken_in_every_spelling(program, name, kind, value):
    for words in spellings(name, kind, value):
        result = program.bare("get-token", *LOGIN, *STOP, *words, *STOP)
        assert result.code == "config" and "grant-type must be one of" in result.err, result.err


@ids("K7-2")
@pytest.mark.parametrize(("name", "kind", "value"), [row for row in ALL if row[1] != "switch"],
                         ids=lambda text: str(text))
def test_a_flag_that_needs_a_value_says_so(program, name, kind, value):
    result = program.bare("get-token", f"--{name}")
    assert result.code == "config"
    assert result.err.startswith(f"error: flag needs an argument: --{name} [config]")


@ids("K7-16")
@pytest.mark.parametrize(("name", "kind", "value"), DEPRECATED, ids=[row[0] for row in DEPRECATED])
def test_a_deprecated_flag_works_and_says_once_what_to_use(program, name, kind, value):
    result = program.bare("get-token", *LOGIN, *spellings(name, kind, value)[0], *STOP)
    assert result.code == "config"
    assert len(re.findall(rf"^warning: --{name} is deprecated: .*--", result.err, re.M)) == 1
    assert f"--{name}\n" not in program.bare("get-token", "--help").out


@ids("K7-16")
def test_the_storage_auto_of_an_old_kubeconfig_is_disk(program):
    result = program.bare("get-token", *LOGIN, "--token-cache-storage=auto", *STOP)
    assert result.code == "config" and "storage" not in result.err


@ids("K7-13")
@pytest.mark.parametrize("verbosity", [["-v1"], ["-v", "1"], ["-v=1"], ["--v=1"], ["--v", "1"]])
def test_verbosity_is_taken_before_and_after_the_command(program, verbosity):
    for words in ([*verbosity, "get-token", *LOGIN], ["get-token", *verbosity, *LOGIN], ["get-token", *LOGIN, *verbosity]):
        assert program.bare(*words, *STOP).code == "config"
    for command in ("clean", "version", "login"):
        assert program.bare(*verbosity, command, "--help").status == 0


@ids("K7-13")
@pytest.mark.parametrize(("name", "kind", "value"), WITHOUT_EFFECT, ids=[row[0] for row in WITHOUT_EFFECT])
def test_the_flags_of_the_peers_logger_are_taken_everywhere_without_effect(program, name, kind, value):
    for words in spellings(name, kind, value)[:2]:
        for command in ("clean", "version"):
            assert program.bare(*words, command, *words, "--help").status == 0
        result = program.bare(*words, "get-token", *LOGIN, *words, *STOP)
        assert result.code == "config"
        assert result.err.count("\n") == 1
