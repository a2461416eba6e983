# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration file on the disk."""

from pathlib import Path

import pytest

from offhook.settings.errors import UnchangedError
from offhook.settings.file import change, draft, read
from offhook.settings.text import with_value
from tests.support.config_file import write

TEXT = "\ufeffaccounts:\r\n  work: {uri: sip:a@b}   # mine\r\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return write(tmp_path / "offhook/offhook.yaml", TEXT.encode(), 0o640)


def rename(text: str) -> str:
    return with_value(text, ("accounts", "work", "label"), "Desk")


def test_mode_line_ends_and_a_link_stay(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    change(link, rename)
    assert link.is_symlink()
    assert path.read_bytes().decode() == TEXT.replace("a@b", "a@b, label: Desk")
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "new/offhook.yaml"
    change(path, lambda text: with_value(text, ("tones", "country"), "de"))
    assert read(path) == "tones:\n  country: de\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_mistake_is_said_with_its_line_and_not_written(path: Path) -> None:
    with pytest.raises(UnchangedError, match=f"^{path}:5: tones.country: ") as told:
        change(path, lambda text: with_value(text, ("tones", "country"), "Germany"))
    assert "\n" not in str(told.value)
    assert path.read_bytes().decode() == TEXT
    assert list(path.parent.iterdir()) == [path]


def test_a_mistake_that_was_there_does_not_keep_others_from_being_mended(path: Path) -> None:
    write(path, "tones: {country: Germany}\nlog: {level: loud}\n")
    change(path, lambda text: with_value(text, ("tones", "country"), "de"))
    assert read(path) == "tones: {country: de}\nlog: {level: loud}\n"


def test_what_somebody_else_wrote_meanwhile_is_not_lost(path: Path) -> None:
    with draft(path, rename) as take:
        path.write_text("# mine\n")
        with pytest.raises(UnchangedError, match="changed by another program"):
            take()
    assert read(path) == "# mine\n"


def test_a_write_protected_file_stays_as_it_is(path: Path) -> None:
    path.chmod(0o440)
    with pytest.raises(UnchangedError, match="it is write-protected"):
        change(path, rename)
    assert path.read_bytes().decode() == TEXT


def test_a_link_to_a_file_that_is_not_there_yet_stays(tmp_path: Path) -> None:
    link = tmp_path / "offhook.yaml"
    link.symlink_to("dotfiles/offhook.yaml")
    change(link, lambda text: with_value(text, ("tones", "country"), "de"))
    assert link.is_symlink()
    assert read(tmp_path / "dotfiles/offhook.yaml") == "tones:\n  country: de\n"


def test_a_file_that_is_out_of_reach_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnchangedError, match=r"Cannot read .*/offhook.yaml: Not a directory"):
        change(tmp_path / "file/offhook.yaml", rename)
