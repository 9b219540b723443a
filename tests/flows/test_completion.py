# SPDX-License-Identifier: Apache-2.0
"""`latchkey completion`: what it offers is what the option table takes, and real shells take it up."""

import os
import re
import shutil
import subprocess

import pytest
from pseudo_terminal import Terminal

COMMANDS = ["get-token", "login", "setup", "whoami", "list", "logout", "clean", "version", "completion", "help"]


def offered(program, *words):
    """The candidates for the last of WORDS, and what else the shell is to do."""
    result = program.bare("__complete", *words)
    assert (result.status, result.err) == (0, "")
    *lines, directive = result.out.splitlines()
    return [line.split("\t")[0] for line in lines], directive


def flags_of_help(program, command):
    return re.findall(r"^ +(?:-\w, )?--([\w-]+)(?:=(\S+))?$", program.bare(*command, "--help").out, re.M)


# What is offered

def test_every_command_that_is_built_is_offered(program):
    assert offered(program, "")[0] == COMMANDS
    assert offered(program, "help", "")[0] == COMMANDS
    assert offered(program, "-v1", "lo")[0] == ["login", "logout"]


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS if name != "help")], ids=" ".join)
def test_the_flags_offered_are_those_of_help_and_their_values_too(program, command):
    flags = flags_of_help(program, command)
    assert flags
    assert offered(program, *command, "-") == ([f"--{name}" for name, _ in flags], ":4")
    for name, value in flags:
        values, directive = offered(program, *command, f"--{name}=")
        if "|" in value:
            assert values == value.split("|")
        elif not value:
            assert values == ["true", "false"]
        else:
            assert directive == {"FILE": ":0", "DIR": ":16", "SOURCE": ":6"}.get(value, ":4")
        if value:
            assert offered(program, *command, f"--{name}", "") == (values, directive)


@pytest.mark.parametrize(("words", "candidates"), [
    (["get-token", "--grant-type=auth"], ["authcode", "authcode-keyboard"]),
    (["get-token", "--grant-type", "dev"], ["device-code"]),
    (["get-token", "-o", "h"], ["header"]),
    (["get-token", "--skip-open-browser", ""], []),
    (["get-token", "--skip-open-browser", "--token-cache-s"], ["--token-cache-storage"]),
    (["--oidc-client-id", "x", "setup", "--grant"], ["--grant-type"]),
    (["login", "--client-assertion-source=k"], ["kubernetes"]), (["login", "--client-assertion-source=env"], ["env:"]),
    (["completion", ""], ["bash", "zsh", "fish"]), (["completion", "f"], ["fish"]), (["clean", "--grant"], []),
    (["get-token", "--nonsense="], []), (["nonsense", ""], []), (["get-token", "--vmod"], []), (["get-token", "--oidc-use-p"], [])])
def test_candidates(program, words, candidates):
    assert offered(program, *words)[0] == candidates


@pytest.mark.parametrize(("start", "directive"), [("", ":6"), ("e", ":6"), ("env:", ":6"), ("g", ":4"), ("env:X", ":4")])
def test_no_space_follows_a_colon(program, start, directive):
    assert offered(program, "get-token", f"--client-assertion-source={start}")[1] == directive


@pytest.mark.parametrize("name", ["kubectl_complete-oidc_login", "kubectl_complete-latchkey"])
def test_kubectl_asks_under_a_name_of_its_own(program, name):
    asked = subprocess.run([program.path.parent / name, "get-token", "--grant-type=au"], capture_output=True, text=True,
                           timeout=60, check=True)
    assert asked.stdout == "auto\nauthcode\nauthcode-keyboard\n:4\n"
    nothing = subprocess.run([program.path.parent / name], capture_output=True, text=True, timeout=60, check=True)
    assert nothing.stdout.startswith("get-token\t")


def test_accounts_are_offered(kube):
    kube.get_token("--account=alice-at-work")
    kube.get_token("--account=other")
    words = ["get-token", f"--token-cache-dir={kube.cache}"]
    assert offered(kube, *words, "--account=") == (["alice-at-work", "other"], ":4")
    assert offered(kube, *words, "--account", "al") == (["alice-at-work"], ":4")
    assert offered(kube, "get-token", "--account=") == ([], ":4")
    kube.environment["LATCHKEY_TOKEN_CACHE_DIR"] = str(kube.cache)
    assert offered(kube, "login", "--account=o") == (["other"], ":4")


def test_other_shells_are_refused_by_name(program):
    for words, what in (([], "the shell is missing"), (["powershell"], "'powershell'"), (["bash", "zsh"], "zsh")):
        result = program.bare("completion", *words)
        assert result.code == "config" and what in result.err


# Real shells at a real terminal

SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], "source <(latchkey completion bash); bind 'set bell-style none'", "READY"),
    "zsh": (["-f", "-i"], "PROMPT_EOL_MARK=; autoload -U compinit; compinit -u -D; source <(latchkey completion zsh)", "READY"),
    "fish": (["--no-config", "-i"], "latchkey completion fish | source", "READY"),
}


class Shell:
    """A shell of a person at a terminal, whose PATH has the program."""

    def __init__(self, name, program, directory):
        words, prepare, self.ready = SHELLS[name]
        found = shutil.which(name)
        assert found, f"{name} is missing: run tests/tools/setup.sh shells"
        self.terminal = Terminal()
        self.process = subprocess.Popen(
            [found, *words], stdin=self.terminal.slave, stdout=self.terminal.slave, stderr=self.terminal.slave,
            preexec_fn=self.terminal.take, cwd=directory,
            env={"HOME": str(directory), "PATH": f"{program.path.absolute().parent}:{os.environ['PATH']}", "TERM": "dumb",
                 "LANG": "C.UTF-8"})
        self.enter(f"{prepare}; echo REA''DY")
        self.terminal.read_until(self.ready)

    def enter(self, line):
        self.terminal.press(line.encode() + b"\r")

    def complete(self, start):
        """What the shell makes of START and a tab: the words that a command then gets."""
        self.terminal.seen = ""
        self.terminal.press(start.encode() + b"\t")
        return self.terminal

    def end(self):
        self.process.kill()
        self.process.wait()
        self.terminal.hang_up()


@pytest.fixture(params=list(SHELLS))
def shell(request, program, tmp_path):
    (tmp_path / "certificate.pem").write_text("")
    (tmp_path / "cachefolder").mkdir()
    started = Shell(request.param, program, tmp_path)
    yield started
    started.end()


def test_a_label_that_a_shell_would_take_apart_stays_one_word(shell, kube):
    """And is never run: what is offered is written into a command line."""
    label = "al'ice $(touch trace) & co"
    assert kube.get_token(f"--account={label}").status == 0
    shell.enter(f"export LATCHKEY_TOKEN_CACHE_DIR={kube.cache}")
    shell.complete("latchkey get-token --account=al").read_until("co", 10)
    shell.enter("")
    shell.terminal.read_until("--oidc-issuer-url is missing", 10)  # nothing was left over
    assert not list(kube.directory.rglob("trace"))


@pytest.mark.parametrize(("start", "whole"), [
    ("latchkey get-t", "latchkey get-token "),
    ("latchkey get-token --grant-ty", "latchkey get-token --grant-type"),
    ("latchkey get-token --grant-type=dev", "latchkey get-token --grant-type=device-code"),
    ("latchkey get-token --grant-type dev", "latchkey get-token --grant-type device-code"),
    ("latchkey get-token --oidc-issuer-url=https://a.example:9/ --grant-type=dev", "--grant-type=device-code"),
    ("latchkey login --certificate-authority=certif", "--certificate-authority=certificate.pem"),
    ("latchkey login --certificate-authority certif", "--certificate-authority certificate.pem"),
    ("latchkey clean --token-cache-dir=cachef", "--token-cache-dir=cachefolder/"),
    ("kubectl-oidc_login logi", "kubectl-oidc_login login "), ("kubectl-latchkey completion zs", "kubectl-latchkey completion zsh")])
def test_a_shell_completes(shell, start, whole):
    assert shell.complete(start).read_until(whole.removeprefix(start) or whole)


@pytest.mark.parametrize("flag", ["--client-assertion-source=", "--client-assertion-source "])
@pytest.mark.parametrize("start", ["en", "env:"])
def test_what_follows_a_colon_is_typed_on(shell, program, tmp_path, flag, start):
    """Nothing is doubled, and no space ends the word."""
    front = tmp_path / "front" / "latchkey"
    front.parent.mkdir()
    front.write_text(f"#!/bin/sh\n[ \"$1\" != __complete ] || exec {program.path.absolute()} \"$@\"\nprintf '<%s>' \"$@\"\n")
    front.chmod(0o755)
    shell.enter(f"export PATH={front.parent}:$PATH; echo NE''XT")
    shell.terminal.read_until("NEXT")
    shell.complete(f"latchkey get-token {flag}{start}")
    shell.enter("NAME")
    words = "".join(f"<{word}>" for word in f"get-token {flag}env:NAME".split())
    shell.terminal.read_until(words, 20)


def test_the_optional_link_is_completed_too(shell, program, tmp_path):
    (tmp_path / "kubelogin").symlink_to(program.path.absolute())
    shell.enter(f"export PATH={tmp_path}:$PATH; echo NE''XT")
    shell.terminal.read_until("NEXT")
    shell.complete("kubelogin get-t").read_until("get-token ")
