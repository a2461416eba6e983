# SPDX-License-Identifier: GPL-2.0-or-later
"""Learning from keys that were pressed: what must be written down, and that it is enough."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from offhookd.config.problems import ConfigError
from offhookd.devices import quirk_file, quirks
from offhookd.devices.controls import Kind
from offhookd.devices.layout import layout
from offhookd.devices.lesson import Lesson, Step, learn, missed
from offhookd.devices.patterns import Word
from offhookd.devices.quirks import Quirks
from offhookd.phone.buttons import Button
from tests.support.telephone_set import Bench, descriptor, unnumbered

VENDOR_2 = unnumbered(2, 2)
"""A descriptor that tells nothing but the length of its reports, as those of handsets do."""


def lesson(
    raw: bytes, keys: Mapping[str, list[str]], *rest: str, known: Quirks | None = None
) -> Lesson:
    """`keys`: the reports of each key: bits 20 ms apart, and let go after 0.3 s."""
    return Lesson(
        layout(raw),
        known or Quirks(),
        tuple(map(bytes.fromhex, rest)),
        tuple(
            Step(Word(word), tuple(zip(times(reports), map(bytes.fromhex, reports), strict=True)))
            for word, reports in keys.items()
        ),
    )


def times(reports: list[str]) -> list[float]:
    return [0.02 * at for at in range(len(reports) - 1)] + [0.3 * (len(reports) > 1)]


def written(tmp_path: Path, found: Mapping[str, object]) -> Quirks:
    """As the daemon reads it."""
    path = tmp_path / "devices.yaml"
    quirk_file.write(path, "1234:5678", quirk_file.entry("1234:5678", "It", found))
    return quirks.load([path]).of(0x1234, 0x5678)


HP_G9 = {
    "off-hook": ["00 41"],
    "on-hook": ["00 40"],
    "mute": ["00 46", "00 44"],
    "1": ["00 06", "00 04"],
    "2": ["00 0a", "00 08"],
    "#": ["00 32", "00 30"],
}
EX_03 = {
    "off-hook": ["00 00 00"],
    "on-hook": ["00 00 01"],
    "redial": ["00 07 01", "00 00 01"],
    "1": ["00 04 01", "00 00 01"],
    "3": ["00 02 01", "00 00 01"],
}
PHILIPS = {
    "off-hook": ["00 00 10 00", "00 00 00 00"],
    "on-hook": ["00 00 10 00", "00 00 00 00"],
    "mute": ["00 80 00 00", "00 88 00 00", "00 00 00 00"],
    "0": ["00 80 00 00", "00 00 00 00"],
    "*": ["00 08 00 00", "00 00 00 00"],
}
ONE_BYTE = {
    "off-hook": ["80"],
    "on-hook": ["00"],
    "1": ["01", "00"],
    "2": ["02", "00"],
    "speed-dial-2": ["22", "00"],
}
SAYS_NO_RELEASE = {"off-hook": ["04 02"], "on-hook": ["04 00"], "volume-up": ["06 01"]}


@pytest.mark.parametrize(
    ("size", "keys", "rest"),
    [
        (2, HP_G9, ["00 40"]),
        (3, EX_03, ["00 00 01"]),
        (4, PHILIPS, []),
        (1, ONE_BYTE, []),
    ],
)
def test_a_private_protocol_is_learnt(
    tmp_path: Path, size: int, keys: dict[str, list[str]], rest: list[str]
) -> None:
    taught = lesson(unnumbered(size, 2), keys, *rest)
    found = learn(taught)
    assert not missed(taught, found)
    assert written(tmp_path, found).telephone


def test_what_was_learnt_is_heard_with_the_handset_lifted_too(tmp_path: Path) -> None:
    found = learn(lesson(VENDOR_2, HP_G9, "00 40"))
    bench = Bench.settled(VENDOR_2, written(tmp_path, found))
    assert bench.play("00 41", "00 07", "00 05", "00 47") == ["hook+", "digit 1", "mute"]


def test_a_key_pressed_twice_is_two_presses_though_the_set_has_no_report_ids(
    tmp_path: Path,
) -> None:
    found = learn(lesson(unnumbered(1, 1), ONE_BYTE))
    bench = Bench.settled(unnumbered(1, 1), written(tmp_path, found))
    assert bench.play("01", "00", "01", "00") == ["digit 1"] * 2
    assert bench.play("22", "00") == ["speed-dial 2"]


def test_a_set_that_does_not_tell_of_release_is_heard_each_time(tmp_path: Path) -> None:
    raw = bytes.fromhex("0600ff0901a101150026ff0075089501 8504 0901 8102 8506 0902 8102 c0")
    found = learn(lesson(raw, SAYS_NO_RELEASE))
    assert found["no_release"]
    bench = Bench.settled(raw, written(tmp_path, found))
    assert bench.play("06 01", "06 01") == ["volume-up"] * 2


def test_bytes_that_change_by_themselves_are_passed_over(tmp_path: Path) -> None:
    keys = {"mute": ["02 01 07", "02 00 09"], "redial": ["02 04 0b", "02 00 0d"]}
    raw = bytes.fromhex("0600ff0901a101150026ff00750895028502 0901 8102 c0")
    found = learn(lesson(raw, keys, "02 00 03", "02 00 05"))
    bench = Bench.settled(raw, written(tmp_path, found))
    assert bench.play("02 01 55", "02 00 56", "02 04 57") == ["mute", "redial"]


def test_a_hook_switch_that_is_a_button_is_seen(tmp_path: Path) -> None:
    button = {"off-hook": ["02 01 00", "02 00 00"], "on-hook": ["02 01 00", "02 00 00"]}
    found = learn(lesson(descriptor("EVOLVE LINK MS"), button))
    assert found in ({"hook": Kind.MOMENTARY}, {"hook": Kind.TOGGLE})
    assert written(tmp_path, found).hook is found["hook"]


def test_a_declared_key_may_be_meant_otherwise(tmp_path: Path) -> None:
    found = learn(lesson(descriptor("H540"), {"mute": ["01 04", "01 00"]}))
    assert found["buttons"] == {"consumer_mute": Button.MUTE}
    assert written(tmp_path, found).buttons == found["buttons"]


def test_of_a_set_that_is_understood_there_is_nothing_to_write() -> None:
    keys = {"off-hook": ["02 01 00"], "on-hook": ["02 00 00"], "mute": ["02 04 00", "02 00 00"]}
    assert learn(lesson(descriptor("EVOLVE LINK MS"), keys)) == {}


def test_what_cannot_be_told_apart_is_said() -> None:
    same = {"mute": ["01", "00"], "redial": ["01", "00"]}
    taught = lesson(unnumbered(1, 1), same)
    assert missed(taught, learn(taught))


def test_other_lines_of_the_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "offhook" / "devices.yaml"
    quirk_file.write(path, "1234:5678", '"1234:5678":\n  name: One\n')
    path.write_text(path.read_text() + '# mine\n"1234:9999": {name: Two}\n')
    assert quirk_file.has(path, "1234:5678")
    quirk_file.write(path, "1234:5678", '"1234:5678":\n  name: New\n')
    book = quirks.load([path])
    assert (book.of(0x1234, 0x5678).name, book.of(0x1234, 0x9999).name) == ("New", "Two")
    assert "# mine" in path.read_text()
    assert path.read_text().count("1234:5678") == 1


def test_a_file_that_would_be_wrong_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "devices.yaml"
    path.write_text("hello: {}\n")
    with pytest.raises(ConfigError):
        quirk_file.write(path, "1234:5678", '"1234:5678":\n  name: One\n')
    assert path.read_text() == "hello: {}\n"
    assert list(tmp_path.iterdir()) == [path]
