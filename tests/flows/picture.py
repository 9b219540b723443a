# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows, as a picture: enough of it for a QR code."""

import re
import subprocess

PIXELS = 8
WIDE, DARK = "\x1b[38;5;16;48;5;231m", "\x1b[48;5;16m"
HALVES = {" ": (255, 255), "\u2580": (0, 255), "\u2584": (255, 0), "\u2588": (0, 0)}


def rows_of_halves(lines):
    for line in lines:
        pairs = [HALVES[sign] for sign in line.removeprefix(WIDE).removesuffix("\x1b[0m")]
        yield [pair[0] for pair in pairs]
        yield [pair[1] for pair in pairs]


def rows_of_spaces(lines):
    for line in lines:
        yield [0 if number == "16" else 255 for number in re.findall(r"\x1b\[48;5;(16|231)m  ", line)]


def qr_rows(screen):
    """The modules of the one QR code on a screen, as shades of grey."""
    lines = [line.rstrip("\r") for line in screen.split("\n")]
    halves = [line for line in lines if line.startswith(WIDE)]
    spaces = [line for line in lines if line.startswith(("\x1b[48;5;231m  ", DARK))]
    assert bool(halves) != bool(spaces), screen
    return list(rows_of_halves(halves) if halves else rows_of_spaces(spaces))


def read_qr_code(screen, folder):
    """What a camera would read."""
    rows = qr_rows(screen)
    width = len(rows[0])
    assert all(len(row) == width for row in rows)
    lines = [bytes(shade for shade in row for _ in range(PIXELS)) for row in rows for _ in range(PIXELS)]
    path = folder / "screen.pgm"
    path.write_bytes(b"P5 %d %d 255\n" % (width * PIXELS, len(rows) * PIXELS) + b"".join(lines))
    return subprocess.run(["zbarimg", "--nodbus", "--quiet", "--raw", path], capture_output=True, text=True, timeout=60,
                          check=True).stdout.strip()
