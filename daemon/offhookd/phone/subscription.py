# SPDX-License-Identifier: GPL-2.0-or-later
"""One subscription to somebody's state (RFC 6665), as a state machine.

The engine sends single SUBSCRIBE requests; when the next one goes out is decided here alone:

* granted: refreshed before it expires;
* ended by the other side: at once, later or never, as its reason asks (section 4.1.3);
* lost in the dialog (481): begun anew;
* refused: never for what cannot change by itself, seldom for the rest;
* the network or the server failed: exponential back-off.

The account has to be registered meanwhile: without it nothing is sent, and nothing is known.
"""

import logging
from collections.abc import Callable
from enum import StrEnum

from .events import Signal
from .ports import Clock, Timer
from .presence import Outcome, Package, PresenceEngine, SubscriptionState
from .values import AccountId

EXPIRES_S = 3600
"""RFC 3856, 6.4 and RFC 4235, 3.4: the default of both packages."""
REFRESH_AT = 0.8
"""Part of the granted time after which it is refreshed: leaves room to try again."""
SHORTEST_REFRESH_S = 1.0
LONGEST_EXPIRES_S = 86_400
FIRST_NOTIFY_LIMIT_S = 32.0
"""Timer N (RFC 6665, 4.1.2.4): a subscription of which nothing is heard is none."""
FIRST_RETRY_S = 4.0
LONGEST_RETRY_S = 300.0
REFUSED_RETRY_S = 1800.0
"""Who said no changes his mind when somebody configures him anew."""
LONGEST_RETRY_AFTER_S = 3600.0
SHORTEST_RETRY_AFTER_S = 1.0
LIFE_OF_PEACE_S = 10.0
"""One that ends sooner than this is not begun anew at once: both sides would do nothing else."""

INTERVAL_TOO_BRIEF = 423
NO_SUCH_DIALOG = 481
BAD_EVENT = 489
REFUSALS = frozenset({401, 403, 404, 405, 407, 410, 416, 420, 484, 485, 501, 603, 604})

logger = logging.getLogger(__name__)


class Phase(StrEnum):
    """`ASKING`: a SUBSCRIBE is out.  `LISTENING`: accepted.  `WAITING`: a timer runs until the
    next attempt.  `OVER`: nothing more is done by itself."""

    OFF = "off"
    ASKING = "asking"
    LISTENING = "listening"
    WAITING = "waiting"
    OVER = "over"


class Subscription:
    """`next_number` gives numbers for the engine, never the same twice; `changed` fires after
    every visible change, `lost` when what was told no longer holds."""

    def __init__(
        self,
        target: str,
        package: Package,
        engine: PresenceEngine,
        clock: Clock,
        next_number: Callable[[], int],
    ) -> None:
        self.target = target
        self.package = package
        self.number = 0
        self.phase = Phase.OFF
        self.state = SubscriptionState.PENDING
        self.text = ""
        self.changed: Signal[[]] = Signal()
        self.lost: Signal[[]] = Signal()
        self.supported = True
        self._engine = engine
        self._clock = clock
        self._next_number = next_number
        self._account: AccountId | None = None
        self._expires_s = EXPIRES_S
        self._failures = 0
        self._begun_us = 0
        self._timer: Timer | None = None

    # ------------------------------------------------------------ what the phone wants

    def use(self, account: AccountId | None) -> None:
        """Subscribe through this account from now on; None: none is registered."""
        if account == self._account:
            return
        self._leave()
        self._account, self._failures, self.supported = account, 0, True
        if account is None:
            self._rest(Phase.OFF, SubscriptionState.PENDING, "no account is registered for it")
            self.lost()
        else:
            self._begin("account registered")

    def refresh(self, why: str) -> None:
        """Things may have changed: ask now."""
        if self._account is None or self.phase is Phase.ASKING or not self.supported:
            return
        if self.phase is Phase.LISTENING:
            self._ask(why)
        else:
            self._failures = 0
            self._begin(why)

    def close(self) -> None:
        """Nobody watches any more."""
        self._leave()
        self._account = None
        self.phase = Phase.OFF

    def engine_lost(self) -> None:
        """Every dialog is gone; the account, registering anew, will say `use`."""
        self.number = 0
        self.use(None)

    # ------------------------------------------------------------ what comes of it

    def answered(self, outcome: Outcome) -> None:
        """What came of the last SUBSCRIBE."""
        if self.phase is not Phase.ASKING:
            return
        if outcome.taken:
            self._granted(outcome)
        else:
            self.number = 0
            self._refused(outcome)

    def notified(self, state: str, reason: str, expires_s: int, retry_after_s: int) -> None:
        """The other side tells how the subscription stands."""
        if state == "terminated":
            self.number = 0
            self._ended(reason, retry_after_s)
            return
        self._failures = 0
        if self.phase is not Phase.ASKING:
            self._listen(expires_s or self._expires_s)
        if state == "pending":
            self._show(SubscriptionState.PENDING, "waits for the other side's consent")
        else:
            self._show(SubscriptionState.ACTIVE, "")

    # ------------------------------------------------------------ how it goes on

    def _begin(self, why: str) -> None:
        self._leave()
        self.number = self._next_number()
        self._begun_us = self._clock.now_us()
        if self.state is not SubscriptionState.ACTIVE:
            self._show(SubscriptionState.PENDING, "asked for")
        self._ask(why)

    def _ask(self, why: str) -> None:
        if self._account is None:
            return
        self._cancel_timer()
        logger.debug("subscribing to %s of %s: %s", self.package, self.target, why)
        self.phase = Phase.ASKING
        asked = (self.number, self._account, self.target, self.package, self._expires_s)
        self._engine.subscribe(*asked)

    def _granted(self, outcome: Outcome) -> None:
        if self.state is SubscriptionState.ACTIVE:
            self._listen(outcome.expires_s)
        else:
            self.phase = Phase.LISTENING
            self._arm(FIRST_NOTIFY_LIMIT_S, self._unheard)

    def _listen(self, expires_s: int) -> None:
        self.phase = Phase.LISTENING
        granted_s = min(expires_s or EXPIRES_S, LONGEST_EXPIRES_S)
        delay_s = max(SHORTEST_REFRESH_S, granted_s * REFRESH_AT)
        self._arm(delay_s, lambda: self._ask("refresh"))

    def _unheard(self) -> None:
        self._leave()
        self._retry(SubscriptionState.FAILED, "accepted, but nothing was told", 0)

    def _refused(self, outcome: Outcome) -> None:
        if outcome.code == INTERVAL_TOO_BRIEF and outcome.min_expires_s > self._expires_s:
            self._expires_s = min(outcome.min_expires_s, LONGEST_EXPIRES_S)
            self._begin("a longer time was asked for")
        elif outcome.code == NO_SUCH_DIALOG and self._lasted:
            self._begin("the other side has forgotten it")
        elif outcome.code == BAD_EVENT:
            self.supported = False
            text = f"the other side does not tell its {self.package}: {outcome.sentence}"
            self._rest(Phase.OVER, SubscriptionState.FAILED, text)
            self.lost()
        elif outcome.code in REFUSALS:
            wait_s = outcome.retry_after_s or REFUSED_RETRY_S
            self._wait(wait_s, SubscriptionState.FAILED, f"refused: {outcome.sentence}")
        else:
            self._retry(SubscriptionState.FAILED, outcome.sentence, outcome.retry_after_s)

    def _ended(self, reason: str, retry_after_s: int) -> None:
        """RFC 6665, 4.1.3."""
        text = f"ended by the other side: {reason or 'no reason given'}"
        if reason in {"rejected", "noresource", "invariant"}:
            self._rest(Phase.OVER, SubscriptionState.TERMINATED, text)
            if reason != "invariant":
                self.lost()
        elif reason in {"deactivated", "timeout"} and self._lasted:
            self._begin(reason)
        elif retry_after_s:
            self._wait(retry_after_s, SubscriptionState.TERMINATED, text)
        else:
            self._retry(SubscriptionState.TERMINATED, text, 0)

    @property
    def _lasted(self) -> bool:
        """Whether the dialog lived long enough for the next to be begun at once."""
        return self._clock.now_us() - self._begun_us >= LIFE_OF_PEACE_S * 1e6

    def _retry(self, state: SubscriptionState, text: str, retry_after_s: int) -> None:
        self._failures += 1
        back_off_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures - 1, 16))
        self._wait(retry_after_s or back_off_s, state, text)

    def _wait(self, delay_s: float, state: SubscriptionState, text: str) -> None:
        self._rest(Phase.WAITING, state, text)
        delay_s = min(max(delay_s, SHORTEST_RETRY_AFTER_S), LONGEST_RETRY_AFTER_S)
        self._arm(delay_s, lambda: self._begin("retry"))
        self.lost()

    def _rest(self, phase: Phase, state: SubscriptionState, text: str) -> None:
        self._cancel_timer()
        self.phase = phase
        self._show(state, text)

    def _leave(self) -> None:
        """Let go of the dialog, if there is one."""
        self._cancel_timer()
        if self.number:
            self._engine.unsubscribe(self.number)
        self.number = 0

    def _arm(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = self._clock.call_later(delay_s, callback)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _show(self, state: SubscriptionState, text: str) -> None:
        if (state, text) == (self.state, self.text):
            return
        logger.info("%s of %s: %s -> %s (%s)", self.package, self.target, self.state, state, text)
        self.state, self.text = state, text
        self.changed()
