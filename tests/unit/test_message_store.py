# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offhookd.phone.errors import InvalidArgumentError, NotFoundError
from offhookd.phone.letters import Letter, MessageFilter, MessageId, MessageStatus
from offhookd.phone.values import AccountId, Direction
from offhookd.store.history import History
from offhookd.store.messages import StoredMessages

LETTER = Letter(
    account=AccountId("work"),
    direction=Direction.INCOMING,
    peer_uri="sip:1001@pbx",
    peer_name="Ada",
    text="Tea?",
)
SENT = replace(LETTER, direction=Direction.OUTGOING)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "history.sqlite", list[str]().append)
    yield history
    history.close()


@pytest.fixture
def messages(history: History) -> StoredMessages:
    return StoredMessages(history.storage, kept=5)


def add(messages: StoredMessages, letter: Letter, at_us: int = 10) -> MessageId:
    message = messages.add(letter, at_us)
    assert message is not None
    return message


def ids(messages: StoredMessages, wanted: MessageFilter) -> list[int]:
    return [row.id for row in messages.query(wanted)[0]]


def test_a_received_message_is_unread_until_it_is_marked(messages: StoredMessages) -> None:
    first, second = add(messages, LETTER), add(messages, LETTER)
    row = messages.get(first)
    assert (row.text, row.status, row.read) == ("Tea?", MessageStatus.RECEIVED, False)
    assert messages.unread() == 2
    messages.mark_read(first)
    assert messages.unread() == 1
    assert ids(messages, MessageFilter(unread=True)) == [second]
    messages.mark_read(2**64)
    assert messages.unread() == 0


def test_what_is_sent_is_pending_until_it_is_settled(messages: StoredMessages) -> None:
    message = add(messages, SENT)
    assert messages.get(message).status is MessageStatus.PENDING
    assert messages.unread() == 0
    messages.settle(message, MessageStatus.FAILED, "404 Not Found")
    row = messages.get(message)
    assert (row.status, row.reason) == (MessageStatus.FAILED, "404 Not Found")


def test_a_copy_of_a_request_is_stored_once(messages: StoredMessages) -> None:
    copy = replace(LETTER, sip_id="1@pbx 7")
    assert messages.add(copy, 10)
    assert messages.add(copy, 10) is None
    assert messages.add(replace(copy, peer_uri="sip:other@pbx"), 10)
    assert messages.add(replace(copy, sip_id="1@pbx 8"), 10)
    assert len(ids(messages, MessageFilter())) == 3


def test_the_oldest_go_when_there_are_too_many(messages: StoredMessages) -> None:
    added = [add(messages, replace(LETTER, text=str(number))) for number in range(8)]
    assert ids(messages, MessageFilter()) == added[:2:-1]


def test_pages_lead_through_all_rows(messages: StoredMessages) -> None:
    added = [add(messages, LETTER) for _ in range(5)]
    first, cursor = messages.query(MessageFilter(), "", 2)
    add(messages, LETTER)
    second, cursor = messages.query(MessageFilter(), cursor, 2)
    assert [row.id for row in (*first, *second)] == added[:0:-1]
    with pytest.raises(InvalidArgumentError, match="cursor"):
        messages.query(MessageFilter(), "nonsense", 2)
    with pytest.raises(InvalidArgumentError, match="limit"):
        messages.query(MessageFilter(), "", 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (MessageFilter(since_us=20), True),
        (MessageFilter(until_us=20), False),
        (MessageFilter(account="work"), False),
        (MessageFilter(direction=Direction.OUTGOING), True),
        (MessageFilter(peer="1002"), True),
        (MessageFilter(peer="sip:1002@pbx"), True),
        (MessageFilter(peer="sip:100%"), False),
        (MessageFilter(text="GRÜßE"), True),
    ],
)
def test_every_criterion_chooses(
    messages: StoredMessages, wanted: MessageFilter, found: bool
) -> None:
    add(messages, LETTER)
    message = add(
        messages,
        replace(SENT, account=AccountId("home"), peer_uri="sip:1002@pbx", text="grüsse!"),
        20,
    )
    assert (ids(messages, wanted) == [message]) is found


def test_what_was_pending_when_the_phone_stopped_has_failed(messages: StoredMessages) -> None:
    message, other = add(messages, SENT), add(messages, LETTER)
    messages.fail_orphans("The phone stopped")
    assert messages.get(message).reason == "The phone stopped"
    assert messages.get(other).status is MessageStatus.RECEIVED


def test_messages_are_no_news_of_the_call_history(
    history: History, messages: StoredMessages
) -> None:
    add(messages, LETTER)
    assert history.revision == 0
    with pytest.raises(NotFoundError):
        messages.get(99)
