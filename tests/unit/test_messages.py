# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhookd.phone.account import Account, AccountFacts
from offhookd.phone.accounts import Accounts
from offhookd.phone.errors import InvalidArgumentError, LimitReachedError, RejectedError
from offhookd.phone.letters import (
    Letter,
    MessageEngine,
    MessageFilter,
    MessageId,
    MessageRow,
    MessageStatus,
)
from offhookd.phone.messages import LONGEST_TEXT_BYTES, MOST_PENDING, Messages
from offhookd.phone.ports import Done
from offhookd.phone.values import AccountId, Direction, Transport
from offhookd.store.history import History
from offhookd.store.messages import StoredMessages
from tests.support.fakes import FakeClock, FakeEngine, Outcome

WORK, SAFE = AccountId("work"), AccountId("safe")
ADA = "sip:ada@pbx.example.com"


class FakeMessageEngine(MessageEngine):
    def __init__(self) -> None:
        self.sent: list[tuple[AccountId, str, str]] = []
        self.waiting: list[Done] = []

    def send_message(self, account: AccountId, target: str, text: str, done: Done) -> None:
        self.sent.append((account, target, text))
        self.waiting.append(done)


class Desk:
    """Messages on a real store, and what was told."""

    def __init__(self, history: History) -> None:
        self.engine = FakeMessageEngine()
        clock = FakeClock()
        accounts = Accounts()
        for name, transport in ((WORK, Transport.UDP), (SAFE, Transport.TLS)):
            facts = AccountFacts(
                id=name,
                label="",
                uri="sip:1001@pbx.example.com",
                registers=True,
                transport=transport,
            )
            accounts.add(Account(facts, FakeEngine(), clock, lambda: 0.0))
        self.messages = Messages(self.engine, StoredMessages(history.storage), accounts, clock)
        self.added: list[MessageRow] = []
        self.settled: list[MessageRow] = []
        self.messages.added.connect(self.added.append)
        self.messages.settled.connect(self.settled.append)

    def send(self, text: str = "Tea?", account: AccountId = WORK) -> tuple[MessageId, Outcome]:
        outcome = Outcome()
        return self.messages.send(account, ADA, "Ada", text, outcome), outcome

    @property
    def rows(self) -> tuple[MessageRow, ...]:
        return tuple(self.messages.store.query(MessageFilter(), "", 500)[0])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    history = History(tmp_path / "history.sqlite", list[str]().append)
    yield Desk(history)
    history.close()


def letter(sip_id: str = "") -> Letter:
    return Letter(
        account=WORK,
        direction=Direction.INCOMING,
        peer_uri=ADA,
        peer_name="Ada",
        text="Yes!",
        sip_id=sip_id,
    )


def test_a_message_is_stored_before_it_is_sent_and_accepted_later(desk: Desk) -> None:
    message, outcome = desk.send("Tea?\r\nOr coffee?")
    assert desk.engine.sent == [(WORK, ADA, "Tea?\nOr coffee?")]
    assert [row.status for row in desk.added] == [MessageStatus.PENDING]
    assert desk.messages.awaited == (ADA,)
    assert outcome.calls == 0
    desk.engine.waiting.pop()(None)
    assert outcome.succeeded
    assert [(row.id, row.status) for row in desk.settled] == [(message, MessageStatus.ACCEPTED)]
    assert not desk.messages.awaited


def test_a_refusal_is_kept_with_its_reason(desk: Desk) -> None:
    _, outcome = desk.send()
    error = RejectedError("404 Not Found")
    desk.engine.waiting.pop()(error)
    assert outcome.error is error
    assert (desk.rows[0].status, desk.rows[0].reason) == (MessageStatus.FAILED, "404 Not Found")


def test_answers_may_come_in_any_order(desk: Desk) -> None:
    (first, one), (second, two) = desk.send("1"), desk.send("2")
    desk.engine.waiting[1](None)
    assert two.succeeded
    assert one.calls == 0
    desk.engine.waiting[0](RejectedError("480 Away"))
    assert [row.status for row in desk.rows] == [MessageStatus.ACCEPTED, MessageStatus.FAILED]
    assert first < second


@pytest.mark.parametrize("text", ["", " \n", "bell\a", "\u202egnitsaw", "x\0y"])
def test_what_is_no_text_is_not_sent(desk: Desk, text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        desk.send(text)
    assert desk.rows == ()


@pytest.mark.parametrize(
    "text", ["a\tb\nc", "👩\u200d👧", "\u0645\u06cc\u200c\u062e\u0648", "שלום"]
)
def test_what_people_write_is_sent_as_it_is(desk: Desk, text: str) -> None:
    desk.send(text)
    assert desk.engine.sent[0][2] == text


def test_a_request_over_udp_stays_below_1300_bytes(desk: Desk) -> None:
    with pytest.raises(InvalidArgumentError, match="524"):
        desk.send("ü" * 263)
    desk.send("ü" * 262)
    desk.send("x" * LONGEST_TEXT_BYTES, SAFE)
    with pytest.raises(InvalidArgumentError, match="too many"):
        desk.send("x" * (LONGEST_TEXT_BYTES + 1), SAFE)


def test_messages_that_nobody_answers_are_not_piled_up(desk: Desk) -> None:
    for _ in range(MOST_PENDING):
        desk.send()
    with pytest.raises(LimitReachedError):
        desk.send()
    desk.engine.waiting.pop()(None)
    desk.send()


def test_a_received_message_is_told_once(desk: Desk) -> None:
    desk.messages.received(letter("7@pbx 1"))
    desk.messages.received(letter("7@pbx 1"))
    assert [(row.text, row.read) for row in desk.added] == [("Yes!", False)]
    assert desk.messages.store.unread() == 1
