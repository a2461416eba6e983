# SPDX-License-Identifier: GPL-2.0-or-later
"""What people and programs see of the command line."""

import json
import sys

import pytest

from offhook.cli.meter import bar
from offhook.cli.output import Colour, clean, colourful, duration, paint, print_json, print_table

SECOND = 1_000_000


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize(
    "dangerous",
    [
        "\x1b[2J",
        "a\nb",
        "a\rb",
        "\x9b1m",
        "\N{RIGHT-TO-LEFT OVERRIDE}gnp",
        "\x00",
        "\x7f",
        "\udc80",
    ],
)
def test_control_characters_of_others_never_reach_a_terminal(dangerous: str) -> None:
    assert clean(dangerous).isprintable()


def test_ordinary_text_stays_as_it_is() -> None:
    assert clean("Zoë 李 <sip:+49@x>") == "Zoë 李 <sip:+49@x>"


def test_columns_are_aligned_and_lines_end_without_spaces(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("A", "LONG", "C"), [("wider", "1", ""), ("x", "22222", "z\n")])
    assert capsys.readouterr().out.splitlines() == [
        "A      LONG   C",
        "wider  1",
        "x      22222  z\N{REPLACEMENT CHARACTER}",
    ]


def test_no_rows_are_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A",), [])
    assert not capsys.readouterr().out


@pytest.mark.usefixtures("terminal")
def test_terminals_get_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert paint("x", Colour.GREEN) == "\033[32mx\033[m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("x", Colour.GREEN) == "x"


@pytest.mark.usefixtures("terminal")
def test_dumb_terminals_get_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not colourful()


def test_files_and_pipes_get_no_colours() -> None:
    assert not colourful()


def test_json_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Zoë\x9b\n"})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert printed.count("\n") == 1
    assert json.loads(printed) == {"name": "Zoë\x9b\n"}


@pytest.mark.parametrize(
    ("usec", "shown"),
    [
        (0, "0:00"),
        (-SECOND, "0:00"),
        (59 * SECOND, "0:59"),
        (61 * SECOND, "1:01"),
        (3661 * SECOND, "1:01:01"),
    ],
)
def test_durations_are_as_short_as_they_go(usec: int, shown: str) -> None:
    assert duration(usec) == shown


@pytest.mark.parametrize(
    ("dbfs", "cells", "figure"),
    [(-96, 0, "silence"), (-60, 0, "silence"), (-30, 10, "-30 dBFS"), (0, 20, "0 dBFS")],
)
def test_a_bar_is_as_long_as_the_sound_is_loud(dbfs: float, cells: int, figure: str) -> None:
    drawn = bar(dbfs)
    assert drawn.count("█") == cells
    assert drawn.endswith(figure)
    assert len(drawn) == len(bar(-45.3))
