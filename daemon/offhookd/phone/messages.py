# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages: sending them, taking them in, and what became of each.

A message is stored before it is sent, and a received one before anybody is told of it.
"""

import logging
from functools import partial

from .accounts import Accounts
from .errors import InvalidArgumentError, LimitReachedError, PhoneError
from .events import Signal
from .letters import (
    Letter,
    MessageEngine,
    MessageId,
    MessageRow,
    MessageStatus,
    MessageStore,
)
from .ports import Clock, Done
from .values import AccountId, Direction, Transport

LONGEST_UDP_REQUEST = 1300
"""Bytes that a MESSAGE may have where a hop may be congested (RFC 3428 section 8)."""
HEADERS_BYTES = 680
"""What such a request has besides its text and the addresses, which stand in it four times:
380 bytes measured, some 260 for an answer to a challenge, and a display name."""
ADDRESS_REPEATS = 4
LONGEST_TEXT_BYTES = 3000
"""Over TCP and TLS: the engine's buffer for a whole request has 4000 bytes."""
MOST_PENDING = 16
"""Messages that wait for an answer at once; a person does not write faster."""

logger = logging.getLogger(__name__)


class Messages:
    """All text messages.  `added` and `settled` fire with the row as it is now."""

    def __init__(
        self, engine: MessageEngine, store: MessageStore, accounts: Accounts, clock: Clock
    ) -> None:
        self.store = store
        self.added: Signal[[MessageRow]] = Signal()
        self.settled: Signal[[MessageRow]] = Signal()
        self._engine = engine
        self._accounts = accounts
        self._clock = clock
        self._pending: dict[MessageId, str] = {}

    @property
    def awaited(self) -> tuple[str, ...]:
        """URIs of those whose answer to a message is still to come."""
        return tuple(self._pending.values())

    def send(self, account: AccountId, uri: str, name: str, text: str, done: Done) -> MessageId:
        """Store and send; done when the far end accepted it.

        Raises `InvalidArgumentError` for a text that is empty or too long, and
        `LimitReachedError`.
        """
        text = text.replace("\r\n", "\n")
        self._check(account, uri, text)
        if len(self._pending) >= MOST_PENDING:
            raise LimitReachedError(f"{MOST_PENDING} messages wait for an answer already")
        message = self.store.add(
            Letter(
                account=account,
                direction=Direction.OUTGOING,
                peer_uri=uri,
                peer_name=name,
                text=text,
            ),
            self._clock.now_us(),
        )
        assert message is not None  # noqa: S101 - only received ones can be known already
        self._pending[message] = uri
        self.added(self.store.get(message))
        self._engine.send_message(account, uri, text, partial(self._answered, message, done))
        return message

    def received(self, letter: Letter) -> None:
        """A message has come in; a copy of one that is here already is no news."""
        message = self.store.add(letter, self._clock.now_us())
        if message is None:
            logger.debug("a message came twice", extra={"account": letter.account})
            return
        # What it says is nobody's business but the reader's.
        logger.info(
            "message %d from %s", message, letter.peer_uri, extra={"account": letter.account}
        )
        self.added(self.store.get(message))

    def _answered(self, message: MessageId, done: Done, error: PhoneError | None) -> None:
        self._pending.pop(message, None)
        status = MessageStatus.ACCEPTED if error is None else MessageStatus.FAILED
        self.store.settle(message, status, "" if error is None else str(error))
        logger.info("message %d: %s", message, error or status)
        self.settled(self.store.get(message))
        done(error)

    def _check(self, account: AccountId, uri: str, text: str) -> None:
        if not text.strip():
            raise InvalidArgumentError("text: there is nothing to send")
        if any(not char.isprintable() and char not in "\n\t" for char in _visible(text)):
            raise InvalidArgumentError("text: holds control characters")
        longest = self._longest(account, uri)
        size = len(text.encode(errors="replace"))
        if size > longest:
            raise InvalidArgumentError(
                f"text: {size} bytes are too many; one message to this address may have {longest}"
            )

    def _longest(self, account: AccountId, uri: str) -> int:
        found = self._accounts.get(account)
        if found is None or found.facts.transport is not Transport.UDP:
            return LONGEST_TEXT_BYTES
        addresses = ADDRESS_REPEATS * max(len(uri), len(found.facts.uri))
        return LONGEST_UDP_REQUEST - HEADERS_BYTES - addresses


def _visible(text: str) -> str:
    """`text` without the joiners of emoji and of Persian, which are no control characters."""
    return text.replace("\u200c", "").replace("\u200d", "")
