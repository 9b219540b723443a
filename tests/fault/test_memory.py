# SPDX-License-Identifier: Apache-2.0
"""Memory may run out at any allocation: an answer or a clean error, nothing torn, nothing lost in silence."""

import subprocess
from pathlib import Path

import pytest
from ground import Ground, side_by_side, some

EVER = 1 << 40
SAMPLES = 200
PREPARE = {"refresh": Ground.prepare_refresh, "login": Ground.prepare_login}


@pytest.fixture(scope="module")
def scarce(tmp_path_factory):
    """The library that lets allocations fail."""
    library = tmp_path_factory.mktemp("scarce") / "scarce.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("scarce.c")], check=True)
    return str(library)


def count(ground, scarce, prepare):
    """How many allocations a run makes that nothing disturbs."""
    prepare(ground)
    report = ground.program.directory / "report"
    assert ground.run(timeout=60, LD_PRELOAD=scarce, SCARCE_REPORT=str(report)).status == 0
    return int(report.read_text())


@pytest.mark.ids("T-41")
@pytest.mark.parametrize("kind", PREPARE)
@pytest.mark.parametrize("how_long", [pytest.param(0, id="one fails"), pytest.param(EVER, id="all from one on")])
def test_an_allocation_that_fails(grounds, scarce, kind, how_long):
    prepare = PREPARE[kind]
    most = count(grounds[0], scarce, prepare)

    def spoil(ground, number):
        prepare(ground)
        result = ground.run(LD_PRELOAD=scarce, SCARCE_FROM=str(number), SCARCE_TO=str(number + how_long))
        assert result.status in (0, 1, 127), f"{number}: status {result.status}: {result.err}"
        if result.status == 127:  # the loader's own
            assert result.out == "" or result.out.endswith("}}\n")  # at the end, when the answer has been given
            ground.judge_rest(f"{kind}: allocation {number} of {most}", 0)
        else:
            ground.judge(result, f"{kind}: allocation {number} of {most}")
    assert side_by_side(grounds, some(range(1, most + 1), SAMPLES), spoil) == []
