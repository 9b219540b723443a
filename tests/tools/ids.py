# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: tests say which checklist items they prove (@pytest.mark.ids), a file says which were proved."""

import os
import re

import pytest

ID = re.compile(r"[A-Z][A-Z0-9]*-[0-9A-Z]+")
PROPERTY = "ids"


def pytest_addoption(parser):
    parser.addoption("--ids-file", metavar="FILE",
                     help="append 'ID<TAB>test<TAB>passed|failed' for every id of every test that ran")


def pytest_configure(config):
    config.addinivalue_line("markers", "ids(*names): the checklist items that the test proves, like K7-20 or CB-08")
    if not hasattr(config, "workerinput"):  # under xdist only the controller writes
        config.pluginmanager.register(Recorder(config.getoption("--ids-file")), "ids-recorder")


def pytest_collection_modifyitems(items):
    for item in items:
        names = sorted({name for mark in item.iter_markers("ids") for name in mark.args})
        bad = [name for name in names if not ID.fullmatch(name)]
        if bad:
            raise pytest.UsageError(f"{item.nodeid}: not a checklist id: {', '.join(bad)}")
        if names:
            item.user_properties.append((PROPERTY, names))


class Recorder:
    """Joins the reports of a test's phases; anything but three passed phases counts as failed, a skip too."""

    def __init__(self, path):
        self.path = path
        self.bad = set()

    def pytest_runtest_logreport(self, report):
        if report.outcome != "passed":
            self.bad.add(report.nodeid)
        if report.when != "teardown":
            return
        outcome = "failed" if report.nodeid in self.bad else "passed"
        self.bad.discard(report.nodeid)
        names = dict(report.user_properties).get(PROPERTY, [])
        if self.path and names:
            append(self.path, "".join(f"{name}\t{report.nodeid}\t{outcome}\n" for name in names))


def append(path, text):
    """One write, so that lines of processes that share the file never mix."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
