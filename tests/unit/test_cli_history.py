# SPDX-License-Identifier: GPL-2.0-or-later
"""How past calls are named and shown."""

import pytest

from offhook.cli.history import number, print_rows
from offhook.cli.refusal import RefusedError
from offhook.history import Row


def row(peer: str, name: str = "") -> Row:
    return {
        "id": 7,
        "account": "work",
        "direction": "incoming",
        "peer-uri": peer,
        "peer-name": name,
        "contact-name": "",
        "connected-uri": "",
        "connected-name": "",
        "started": 1,
        "answered": 0,
        "ended": 2,
        "end-reason": "no-answer",
        "end-code": 487,
        "end-text": "Request Terminated",
        "recording": "",
        "through": "",
        "mos": 0.0,
    }


def test_a_call_through_a_desk_phone_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{**row("sip:1@x"), "through": "desk"}])
    assert "through desk" in capsys.readouterr().out


def test_the_address_books_name_outweighs_what_was_signalled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [row("sip:1@x", "ADA L"), row("sip:2@x", "Bob")]
    print_rows(rows, {"sip:1@x": "Ada Lovelace"})
    shown = capsys.readouterr().out.splitlines()
    assert "Ada Lovelace sip:1@x" in shown[1]
    assert "Bob sip:2@x" in shown[2]


def test_the_name_of_then_stands_in_while_the_address_book_is_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    then = row("sip:1@x", "ADA L")
    then["contact-name"] = "Ada Lovelace"
    print_rows([then])
    print_rows([then], {"sip:1@x": "Ada King"})
    shown = capsys.readouterr().out
    assert "Ada Lovelace sip:1@x" in shown
    assert "Ada King sip:1@x" in shown


def test_who_was_connected_in_the_end_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    moved, named = row("sip:600@x", "Hotline"), row("sip:2@x")
    moved["connected-uri"], moved["connected-name"] = "sip:1@x", "Ada"
    named["connected-uri"], named["connected-name"] = "sip:2@x", "Bob"
    print_rows([moved, named])
    shown = capsys.readouterr().out.splitlines()
    assert "Hotline sip:600@x, then Ada sip:1@x" in shown[1]
    assert "Bob sip:2@x " in shown[2]


@pytest.mark.parametrize("name", ["c7", "7"])
def test_a_past_call_is_named_by_its_number(name: str) -> None:
    assert number(name) == 7


@pytest.mark.parametrize(
    "name", ["", "c", "seven", "-7", "c7x", "c" + "9" * 5000, "c²", "99999999999999999999"]
)
def test_other_words_name_no_past_call(name: str) -> None:
    with pytest.raises(RefusedError, match="is no call of the history"):
        number(name)
