# SPDX-License-Identifier: Apache-2.0
"""The QR code of a device login: what a camera reads from the terminal, and where there is none."""

import pytest
from picture import qr_rows, read_qr_code
from terminal import CTRL_C, Seat

SHOWN = r"It shows the code (\d{9}); at \S+ the code can be entered as well\.\r\n"
STATUS = r"left for the code"


@pytest.fixture
def device(kube, issuer):
    issuer.configure(device_interval=1)
    kube.flags += ["--grant-type=device-code", "--skip-open-browser"]
    return kube


def screen(device, columns=200, **environment):
    """The terminal after the code was shown, and the code."""
    seat = Seat(device, "get-token", columns=columns, **environment)
    code = seat.expect(SHOWN)[1]
    seat.expect(STATUS)
    seat.press(CTRL_C)
    shown = seat.seen
    assert seat.wait().code == "interrupted"
    return shown, code


@pytest.mark.parametrize("locale", [{"LANG": "C.UTF-8"}, {"LANG": "C"}, {"LC_ALL": "de_DE.utf8", "LANG": "C"}])
def test_a_camera_reads_the_address_with_the_code(device, issuer, tmp_path, locale):
    shown, code = screen(device, **locale)
    assert read_qr_code(shown, tmp_path) == f"{issuer.base_url}/device?code={code}"


def test_without_a_complete_address_it_is_the_page(device, issuer, tmp_path):
    issuer.fault("device", json_patch={"verification_uri_complete": None})
    seat = Seat(device, "get-token")
    seat.expect(STATUS)
    seat.press(CTRL_C)
    shown = seat.seen
    seat.wait()
    assert read_qr_code(shown, tmp_path) == f"{issuer.base_url}/device"


def test_half_blocks_take_half_the_lines(device, issuer):
    rows = qr_rows(screen(device)[0])
    assert len(rows) in (len(rows[0]), len(rows[0]) + 1)
    shown, _ = screen(device)
    assert sum("\u2580" in line or "\u2588" in line for line in shown.split("\n")) <= 20


@pytest.mark.parametrize("columns, environment", [(30, {}), (60, {"LANG": "C"}), (200, {"TERM": "dumb"})])
def test_where_it_does_not_fit_the_text_stands_alone(device, issuer, columns, environment):
    seat = Seat(device, "get-token", columns=columns, **environment)
    seat.expect(SHOWN)
    issuer.wait_for("token")
    issuer.approve_device()
    assert seat.wait().status == 0
    assert "48;5;" not in seat.seen


def test_without_a_terminal_there_is_none(device, issuer):
    running = device.start("get-token", TERM="xterm")
    issuer.wait_for("token")
    issuer.approve_device()
    assert "\x1b" not in running.wait().err
