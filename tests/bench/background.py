# SPDX-License-Identifier: Apache-2.0
"""A kubectl that never waits: 1,000 calls over ten lifetimes of a token at a slow issuer; none meets the network."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from issuer.client import BROWSER, Issuer  # noqa: E402

CALLS, LIFETIMES, LIFETIME, LATENCY_MS = 1000, 10, 12, 300
# What a call writes at -v2 when it asks the issuer or waits for somebody who does.
MEETS_THE_NETWORK = re.compile(r"status \d+, \d+ bytes|another process has the session's lock|^(warning|error): ", re.MULTILINE)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default=os.environ.get("LATCHKEY") or ROOT / "build" / "release" / "latchkey")
    return parser.parse_args()


def call(command, environment):
    """Seconds, and what went wrong or came over the network; None for nothing."""
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=60)
    took = time.monotonic() - started
    met = done.returncode != 0 or '"token"' not in done.stdout or MEETS_THE_NETWORK.search(done.stderr)
    return took, done.stderr if met else None


def spread(command, environment):
    """The calls, evenly over the lifetimes: their times, and the complaints."""
    times, complaints = [], []
    begun = time.monotonic()
    for number in range(1, CALLS):
        pause = begun + number * LIFETIMES * LIFETIME / CALLS - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        took, complaint = call(command, environment)
        times.append(took)
        if complaint is not None:
            complaints.append(f"call {number}: {complaint}")
    return times, complaints


def check(passed, text):
    print(f"{'ok' if passed else 'FAILED':7}{text}")
    return passed


def judge(issuer, times, complaints):
    spent = Counter(entry["form"]["refresh_token"][0] for entry in issuer.requests("token") if "refresh_token" in entry["form"])
    logins = issuer.count("token") - sum(spent.values())
    slowest = max(times)
    print(f"       {len(times)} calls: median {sorted(times)[len(times) // 2] * 1e3:.1f} ms, slowest {slowest * 1e3:.1f} ms; "
          f"{sum(spent.values())} refreshes of {LATENCY_MS} ms each")
    print("\n".join(complaints[:3]))
    return [check(not complaints, f"{len(complaints)} calls met the network"),
            check(sum(took * 1000 >= LATENCY_MS for took in times) < CALLS / 200, "the calls take less than a request does"),
            check(sum(spent.values()) >= LIFETIMES - 1, "the session was refreshed in each lifetime"),
            check(not spent or max(spent.values()) == 1, "no refresh token was spent twice"),
            check(logins == 1, f"{logins} login")]


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as directory, \
            Issuer(directory, access_ttl=LIFETIME, single_use_refresh="family") as issuer:
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "BROWSER": str(BROWSER)}
        command = [str(options.program), "get-token", f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                   f"--certificate-authority={issuer.ca_file}", "--background-refresh=true", "-v2"]
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=60)
        issuer.fault("*", times=-1, delay_ms=LATENCY_MS)
        passed = judge(issuer, *spread(command, environment))
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
