# SPDX-License-Identifier: Apache-2.0
"""How long "at once" may take: a machine whose cores are all busy keeps a process waiting for seconds.

What a limit tells apart from "at once" must be longer than PROMPT, or not need the clock."""

import time

PROMPT = 15  # seconds


def quickest(attempt, times=5, enough=0.0):
    """The least of the seconds that `attempt` gives, for a difference too small for a busy machine: ENOUGH ends it."""
    best = attempt()
    for _ in range(times - 1):
        if best < enough:
            break
        best = min(best, attempt())
    return best


def until(condition, what="it never came", patience=4 * PROMPT):
    """Waits for something that no descriptor tells; WHAT is the complaint when it never comes."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
