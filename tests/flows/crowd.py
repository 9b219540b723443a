# SPDX-License-Identifier: Apache-2.0
"""Many processes at once that want the same session."""

import json
import os
import signal

from wire import endpoints


def sanitized():
    """True when the program under test carries a sanitizer: it needs ten times the memory and thrice the time."""
    with open(os.environ["LATCHKEY"], "rb") as program:
        return b"__asan_init" in program.read()


CROWD = 30 if sanitized() else 100


def start(kube, count=CROWD, command="get-token", **environment):
    return [kube.start(command, **environment) for _ in range(count)]


def outcome(crowd, timeout=60):
    """The results of all, in the order of their start."""
    return [running.wait(timeout) for running in crowd]


def tokens(results):
    """The set of tokens that were printed; every one of the crowd must have got one."""
    failed = [result.err for result in results if result.status != 0]
    assert not failed, f"{len(failed)} of {len(results)} failed, the first: {failed[0]}"
    return {result.token for result in results}


def browsers(log):
    """What each browser saw when it started: a record per start."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def asked(issuer, name):
    """How many requests of one kind the crowd sent, the browser's own left out."""
    return endpoints(issuer).count(name)


def stopped_holder(kube, issuer, *flags, endpoint="token", **environment):
    """A process that holds the lock and stands still with its request on the way: its answer takes some seconds."""
    issuer.fault(endpoint, delay_ms=3000)
    holder = kube.start("get-token", *flags, **environment)
    issuer.wait_for(endpoint)
    holder.signal(signal.SIGSTOP)
    return holder
