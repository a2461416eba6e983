# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/call-states.md draws what the tables in the code say."""

import re
from pathlib import Path

from offhookd.phone.call import NEXT_STATES
from offhookd.phone.hold import NEXT_HOLD
from offhookd.phone.transfer import NEXT_TRANSFER

TEXT = (Path(__file__).parents[2] / "docs" / "call-states.md").read_text()
ARROW = re.compile(r"^ +(\S+) --> (\w+)(?:: (.+))?$", re.MULTILINE)


def drawn(title: str) -> set[tuple[str, ...]]:
    section = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return {tuple(filter(None, match.groups())) for match in ARROW.finditer(section)}


def test_the_states_of_a_call_are_drawn() -> None:
    table = {(str(a), str(b)) for a, following in NEXT_STATES.items() for b in following}
    assert drawn("Call.State") == table


def test_the_states_of_hold_are_drawn() -> None:
    table = {
        (str(state), str(following), str(event))
        for state, row in NEXT_HOLD.items()
        for event, following in row.items()
    }
    assert drawn("Hold") == table


def test_the_states_of_a_transfer_are_drawn() -> None:
    table = {
        (str(a) or "none", str(b)) for a, following in NEXT_TRANSFER.items() for b in following
    }
    assert drawn("TransferState") == table
