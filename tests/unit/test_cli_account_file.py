# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts added to and taken out of a configuration that somebody wrote by hand."""

import pytest
import yaml

from offhook.cli.account_file import with_account, without_account
from offhook.cli.refusal import RefusedError

KEYS = {"uri": "sip:1002@pbx", "transport": "tcp"}
HOME = "  home:\n    uri: sip:1002@pbx\n    transport: tcp\n"

WRITTEN = """\
# mine
accounts:            # up to eight
  work:
    uri: sip:1001@pbx   # the desk
    #transport: tls

# sound
audio: {backend: silent}
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
        (WRITTEN, WRITTEN.replace("tls\n", f"tls\n{HOME}")),
    ],
    ids=["empty", "comment", "other keys", "no value", "braces", "null", "by hand"],
)
def test_everything_else_stays_as_it_was_written(text: str, expected: str) -> None:
    assert with_account(text, "home", KEYS) == expected


def test_it_is_indented_as_its_neighbours_are() -> None:
    text = "accounts:\n      a:\n         uri: sip:a@b\n"
    assert with_account(text, "home", {"uri": "sip:x@y"}) == (
        f"{text}      home:\n        uri: sip:x@y\n"
    )


@pytest.mark.parametrize("value", ["1001", "no", "null", 'a "quoted" one: #1', "Zo\u00eb"])
def test_a_value_is_read_as_it_was_given(value: str) -> None:
    text = with_account("", "0123", {"username": value})
    assert yaml.safe_load(text) == {"accounts": {"0123": {"username": value}}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WRITTEN.replace("work", "home"), "has an account home already"),
        ("{log: {level: info}}\n", "in braces"),
        ("accounts: {work: {uri: sip:a@b}}\n", "in braces"),
        ("accounts:\n  work: [\n", "is not YAML, line 3; see offhook config check"),
        ("- accounts\n", "is not a table of keys"),
        ("accounts: many\n", "is not a table of keys"),
        ("log: {}\n...\n", "does not edit"),
    ],
)
def test_what_cannot_be_edited_is_refused(text: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
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
    with pytest.raises(RefusedError, match="has no account home"):
        without_account(WRITTEN, "home")
