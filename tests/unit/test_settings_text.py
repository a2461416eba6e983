# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys set in and taken out of a configuration that somebody wrote by hand."""

from pathlib import Path

import pytest
import yaml

from offhook.settings.accounts import with_account, without_account
from offhook.settings.errors import UnchangedError
from offhook.settings.text import with_value, without
from offhook.settings.tree import Value

KEYS = {"uri": "sip:1002@pbx", "transport": "tcp"}
HOME = "  home:\n    uri: sip:1002@pbx\n    transport: tcp\n"
BRACES = "{uri: sip:1002@pbx, transport: tcp}"
EXAMPLE = Path(__file__).parents[2] / "config/offhook.yaml"

WRITTEN = """\
# mine
accounts:            # up to eight
  work:
    uri: sip:1001@pbx   # the desk
    #transport: tls

# sound
audio: {backend: silent}
"""

ODD = """\
%YAML 1.1
---
# kept \t with tabs
"accounts":
    work: &work\t# anchored
        uri:\tsip:1001@pbx\t# a tab before this
        codecs:   # best first
          # wideband
          - G722   # yes
          # the rest
          - PCMA
          - 'GSM'
        presence: {publish: true,   # others see it
                   watch: [1002, 1003]}
    home: *work
screening:
  block: &bad ["0900*"]
  allow: []
recording: {template: "%Y # {name}"}
tones:
...
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"accounts:\n{HOME}"),
        ("# nothing yet\n", f"# nothing yet\n\naccounts:\n{HOME}"),
        ("log: {level: info}", f"log: {{level: info}}\n\naccounts:\n{HOME}"),
        ("accounts:\n", f"accounts:\n{HOME}"),
        ("accounts: {}   # none\n", f"accounts:   # none\n{HOME}"),
        ("accounts: ~\nlog: {}\n", f"accounts:\n{HOME}log: {{}}\n"),
        ("log: {}\n...\n", f"log: {{}}\naccounts:\n{HOME}...\n"),
        ("{log: {level: info}}\n", f"{{log: {{level: info}}, accounts: {{home: {BRACES}}}}}\n"),
        ("accounts: {a: {uri: b}}\n", f"accounts: {{a: {{uri: b}}, home: {BRACES}}}\n"),
        ("log: {}\r\n", f"log: {{}}\n\naccounts:\n{HOME}".replace("\n", "\r\n")),
        (WRITTEN, WRITTEN.replace("tls\n", f"tls\n{HOME}")),
    ],
    ids=[
        "empty",
        "comment",
        "other keys",
        "no value",
        "braces",
        "null",
        "end mark",
        "root",
        "one line",
        "crlf",
        "by hand",
    ],
)
def test_an_account_is_added_and_everything_else_stays(text: str, expected: str) -> None:
    assert with_account(text, "home", KEYS) == expected


def test_it_is_indented_as_its_neighbours_are() -> None:
    text = "accounts:\n      a:\n         uri: sip:a@b\n"
    assert with_account(text, "home", {"uri": "sip:x@y"}) == (
        f"{text}      home:\n        uri: sip:x@y\n"
    )


@pytest.mark.parametrize("value", ["1001", "no", "null", 'a "quoted" one: #1', "Zo\u00eb", "*97"])
def test_a_value_is_read_as_it_was_given(value: str) -> None:
    text = with_account("", "0123", {"username": value})
    assert yaml.safe_load(text) == {"accounts": {"0123": {"username": value}}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WRITTEN.replace("work", "home"), "has an account home already"),
        ("accounts:\n  work: [\n", "is not YAML, line 3; see offhook config check"),
        ("- accounts\n", "is not a table of keys"),
        ("accounts: many\n", "not a table of keys"),
        ("accounts: [a]\n", "not a table of keys"),
        ("a: &a [*a]\n", "nested too deeply"),
    ],
)
def test_what_cannot_be_edited_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnchangedError, match=reason):
        with_account(text, "home", KEYS)


def test_an_account_goes_with_what_is_in_it_and_nothing_else() -> None:
    two = with_account(WRITTEN, "home", KEYS)
    assert without_account(two, "home") == WRITTEN
    assert without_account(two, "work") == (
        f"# mine\naccounts:            # up to eight\n{HOME}\n# sound\naudio: {{backend: silent}}\n"
    )


def test_the_last_account_leaves_an_empty_table() -> None:
    assert without_account(WRITTEN, "work").splitlines()[1] == (
        "accounts: {}            # up to eight"
    )
    with pytest.raises(UnchangedError, match="has no account home"):
        without_account(WRITTEN, "home")


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("tones.country", "de", "  country: de"),
        ("accounts.work.display_name", "Ada L.", '    display_name: "Ada L."'),
        ("accounts.work.presence.publish", True, "    presence: {publish: true}"),
        ("accounts.work.codecs", ["G722", "GSM"], "    codecs: [G722, GSM]"),
        ("devices.speed_dials.1", "*97", '    "1": "*97"'),
        ("audio.on_unplug", "hangup", "  on_unplug: hangup"),
        ("calls.dnd_code", 603, "  dnd_code: 603"),
    ],
)
def test_a_key_stands_below_its_commented_default(path: str, value: Value, line: str) -> None:
    text = EXAMPLE.read_text()
    made = with_value(text, path.split("."), value)
    lines = made.splitlines()
    place = lines.index(line)
    name = line.partition(":")[0].strip()
    assert name == '"1"' or lines[place - 1].strip().startswith(f"#{name}:")
    assert [one for one in lines if one not in text.splitlines()][-1] == line
    if name not in ("presence", '"1"'):  # the tables around them stay, empty
        assert without(made, path.split(".")).replace(" {}", "") == text.replace(" {}", "")


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        ("accounts.work.uri", "sip:a@b", "sip:1001@pbx\t#", "sip:a@b\t#"),
        ("accounts.work.codecs", ["PCMA", "G722"], None, None),
        ("accounts.work.presence.publish", False, "publish: true", "publish: false"),
        ("accounts.work.presence.watch", ["1"], "[1002, 1003]", '["1"]'),
        ("accounts.work.presence.serve", True, "1003]}", "1003], serve: true}"),
        ("screening.block", ["0190*"], '&bad ["0900*"]', '&bad ["0190*"]'),
        ("screening.allow", ["a@b"], "allow: []", "allow: [a@b]"),
        ("screening.blocked", "busy", "allow: []\n", "allow: []\n  blocked: busy\n"),
        ("recording.beep", True, '{name}"}', '{name}", beep: true}'),
        ("tones.country", "gb", "tones:\n", "tones:\n  country: gb\n"),
        ("log.level", "debug", "tones:\n", "tones:\nlog:\n  level: debug\n"),
    ],
)
def test_an_odd_file_is_changed_in_one_place(
    path: str, value: Value, old: str | None, new: str | None
) -> None:
    text = ODD.replace("home: *work", "other: {uri: a}")
    made = with_value(text, path.split("."), value)
    if old and new:
        assert made == text.replace(old, new)


def test_what_stands_for_two_things_is_not_changed_for_one() -> None:
    with pytest.raises(UnchangedError, match=r"accounts.work.uri is written in a way that offhook"):
        with_value(ODD, ("accounts", "work", "uri"), "sip:a@b")
    with pytest.raises(UnchangedError, match="Edit the file by hand"):
        with_value(ODD, ("accounts", "home", "uri"), "sip:a@b")
    assert "home: *work" in with_value(ODD, ("log", "level"), "debug")


def test_items_of_a_list_keep_their_comments() -> None:
    text = ODD.replace("home: *work", "other: {uri: a}")
    made = with_value(text, ("accounts", "work", "codecs"), ["PCMA", "G722", "iLBC"])
    assert made == text.replace(
        "          - G722   # yes\n          # the rest\n          - PCMA\n          - 'GSM'\n",
        "          # the rest\n          - PCMA\n          - G722   # yes\n          - iLBC\n",
    )


def test_items_need_not_be_indented() -> None:
    text = "screening:\n  block:\n  - a # first\n\n  - b\naudio: {}\n"
    made = with_value(text, ("screening", "others"), "busy")
    assert made == text.replace("audio", "  others: busy\naudio")
    assert without(made, ("screening", "block")) == "screening:\n  others: busy\naudio: {}\n"


def test_comments_in_a_list_are_not_lost() -> None:
    with pytest.raises(UnchangedError, match="There are comments"):
        with_value("screening:\n  block: [a, # Al\n    b]\n", ("screening", "block"), ["b"])
    with pytest.raises(UnchangedError, match="There are comments"):
        without("a: {b: 1, # one\n  c: 2}\n", ("a", "b"))


@pytest.mark.parametrize(
    ("text", "path", "left"),
    [
        ("a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n"),
        ("a: {b: 1, c: 2}\n", "a.c", "a: {b: 1}\n"),
        ("a: {b: 1}\n", "a.b", "a: {}\n"),
        ("a:\n  b: 1  # one\n  # two\n  c: 2\n", "a.b", "a:\n  # two\n  c: 2\n"),
        ("a:\n  b: |\n    long\n  c: 2\n", "a.b", "a:\n  c: 2\n"),
        ("a:\n  b: 1\n", "a.b", "a: {}\n"),
        ("a:\n  b: 1\n", "a.x", "a:\n  b: 1\n"),
        ("", "a.x", ""),
    ],
)
def test_a_key_is_taken_out(text: str, path: str, left: str) -> None:
    assert without(text, path.split(".")) == left


def test_a_text_over_several_lines_is_replaced() -> None:
    text = "a:\n  b: |\n    long\n    text\n  c: 2\n"
    assert with_value(text, ("a", "b"), "short") == "a:\n  b: short\n  c: 2\n"
