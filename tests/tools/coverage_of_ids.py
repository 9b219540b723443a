# SPDX-License-Identifier: Apache-2.0
"""Which numbered rules (tests/ids.txt) this run has proved, from the *.ids files that the parts leave."""

from pathlib import Path
import xml.etree.ElementTree as ElementTree

LIST = Path(__file__).resolve().parents[1] / "ids.txt"


def wanted():
    lines = (line.split("#")[0].split() for line in LIST.read_text().splitlines())
    return [word for line in lines for word in line]


def failed_programs(build):
    """C tests note their ids when they start; those of a program that failed do not count."""
    failed = set()
    for report in build.glob("*.xml"):
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            if case.find("failure") is not None:
                failed.add(case.get("name", "").split("/")[-1])
    return failed


def proved(build):
    found, failed = set(), failed_programs(build)
    for path in build.glob("*.ids"):
        for line in path.read_text(errors="replace").splitlines():
            columns = line.split("\t")
            program = columns[1].split(":")[0].split("/")[-1].removesuffix(".c") if len(columns) > 1 else ""
            if columns[-1] != "failed" and program not in failed:
                found.add(columns[0])
    return found


def report(build):
    names, found = wanted(), proved(build)
    missing = [name for name in names if name not in found]
    print(f"  rules: {len(names) - len(missing)} of {len(names)} are proved by a test of this run")
    if missing:
        print(f"  rules without a test in this run: {' '.join(missing)}")
