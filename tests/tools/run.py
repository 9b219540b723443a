# SPDX-License-Identifier: Apache-2.0
"""Runs the parts of the tests, some side by side, and ends with one summary whose last line is 'N passed, M failed'."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import coverage_of_ids
import parts

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """One run: where its files go, what came of each part."""

    def __init__(self, build):
        self.build = build
        self.results = {}
        self.lock = threading.Lock()

    def execute(self, part):
        started = time.monotonic()
        log = self.build / f"{part.name}.log"
        report = self.build / part.name
        passed, failed, note = part.run(log, report)
        if passed + failed == 0:
            failed, note = 1, "ran no test"
        with self.lock:
            self.results[part.name] = (passed, failed, time.monotonic() - started, note)
            word = "ok" if failed == 0 else "FAILED"
            print(f"{word:7}{part.name:12}{passed:6} passed{failed:5} failed{self.results[part.name][2]:8.1f} s  {note}",
                  flush=True)
            if failed:
                show_tail(log)


def show_tail(log, lines=60):
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    for line in text[-lines:]:
        print(f"    {line}")
    print(f"    (the whole output: {log.relative_to(ROOT)})", flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true", help="also the cluster, faults, sanitizers and the benchmark")
    parser.add_argument("--list", action="store_true", help="name the parts")
    parser.add_argument("part", nargs="*")
    return parser.parse_args()


def choose(options):
    if options.part:
        known = {part.name: part for part in parts.EVERYDAY + parts.FURTHER + parts.ALONE}
        unknown = [name for name in options.part if name not in known]
        if unknown:
            sys.exit(f"unknown part: {', '.join(unknown)}")
        return [known[name] for name in options.part], []
    if options.all:
        return parts.EVERYDAY + parts.FURTHER, parts.ALONE
    return parts.EVERYDAY, []


def main():
    options = arguments()
    if options.list:
        for part in parts.EVERYDAY + parts.FURTHER + parts.ALONE:
            print(f"{part.name:12} {part.text}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    beside, alone = choose(options)
    build = ROOT / "build" / "tests"
    build.mkdir(parents=True, exist_ok=True)
    for old in list(build.glob("*.ids")) + list(build.glob("*.log")):
        old.unlink()
    os.chdir(ROOT)
    run = Run(build)
    parts.prepare(beside + alone)
    with ThreadPoolExecutor(max_workers=parts.SIDE_BY_SIDE) as pool:
        list(pool.map(run.execute, beside))
    for part in alone:
        run.execute(part)
    return summary(run, time.monotonic() - started, complete=not options.part)


def summary(run, seconds, complete):
    passed = sum(result[0] for result in run.results.values())
    failed = sum(result[1] for result in run.results.values())
    print("\nSummary")
    for name, (good, bad, took, note) in run.results.items():
        print(f"  {name:12}{good:6} passed{bad:5} failed{took:8.1f} s  {note}")
    if complete:
        coverage_of_ids.report(run.build)
    print(f"  all of it took {seconds:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
    except subprocess.CalledProcessError as error:
        sys.exit(f"failed: {' '.join(map(str, error.cmd))}\n0 passed, 1 failed")
