# SPDX-License-Identifier: Apache-2.0
"""The cached answer beside /usr/bin/true and, where KUBELOGIN names one, int128/kubelogin; minima of one interleaved run."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from issuer.client import BROWSER, Issuer  # noqa: E402

RUNS = 500
WALL_LIMIT, MEMORY_LIMIT = 1.4, 4096
NEEDED = {"libjansson.so.4", "libc.so.6"}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--check", action="store_true", help="fail when a limit is not met")
    parser.add_argument("--program", default=os.environ.get("LATCHKEY") or ROOT / "build" / "release" / "latchkey")
    return parser.parse_args()


def measure(launcher, runs, commands):
    """Per command: minimum and median of wall time (ns) and CPU time (us), peak memory (kB)."""
    words = [launcher, str(runs)]
    for command in commands:
        words += ["--", *command]
    output = subprocess.run(words, check=True, capture_output=True, text=True, timeout=600).stdout
    return [[int(number) for number in line.split()] for line in output.splitlines()]


def log_in(command, environment):
    subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)


def needed(program):
    output = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    return {line.split("[")[1].rstrip("]") for line in output.splitlines() if "(NEEDED)" in line}


def check(passed, text):
    print(f"{'ok' if passed else 'FAILED':7}{text}")
    return passed


def table(names, figures):
    print(f"{'':10}{'wall min':>10}{'median':>10}{'CPU min':>10}{'median':>10}{'peak':>10}")
    for name, (wall, wall_median, cpu, cpu_median, peak) in zip(names, figures):
        print(f"{name:10}{wall / 1e6:8.3f}ms{wall_median / 1e6:8.3f}ms{cpu / 1e3:8.3f}ms{cpu_median / 1e3:8.3f}ms{peak:8}kB")


def commands_for(program, issuer, directory):
    """The commands to measure, each with a session in its cache."""
    flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
             f"--certificate-authority={issuer.ca_file}"]
    environment = {**os.environ, "CI": "false", "HOME": str(directory), "BROWSER": str(BROWSER)}
    ours = [str(program), "get-token", *flags, f"--token-cache-dir={directory}/ours"]
    log_in(ours, environment)
    names, commands = ["true", "latchkey"], [["/usr/bin/true"], ours]
    peer = os.environ.get("KUBELOGIN")
    if peer:
        theirs = [peer, "get-token", *flags, f"--token-cache-dir={directory}/theirs", f"--browser-command={BROWSER}"]
        log_in(theirs, environment)
        names, commands = [*names, "kubelogin"], [*commands, theirs]
    return names, commands


def main():
    options = arguments()
    launcher = ROOT / "build" / "dev" / "tests" / "bench" / "launcher"
    with tempfile.TemporaryDirectory() as directory, Issuer(directory, access_ttl=86400) as issuer:
        names, commands = commands_for(options.program, issuer, directory)
        figures = measure(launcher, options.runs, commands)
    table(names, figures)
    (true_wall, *_), (wall, _, _, _, peak) = figures[:2]
    passed = [check(wall <= WALL_LIMIT * true_wall, f"cached wall time is {wall / true_wall:.2f} times that of true "
                    f"(limit {WALL_LIMIT})"),
              check(peak <= MEMORY_LIMIT, f"peak memory is {peak} kB (limit {MEMORY_LIMIT})"),
              check(needed(options.program) <= NEEDED, f"needs {', '.join(sorted(needed(options.program)))}")]
    if len(figures) > 2:
        print(f"       kubelogin takes {figures[2][0] / wall:.1f} times our wall time, {figures[2][2] / max(1, figures[1][2]):.1f} "
              f"times our CPU time, {figures[2][4] / peak:.1f} times our memory")
    if options.check:
        print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
        return 0 if all(passed) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
