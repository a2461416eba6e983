# SPDX-License-Identifier: GPL-2.0-or-later
"""What one account publishes (RFC 3903), as a state machine.

The engine sends single PUBLISH requests.  One is under way at a time; what changes meanwhile goes
out after its answer, the last word only.
"""

import logging
from collections.abc import Callable
from enum import StrEnum

from .availability import Portrait
from .ports import Clock, Timer
from .presence import Outcome, PresenceEngine
from .values import AccountId

REFRESH_AT = 0.8
SHORTEST_REFRESH_S = 1.0
LONGEST_EXPIRES_S = 86_400
FIRST_RETRY_S = 4.0
LONGEST_RETRY_S = 300.0
REFUSED_RETRY_S = 1800.0
LONGEST_RETRY_AFTER_S = 3600.0
ANSWER_LIMIT_S = 40.0
"""Longer than the 32 s after which the engine gives a request up."""

CONDITIONAL_REQUEST_FAILED = 412
INTERVAL_TOO_BRIEF = 423
REFUSALS = frozenset({401, 403, 404, 405, 407, 410, 415, 420, 489, 501, 603, 604})

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """`SENDING`: a PUBLISH is out.  `PUBLISHED`: until it is refreshed.  `WAITING`: for the next
    attempt."""

    OFF = "off"
    SENDING = "sending"
    PUBLISHED = "published"
    WAITING = "waiting"


class Publication:
    """`on_refused` hears one sentence while the server refuses, "" when it no longer does."""

    def __init__(
        self,
        account: AccountId,
        expires_s: int,
        engine: PresenceEngine,
        clock: Clock,
        on_refused: Callable[[str], None],
    ) -> None:
        self.account = account
        self.phase = Phase.OFF
        self._expires_s = expires_s
        self._engine = engine
        self._clock = clock
        self._on_refused = on_refused
        self._wanted: Portrait | None = None
        self._sent: Portrait | None = None
        self._etag = ""
        self._failures = 0
        self._timer: Timer | None = None

    def show(self, portrait: Portrait) -> None:
        """Publish this; it is what others see from now on."""
        self._wanted = portrait
        if self.phase is Phase.SENDING or (
            self.phase is Phase.PUBLISHED and portrait == self._sent
        ):
            return
        self._send()

    def withdraw(self) -> None:
        """The account leaves: take back what is published."""
        self._cancel_timer()
        if self._etag:
            self._engine.publish(self.account, None, 0, self._etag)
        self.lost()

    def lost(self) -> None:
        """The account is out of reach; what is published there expires by itself."""
        self._cancel_timer()
        self.phase, self._wanted, self._sent, self._etag = Phase.OFF, None, None, ""
        self._failures = 0
        self._on_refused("")

    def answered(self, outcome: Outcome) -> None:
        """What came of the last PUBLISH."""
        if self.phase is not Phase.SENDING:
            return
        if outcome.taken:
            self._published(outcome)
        elif outcome.code == CONDITIONAL_REQUEST_FAILED and self._etag:
            self._etag = ""  # the server has forgotten it (RFC 3903, 4.1 step 2)
            self._send()
        elif outcome.code == INTERVAL_TOO_BRIEF and outcome.min_expires_s > self._expires_s:
            self._expires_s = min(outcome.min_expires_s, LONGEST_EXPIRES_S)
            self._send()
        else:
            self._failed(outcome)

    def _published(self, outcome: Outcome) -> None:
        self._etag = outcome.etag
        self._failures = 0
        self._on_refused("")
        self.phase = Phase.PUBLISHED
        if self._wanted != self._sent:
            self._send()
            return
        granted_s = min(outcome.expires_s or self._expires_s, LONGEST_EXPIRES_S)
        self._arm(max(SHORTEST_REFRESH_S, granted_s * REFRESH_AT), self._refresh)

    def _failed(self, outcome: Outcome) -> None:
        self._failures += 1
        self._etag = ""
        wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures - 1, 16))
        if outcome.code in REFUSALS:
            wait_s = REFUSED_RETRY_S
            self._on_refused(outcome.sentence)
        logger.info("%s does not publish: %s", self.account, outcome.sentence)
        self.phase = Phase.WAITING
        self._arm(min(outcome.retry_after_s or wait_s, LONGEST_RETRY_AFTER_S), self._send)

    def _refresh(self) -> None:
        if self._etag:
            self.phase = Phase.SENDING
            self._engine.publish(self.account, None, self._expires_s, self._etag)
            self._arm(ANSWER_LIMIT_S, self._unanswered)
        else:
            self._send()

    def _send(self) -> None:
        if self._wanted is None:
            return
        self.phase = Phase.SENDING
        self._sent = self._wanted
        self._engine.publish(self.account, self._wanted, self._expires_s, self._etag)
        self._arm(ANSWER_LIMIT_S, self._unanswered)

    def _unanswered(self) -> None:
        self.answered(Outcome(0, "nobody answered in time"))

    def _arm(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = self._clock.call_later(delay_s, callback)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
