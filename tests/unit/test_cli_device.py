# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook device describe``."""

import json
from pathlib import Path

import pytest

from offhook.cli.main import main
from tests.support.descriptors import KNOWN, Known

JABRA = next(known for known in KNOWN if "EVOLVE LINK" in known.name)
SILENT = next(known for known in KNOWN if "Game Voice" in known.name)


def written(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "descriptor"
    path.write_bytes(content)
    return str(path)


def describe(file: str, *more: str) -> int:
    return main(["device", "describe", "--descriptor", file, *more])


@pytest.mark.parametrize("known", KNOWN, ids=str)
def test_json_has_the_layout_of_every_known_set(
    known: Known, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(written(tmp_path, known.descriptor), "--json") == 0
    expected = {name: known.layout[name] for name in ("inputs", "outputs")}
    assert json.loads(capsys.readouterr().out) == expected


@pytest.mark.parametrize(
    "text",
    [
        JABRA.descriptor.hex(),
        JABRA.descriptor.hex(" ").upper() + "\n",
        ",\n".join(f"0x{byte:02X}" for byte in JABRA.descriptor) + ",\n",
    ],
    ids=["digits", "spaces", "source code"],
)
def test_a_descriptor_may_be_hexadecimal(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(written(tmp_path, text.encode()), "--json") == 0
    assert json.loads(capsys.readouterr().out)["inputs"] == JABRA.layout["inputs"]


def test_a_table_has_the_controls_and_the_keypad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(written(tmp_path, JABRA.descriptor)) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["NAME", "REPORT", "BYTE", "MASK", "KIND"]
    assert ["in", "hook", "2", "0", "0x01", "state"] in rows
    assert ["out", "ring", "2", "0", "0x04", "state"] in rows
    assert ["in", *"0123456789*#", "2", "0", "4", "bits", "keys"] in rows


def test_a_device_that_is_no_telephone_is_called_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(written(tmp_path, SILENT.descriptor)) == 0
    assert capsys.readouterr().out == "No buttons and no lamps of a telephone.\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"root:x:0:0:root", "it declares no reports"),
        (JABRA.descriptor[:-1], "a collection is not closed"),
        (JABRA.descriptor[:41], "it ends inside the item"),
        (bytes(100_000), "longer than 4096 bytes"),
        (b"05 0b" * 4096, "longer than 4096 bytes"),
    ],
)
def test_what_is_no_descriptor_is_one_line_and_exit_status_1(
    content: bytes, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(written(tmp_path, content), "--json") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err
    assert len(err.splitlines()) == 1


def test_a_file_that_cannot_be_read_is_one_line_and_exit_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(str(tmp_path / "none")) == 1
    assert describe(str(tmp_path)) == 1
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "No such file or directory",
        "Is a directory",
    ]
