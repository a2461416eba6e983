# SPDX-License-Identifier: GPL-2.0-or-later
"""devices.yaml: what it says, and what it must not say."""

from pathlib import Path

import pytest

from offhookd.config.problems import ConfigError
from offhookd.devices import quirks
from offhookd.devices.controls import Control, Kind
from offhookd.devices.patterns import Pattern, Word
from offhookd.devices.quirks import Command, DeviceKind, Lamp, Ping, Quirks
from offhookd.phone.buttons import Button
from tests.support.telephone_set import TALKING, Bench, descriptor


def loaded(tmp_path: Path, *texts: str) -> quirks.QuirkBook:
    paths = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return quirks.load(paths)


def test_the_file_that_comes_with_the_program_is_in_order() -> None:
    book = quirks.load([quirks.SHIPPED_FILE])
    assert book.of(0x095D, 0x9201).ping == Ping(bytes.fromhex("1709040102"), 20, feature=True)
    assert book.of(0x1234, 0x5678) == Quirks()


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
        "1234:5678":
          name: Red Phone
          kind: handset
          telephone: true
          hook: momentary
          mute: state
          reject_by_hook: true
          rewrite: [muted]
          write_gap_s: 0.03
          debounce_s: 0.1
          ignore: [line]
          buttons: {consumer_mute: mute}
          inputs: {hook: {report: 2, byte: 1, mask: 0x04, kind: pair}}
          outputs: {ring: {report: 2, byte: 0, mask: 0x80}}
          codes: {off-hook: [01 .., 02 !00]}
          commands: {ringing: {on: 00 01, off: 00 00}}
          output_bytes: 8
          ping: {report: 00 01, every_s: 2}
    """
    assert loaded(tmp_path, text).of(0x1234, 0x5678) == Quirks(
        name="Red Phone",
        kind=DeviceKind.HANDSET,
        telephone=True,
        hook=Kind.MOMENTARY,
        mute=Kind.STATE,
        reject_by_hook=True,
        rewrite=frozenset({Lamp.MUTED}),
        write_gap_s=0.03,
        debounce_s=0.1,
        ignore=frozenset({"line"}),
        buttons={"consumer_mute": Button.MUTE},
        inputs={"hook": Control(2, 10, 1, Kind.PAIR)},
        outputs={"ring": Control(2, 7, 1, Kind.STATE)},
        codes={Word.OFF_HOOK: (Pattern(((1, True), None)), Pattern(((2, True), (0, False))))},
        commands={Lamp.RINGING: Command(b"\0\1", b"\0\0")},
        output_bytes=8,
        ping=Ping(b"\0\1", 2),
    )


def test_the_users_keys_outweigh_and_the_model_outweighs_the_vendor(tmp_path: Path) -> None:
    shipped = '"1234:*": {name: All, hook: toggle}\n"1234:5678": {name: One, telephone: false}'
    book = loaded(tmp_path, shipped, '"1234:5678": {telephone: true}')
    one = book.of(0x1234, 0x5678)
    assert (one.name, one.hook, one.telephone) == ("One", Kind.TOGGLE, True)
    assert book.of(0x1234, 1).name == "All"


WRONG = [
    ("hello: {}", 'hello: must be a model such as "0b0e:0412" or "0b0e:*" in lower case'),
    ('"0B0E:0412": {}', 'must be a model such as "0b0e:0412"'),
    ('"1234:5678": {hok: state}', "hok: unknown key (did you mean hook?)"),
    ('"1234:5678": {hook: sometimes}', "hook: must be one of state, toggle, momentary, pair"),
    ('"1234:5678": {rewrite: [of_hook]}', "knows no lamp of_hook (did you mean off_hook?)"),
    ('"1234:5678": {write_gap_s: 5}', "must be seconds such as 0.03, at most 1, not 5"),
    ('"1234:5678": {codes: {off: [00]}}', "knows no off"),
    ('"1234:5678": {codes: {hook: [0]}}', "'0' is no byte; write 02, !02 or .."),
    ('"1234:5678": {codes: {hook: [zz]}}', "'zz' is no byte"),
    ('"1234:5678": {commands: {ringing: {on: 00 01}}}', "needs the key off"),
    ('"1234:5678": {commands: {ringing: {on: hi, off: 00 01}}}', "must be bytes such as 02 01 00"),
    (
        '"1234:5678": {inputs: {hook: {report: 1, byte: 0, mask: 0x05}}}',
        "mask of neighbouring bits",
    ),
    ('"1234:5678": {inputs: {hook: {report: 1, byte: 0, mask: 0x100}}}', "neighbouring bits"),
    ('"1234:5678": {inputs: {hook: {report: 300, byte: 0, mask: 1}}}', "a number from 0 to 255"),
    ('"1234:5678": {ping: {report: 00 01}}', "needs the key every_s"),
    ('"1234:5678": {ping: now}', "must be a table of keys, not now"),
    ("- 1", "must be a table of keys, not a list"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert reason in str(caught.value)
    assert "0.yaml:1" in str(caught.value)


def test_files_are_searched_where_the_user_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "offhook" / "devices.yaml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert path not in quirks.search(environ)
    path.parent.mkdir()
    path.touch()
    assert quirks.search(environ)[0] == quirks.SHIPPED_FILE
    assert quirks.search(environ)[-1] == path


def test_a_lamp_behind_the_declared_report_makes_it_longer() -> None:
    far = Control(2, 8 * 100, 1, Kind.STATE)
    bench = Bench.settled(descriptor("BIZ 2400 II"), Quirks(outputs={"off_hook": far}))
    (report, *_) = bench.show(TALKING)
    assert report.endswith(" 01")
    assert len(bytes.fromhex(report)) == 1 + 101
