# SPDX-License-Identifier: Apache-2.0
"""`Ground`: an issuer, a session and the program, on which one fault after the other is tried and judged."""

import http.client
import json
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from issuer.browse import Browser
from issuer.client import Issuer
from program import Program, Result

LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
MAIN = re.compile(r"^(?:\d+ +)?poll\(\[\{fd=0")  # the first thing that main does
ERROR = re.compile(r"^error: .*\[\w+\]$", re.M)
VISIT = re.compile(rb"Please visit the following URL in your browser(?: manually)?: (\S+)\n")
PATIENCE = 90
LEFT_OVERS = (".cooldown", ".holder", ".bad", ".handout")


class Point:
    """One system call of a run: the OCCURRENCE-th one of its name, by which strace finds it."""

    def __init__(self, name, occurrence, text):
        self.name, self.occurrence, self.text = name, occurrence, text

    def __repr__(self):
        return f"{self.name} {self.occurrence}: {self.text[:100]}"

    def spoil(self, how):
        """The words before a program that spoil this call: HOW is "error=EIO" or "signal=KILL"."""
        return ["strace", "-o", "/dev/null", "-e", f"trace={self.name}", "-e",
                f"inject={self.name}:{how}:when={self.occurrence}"]


class Ground:
    def __init__(self, directory):
        self.issuer = Issuer(directory, tls=False, single_use_refresh="family")
        self.issuer.start()
        self.program = Program(directory)
        self.program.flags = [f"--oidc-issuer-url={self.issuer.url}", "--oidc-client-id=kubernetes",
                              f"--token-cache-dir={self.program.cache}", "--skip-open-browser",
                              "--listen-address=127.0.0.1:0"]

    def close(self):
        self.program.end_all()
        self.issuer.stop()

    @property
    def sessions(self):
        return list(self.program.cache.glob("*.json"))

    # Runs

    def run(self, before=(), timeout=1, **environment):
        """get-token, with a person who logs in within milliseconds when asked to."""
        running = self.program.start("get-token", f"--authentication-timeout-sec={timeout}",
                                     process={"before": list(before)}, **environment)
        heard = b""
        try:
            for line in running.process.stderr:
                heard += line
                asked = VISIT.search(heard)
                if asked:
                    visit(asked[1].decode())
                    break
            result = running.wait(PATIENCE)
        finally:
            self.program.end_all()
            self.program.running.clear()
        return Result(result.status, result.out, heard.decode(errors="replace") + result.err)

    def prepare_refresh(self):
        """A session whose token has expired and whose refresh token is live, and nothing else."""
        self.clear()
        if not self.sessions:
            result = self.run(timeout=60)
            assert result.status == 0, result.err
        self.program.expire()
        self.issuer.clear_log()

    def prepare_login(self):
        """Nothing but what is known of the issuer."""
        self.clear()
        for path in self.sessions:
            path.unlink()
        self.issuer.clear_log()

    def clear(self):
        for path in self.program.cache.glob("*"):
            if path.suffix in LEFT_OVERS:
                path.unlink()

    def record(self, prepare):
        """The system calls since main began of a run that nothing disturbs."""
        prepare(self)
        log = self.program.directory / "trace"
        result = self.run(["strace", "-y", "-s", "40", "-o", str(log)], timeout=60)
        assert result.status == 0, result.err
        lines = [line for line in log.read_text(errors="replace").splitlines() if LINE.match(line)]
        begin = next(number for number, line in enumerate(lines) if MAIN.match(line))
        seen, points = Counter(), []
        for number, line in enumerate(lines):
            name, text = LINE.match(line).groups()
            seen[name] += 1
            if number >= begin:
                points.append(Point(name, seen[name], text))
        return points

    # Judgement

    def judge(self, result, what):
        """An answer or a clean error, and what lies on the disk is whole."""
        assert result.status in (0, 1), f"{what}: status {result.status}: {result.err}"
        if result.status == 0:
            assert result.token.count(".") == 2, what
        else:
            assert result.out == "" and len(ERROR.findall(result.err)) == 1, f"{what}: {result}"
        self.judge_rest(what, 1 if result.status == 1 or "warning: " in result.err else 0)

    def judge_rest(self, what, most_logins):
        """The next run works, with at most so many logins: a session is lost only when that was said."""
        for path in self.sessions:
            assert json.loads(path.read_text())["id_token"], what
        self.clear()
        if self.sessions:
            self.program.expire()
        self.issuer.clear_log()
        after = self.run(timeout=60)
        assert after.status == 0, f"{what}: then {after.err}"
        logins = [entry for entry in self.issuer.requests("token") if entry["grant_type"] == "authorization_code"]
        assert len(logins) <= most_logins, f"{what}: {len(logins)} logins: {after.err}"
        assert not list(self.program.cache.glob(".tok.*")), what


def visit(url):
    """What a person does; the program may end in between."""
    try:
        Browser().open(url)
    except (OSError, RuntimeError, http.client.HTTPException):
        return


def side_by_side(grounds, cases, function):
    """Calls FUNCTION(ground, case) for every case, as many at once as there are grounds; gives all failures."""
    free, failures = list(grounds), []

    def one(case):
        ground = free.pop()
        try:
            function(ground, case)
        except AssertionError as failure:
            failures.append(str(failure).split("\nassert")[0])
        finally:
            free.append(ground)
    with ThreadPoolExecutor(max_workers=len(grounds)) as pool:
        list(pool.map(one, cases))
    return failures


def some(items, count):
    """At most COUNT of the items, evenly spread, the first and the last among them."""
    items = list(items)
    if len(items) <= count:
        return items
    return [items[round(number * (len(items) - 1) / (count - 1))] for number in range(count)]
