# SPDX-License-Identifier: GPL-2.0-or-later
"""Photos of people, as files."""

import os
from pathlib import Path

from offhookd.directory.photos import MOST_BYTES, keep, keep_newest, keep_only

JPEG = b"\xff\xd8\xff\xe0"


def test_a_photo_is_kept_once_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "photos"
    path = Path(keep(JPEG, directory))
    assert path.read_bytes() == JPEG
    assert path.suffix == ".jpg"
    assert directory.stat().st_mode & 0o077 == 0
    assert keep(JPEG, directory) == str(path)
    assert len(list(directory.iterdir())) == 1


def test_what_is_no_photo_is_not_kept(tmp_path: Path) -> None:
    assert keep(b"<svg/>", tmp_path) == ""
    assert keep(JPEG + bytes(MOST_BYTES), tmp_path) == ""
    assert list(tmp_path.iterdir()) == []


def test_photos_of_nobody_go(tmp_path: Path) -> None:
    stays, goes = (keep(JPEG + bytes([one]), tmp_path) for one in range(2))
    keep_only({stays}, tmp_path)
    assert (Path(stays).exists(), Path(goes).exists()) == (True, False)
    keep_only({stays}, tmp_path / "none")


def test_the_oldest_photos_of_callers_go(tmp_path: Path) -> None:
    paths = [Path(keep(JPEG + bytes([one]), tmp_path)) for one in range(3)]
    for age, path in enumerate(paths):
        os.utime(path, (age, age))
    keep_newest(tmp_path, 2)
    assert [path.exists() for path in paths] == [False, True, True]
