# SPDX-License-Identifier: Apache-2.0
"""The parts of the tests: what each needs, how it is run, how its results are counted."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SIDE_BY_SIDE = 2


def environment(**more):
    env = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_OIDC")}
    env["PYTHONPATH"] = str(TESTS / "tools")
    env.update({name: str(value) for name, value in more.items()})
    return env


def execute(command, log, limit, env):
    """Runs COMMAND with its output in LOG; False when it failed or took longer than LIMIT seconds."""
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env,
                                   cwd=ROOT)
        try:
            return process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            out.write(f"\ngave up after {limit} s\n".encode())
            return False


def count_junit(path):
    """Passed, failed and skipped of a JUnit file; a skipped test counts as failed, because nothing skips in silence."""
    passed = failed = 0
    if not path.exists():
        return 0, 1
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        passed, failed = passed + (not bad), failed + bad
    return passed, failed


def as_root(command, env):
    """COMMAND where it may do what only root may: networks, mounts and users of its own. Nothing but the reports is left in
    the checkout of somebody who is not root."""
    if os.geteuid() == 0:
        return command
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    cache = os.environ.get("LATCHKEY_TEST_CACHE") or f"{home}/latchkey-tests"
    own = {name: value for name, value in env.items() if name == "PATH" or os.environ.get(name) != value}
    own |= {"LATCHKEY_TEST_CACHE": cache, "PYTHONDONTWRITEBYTECODE": "1"}
    return ["sudo", "-E", "env", *(f"{name}={value}" for name, value in own.items()), *command]


@dataclass
class Part:
    """NAME, what it is for, the parts of setup.sh that it needs, presets that must be built."""
    name: str
    text: str
    needs: list = field(default_factory=list)
    presets: list = field(default_factory=lambda: ["dev"])
    limit: int = 1800

    def run(self, log, report):
        raise NotImplementedError


@dataclass
class Ctest(Part):
    """C programs of one or more folders, through ctest."""
    folders: list = field(default_factory=list)

    def run(self, log, report):
        junit = report.with_suffix(".xml")
        junit.unlink(missing_ok=True)
        pattern = "|".join(f"^{folder}/" for folder in self.folders)
        env = environment(LATCHKEY_IDS=report.with_suffix(".ids"), **SANITIZER_OPTIONS)
        good = execute(["ctest", "--test-dir", f"build/{self.presets[0]}", "-R", pattern, "--output-on-failure", "-j2",
                        "--output-junit", junit], log, self.limit, env)
        passed, failed = count_junit(junit)
        return passed, max(failed, 0 if good else 1), ""


@dataclass
class Pytest(Part):
    """A folder of pytest files against the program of a preset, its files dealt out to some processes."""
    folder: str = ""
    shards: int = 1

    def run(self, log, report):
        hands = deal(sorted((TESTS / self.folder).glob("test_*.py")), self.shards)
        with ThreadPoolExecutor(max_workers=self.shards) as pool:
            results = list(pool.map(lambda hand: self.run_shard(hand, log, report), enumerate(hands)))
        gather([log.with_suffix(f".{number}.log") for number in range(len(hands))], log)
        return sum(passed for passed, _ in results), sum(failed for _, failed in results), ""

    def run_shard(self, hand, log, report):
        number, files = hand
        junit = Path(f"{report}.{number}.xml")
        junit.unlink(missing_ok=True)
        program = ROOT / "build" / self.presets[0] / "latchkey" if self.presets else ""
        env = environment(LATCHKEY=program, LATCHKEY_TEST_PYTHON=sys.executable, **SANITIZER_OPTIONS)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "ids", f"--ids-file={report}.{number}.ids",
                   "-p", "no:cacheprovider", "--durations=5", f"--junitxml={junit}", *files]
        good = execute(as_root(command, env), log.with_suffix(f".{number}.log"), self.limit, env)
        passed, failed = count_junit(junit)
        return passed, max(failed, 0 if good else 1)


def deal(files, hands):
    """Files dealt out so that the hands are about equally long; a file's length stands for its time."""
    dealt = [[] for _ in range(min(hands, len(files)) or 1)]
    for file in sorted(files, key=lambda file: -file.stat().st_size):
        min(dealt, key=lambda hand: sum(item.stat().st_size for item in hand)).append(file)
    return [hand for hand in dealt if hand]


def gather(logs, whole):
    with open(whole, "ab") as out:
        for log in logs:
            out.write(log.read_bytes() if log.exists() else b"")


@dataclass
class Script(Part):
    """A script whose last line is 'N passed, M failed'."""
    command: list = field(default_factory=list)

    def run(self, log, report):
        env = environment(LATCHKEY=ROOT / "build" / self.presets[0] / "latchkey" if self.presets else "")
        good = execute(self.command, log, self.limit, env)
        lines = log.read_text(errors="replace").strip().splitlines()
        found = re.fullmatch(r"(?:\w+: )?(\d+) passed, (\d+) failed.*", lines[-1]) if lines else None
        if not found:
            return 0, 1, "no summary line"
        return int(found[1]), max(int(found[2]), 0 if good else 1), ""


SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}

# The longest first: what is short fills up beside it.
EVERYDAY = [
    Pytest("flows", "stories with the real program and the test issuer", ["python", "fault", "shells"], folder="flows", shards=4),
    Pytest("keyring", "refresh tokens in a real keyring, and in one that fails", ["python", "fault", "keyring"],
           folder="keyring", shards=3),
    Pytest("browser", "logins in a real browser", ["browser"], folder="browser"),
    Pytest("issuer", "the test issuer itself", ["python"], presets=[], folder="issuer"),
    Ctest("unit", "one program per module", ["unit"], folders=["unit"]),
    Ctest("attack", "hostile tokens and key sets, Wycheproof", folders=["attack"]),
    Ctest("fuzz", "the fuzz targets replay their corpora", folders=["fuzz"]),
    Script("lint", "layers, owners, limits, options", ["lint"], command=["bash", "tests/lint/run.sh"]),
]
FURTHER = [
    Pytest("flows-asan", "the stories under gcc's sanitizers", presets=["asan"], folder="flows", shards=4,
           limit=3600),
    Pytest("fault", "failing calls, kill points, full disks", ["fault"], folder="fault", limit=3000),
    Pytest("keyring-asan", "the keyring's stories under gcc's sanitizers", ["python", "fault", "keyring"], presets=["asan"],
           folder="keyring", shards=3, limit=1800),
    Ctest("unit-clang", "unit, attack and fuzz replay under clang's sanitizers", ["clang"], presets=["asan-clang"],
          folders=["unit", "attack", "fuzz"]),
    Pytest("cluster", "a real kube-apiserver and kubectl", ["cluster"], folder="cluster", limit=3600),
]
ALONE = [
    Script("bench", "the cached answer against true and the peer", command=[sys.executable, "tests/bench/bench.py", "--check"]),
    Script("background", "a thousand calls, none of which waits for the network",
           command=[sys.executable, "tests/bench/background.py"]),
]


def build_cluster():
    """Starts the long build of kube-apiserver; the cluster part waits for it, its lock keeps a second one away."""
    log = open(ROOT / "build" / "tests" / "build-cluster.log", "wb")
    subprocess.Popen(["bash", TESTS / "cluster" / "build.sh"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def prepare(chosen):
    """Installs what the parts need and builds what they run."""
    needs = sorted({need for part in chosen for need in part.needs} - {"python", "unit"})
    if needs:
        subprocess.run(["bash", TESTS / "tools" / "setup.sh", *needs], check=True)
    if any(part.name == "cluster" for part in chosen):
        build_cluster()
    presets = [preset for preset in ("dev", "asan", "asan-clang") if any(preset in part.presets for part in chosen)]
    for preset in presets:
        print(f"building {preset}", flush=True)
        log = ROOT / "build" / "tests" / f"build-{preset}.log"
        good = execute(["cmake", "--preset", preset], log, 300, environment()) and \
            execute(["cmake", "--build", "--preset", preset], log, 1800, environment())
        if not good:
            print(log.read_text(errors="replace")[-6000:])
            raise subprocess.CalledProcessError(1, ["cmake", "--build", "--preset", preset])
