# SPDX-License-Identifier: GPL-2.0-or-later
"""One SIP identity and its registration (RFC 3261 section 10), as a state machine.

The engine sends single REGISTER requests; when the next one goes out is decided here alone:

* granted: refreshed before it expires;
* the network or the server failed: exponential back-off with jitter;
* the server asked for patience (Retry-After): as long as it said;
* the password is wrong: the longest wait at once, because repeating it locks accounts;
* the server has closed the connection over which it would call us: again, as after a failure;
* a hint that things changed (network up, machine resumed, the user asks): now, once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .errors import (
    EngineError,
    InvalidStateError,
    NotRegisteredError,
    PhoneError,
    RejectedError,
    RequestTimeoutError,
)
from .events import Signal
from .numbers import domain_of
from .ports import Clock, Done, RegistrationEngine, Timer
from .values import AccountId, AccountState, StateReason, Transport
from .voicemail import Mailbox, mailbox_told

FIRST_RETRY_S = 2.0
"""A restarted server is back within seconds; a shorter wait gains nothing a person notices."""
LONGEST_RETRY_S = 60.0
"""Network failures: a phone is expected back within a minute after its server is."""
REJECTED_RETRY_S = 300.0
"""A server that understood and refused changes its mind when somebody reconfigures it."""
AUTH_RETRY_S = 1800.0
"""Repeated wrong passwords make servers block the address (fail2ban's usual limits)."""
LONGEST_RETRY_AFTER_S = 3600.0
"""An absurd Retry-After must not silence the phone for a day."""
JITTER = 0.25
"""Part of a wait that is random, so that a building of phones does not return as one."""
LONGEST_BINDING_S = 86_400
"""No registrar has to grant more than was asked for; one that says a century is asked daily."""
REFRESH_AT = 0.8
"""Part of the granted time after which the binding is refreshed: leaves room to try again."""
STEADY_S = 120.0
"""A server that closes its connections sooner than this wants none, and is not asked at once."""
HINT_GAP_S = 2.0
"""Hints come in bursts (link, address, route); one attempt serves them all."""
ANSWER_LIMIT_S = 40.0
"""Longer than pjsip's 32 s transaction timer F: an engine that never reports is a failure."""
PATIENCE_S = 8.0
"""Of who asked for it.  By then a request over UDP was sent five times (RFC 3261 timer E), and a
server that is there has answered one of them."""

AUTH_CODES = frozenset({401, 403, 407})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The part of the configuration that the core needs."""

    id: AccountId
    label: str
    uri: str
    registers: bool
    transport: Transport
    voicemail: str = ""
    """URI of the voice mail box, where the configuration names one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Outcome of one REGISTER.

    `expires_s`: seconds granted.  `retry_after_s`: as asked by the server, 0 if not.  `cause`:
    NONE when a registrar answered, else what kept the request from one.
    """

    code: int
    text: str
    expires_s: int = 0
    retry_after_s: int = 0
    cause: StateReason = StateReason.NONE


class Account:
    """Registration of one account; `changed` fires after every visible change."""

    def __init__(
        self,
        facts: AccountFacts,
        engine: RegistrationEngine,
        clock: Clock,
        random: Callable[[], float],
        *,
        enabled: bool = True,
    ) -> None:
        self.facts = facts
        self.enabled = enabled
        self.state = AccountState.OFFLINE if enabled else AccountState.DISABLED
        self.reason = StateReason.NONE
        self.code = 0
        self.text = ""
        self.next_attempt_us = 0
        self.mailbox = Mailbox()
        self.changed: Signal[[Account]] = Signal()
        self._engine = engine
        self._clock = clock
        self._random = random
        self._ready = False
        self._failures = 0
        self._pending = False
        self._again = False
        self._last_hint_us = 0
        self._lost_at_us = 0
        self._losses = 0
        self._timer: Timer | None = None
        self._waiting: list[Done] = []

    @property
    def id(self) -> AccountId:
        return self.facts.id

    def describe(self, facts: AccountFacts) -> None:
        """Other facts about the same registration."""
        if self.facts != facts:
            self.facts = facts
            self.changed(self)

    @property
    def can_call(self) -> bool:
        """Whether a call may be tried: not while the server is known to be out of reach."""
        return self.state in (AccountState.REGISTERED, AccountState.REGISTERING)

    # ------------------------------------------------------------ what happens to it

    def engine_ready(self) -> None:
        """The engine knows this account now: register, as far as it is enabled."""
        self._ready = True
        self._pending = False
        self._failures = 0
        if self.enabled:
            self._attempt("engine ready")

    def engine_lost(self, text: str) -> None:
        """The engine is gone; nothing can be sent until `engine_ready`."""
        self._ready = False
        self._pending = False
        self._cancel_timer()
        self._settle(EngineError(text))
        if self.enabled:
            self._change(AccountState.OFFLINE, StateReason.NETWORK, 0, text)

    @property
    def has_met_silence(self) -> bool:
        """Whether the last REGISTER found no server that could serve it."""
        unserved = {StateReason.NETWORK, StateReason.TIMEOUT, StateReason.TLS}
        return self._failures > 0 and self.reason in unserved

    def hint(self, why: str) -> None:
        """Things may have changed (network up, resumed): try now, once a burst."""
        now = self._clock.now_us()
        recent = now - self._last_hint_us < HINT_GAP_S * 1e6
        idle = not self.facts.registers and self.state is AccountState.REGISTERED
        if not (self.enabled and self._ready) or idle or recent:
            return
        self._last_hint_us = now
        self._failures = 0
        self._attempt(why)

    def connection_lost(self) -> None:
        """No call can reach us until the next REGISTER opens another one."""
        if self.state is not AccountState.REGISTERED or not self.facts.registers or self._pending:
            return
        now = self._clock.now_us()
        steady = not self._losses or now - self._lost_at_us > STEADY_S * 1e6
        self._losses = 1 if steady else self._losses + 1
        self._lost_at_us = now
        wait_s = self._backed_off(self._losses)
        if now + wait_s * 1e6 < self.next_attempt_us:
            self._schedule(wait_s, "the connection to the server was lost")

    def register(self, done: Done) -> None:
        """Try now; `done` when the registrar has answered, or has not for `PATIENCE_S`: then it
        is asked on, and `state` says what comes of it."""
        if not self.enabled:
            raise InvalidStateError(f"Account {self.id} is disabled; enable it first")
        if not self._ready:
            raise InvalidStateError("The SIP engine is not running; it is being restarted")
        self._waiting.append(done)
        self._clock.call_later(PATIENCE_S, partial(self._lose_patience, done))
        self._attempt("asked by the user")

    def set_enabled(self, enabled: bool) -> None:
        """False unregisters and keeps the account off."""
        if enabled == self.enabled:
            return
        self.enabled = enabled
        if enabled:
            self._change(AccountState.OFFLINE, StateReason.NONE, 0, "enabled")
            if self._ready:
                self._attempt("enabled")
        else:
            self.unregister(AccountState.DISABLED)

    def unregister(self, final: AccountState = AccountState.OFFLINE) -> None:
        """Give the binding back, without waiting for the server's word on it."""
        bound = self.state is AccountState.REGISTERED or self._pending
        self._pending = self._again = False
        self._cancel_timer()
        self._settle(InvalidStateError(f"Account {self.id} is being unregistered"))
        if self._ready and bound and self.facts.registers:
            self._change(AccountState.UNREGISTERING, StateReason.NONE, 0, "")
            self._engine.unregister(self.id)
            self._arm(ANSWER_LIMIT_S, lambda: self._change(final, StateReason.NONE, 0, ""))
        else:
            self._change(final, StateReason.NONE, 0, "")

    def close(self) -> None:
        """It is configured no more: nothing is heard of it, and nothing comes of it."""
        self._ready = False
        self._cancel_timer()
        self._settle(InvalidStateError(f"Account {self.id} was taken out of the configuration"))

    def result(self, answer: Answer) -> None:
        """What came of the last REGISTER."""
        granted = answer.cause is StateReason.NONE and 200 <= answer.code < 300  # noqa: PLR2004 - RFC 3261 class of success
        leaving = self.state is AccountState.UNREGISTERING or not self.enabled
        overtaken = granted and not answer.expires_s and self.facts.registers
        if not self._ready or (overtaken and not leaving):
            return  # the answer to an un-REGISTER whose user has changed his mind
        self._pending = False
        self._cancel_timer()
        if leaving:
            self._unregistered()
        elif granted:
            self._granted(answer)
        else:
            self._refused(answer)

    # ------------------------------------------------------------ voice mail

    @property
    def voicemail_uri(self) -> str:
        """Where the voice mail box is called, "" when nobody has told."""
        return self.facts.voicemail or self.mailbox.uri

    def mailbox_told(self, *, waiting: bool, new: int, old: int, uri: str) -> None:
        """Its server says what waits in the box."""
        domain = domain_of(self.facts.uri)
        told = mailbox_told(waiting=waiting, new=new, old=old, uri=uri, domain=domain)
        if told != self.mailbox:
            self.mailbox = told
            self.changed(self)

    # ------------------------------------------------------------ how it goes on

    def _attempt(self, why: str) -> None:
        self._cancel_timer()
        if self._pending:
            self._again = True
            return
        logger.debug("registering %s: %s", self.id, why, extra={"account": self.id})
        self._pending = True
        if self.state is not AccountState.REGISTERED:
            self._change(AccountState.REGISTERING, self.reason, self.code, self.text)
        self._arm(ANSWER_LIMIT_S, self._unanswered)
        self._engine.register(self.id)

    def _unanswered(self) -> None:
        self.result(Answer(0, "the registrar did not answer", cause=StateReason.TIMEOUT))

    def _granted(self, answer: Answer) -> None:
        self._failures = 0
        self._change(AccountState.REGISTERED, StateReason.NONE, answer.code, answer.text)
        self._settle(None)
        if self.facts.registers:
            granted_s = min(answer.expires_s, LONGEST_BINDING_S)
            self._schedule(max(1.0, granted_s * REFRESH_AT), "refresh")

    def _refused(self, answer: Answer) -> None:
        again, self._again = self._again, False
        self._failures += 1
        reason = reason_of(answer)
        self._change(AccountState.FAILED, reason, answer.code, answer.text)
        self._settle(error_of(answer, self.id))
        if again and reason is not StateReason.AUTH:
            self._attempt("asked while the last attempt was pending")
        else:
            self._schedule(self._wait_s(reason, answer.retry_after_s), "retry")

    def _unregistered(self) -> None:
        final = AccountState.OFFLINE if self.enabled else AccountState.DISABLED
        self._change(final, StateReason.NONE, 0, "")

    def _wait_s(self, reason: StateReason, retry_after_s: int) -> float:
        if retry_after_s:
            return min(float(retry_after_s), LONGEST_RETRY_AFTER_S)
        if reason is StateReason.AUTH:
            wait = AUTH_RETRY_S
        elif reason is StateReason.REJECTED:
            wait = REJECTED_RETRY_S
        else:
            return self._backed_off(self._failures)
        return wait * (1 - JITTER * self._random())

    def _backed_off(self, failures: int) -> float:
        wait = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures - 1, 16))
        return wait * (1 - JITTER * self._random())

    def _schedule(self, delay_s: float, why: str) -> None:
        self._again = False
        self._arm(delay_s, lambda: self._attempt(why))
        self.next_attempt_us = self._clock.now_us() + int(delay_s * 1e6)
        self.changed(self)

    def _arm(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = self._clock.call_later(delay_s, callback)

    def _cancel_timer(self) -> None:
        self.next_attempt_us = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lose_patience(self, done: Done) -> None:
        if done in self._waiting:
            self._waiting.remove(done)
            done(
                RequestTimeoutError(
                    f"The registrar of {self.id} has not answered for {PATIENCE_S:.0f} s; it is"
                    " asked on, and the account's state will tell"
                )
            )

    def _settle(self, error: PhoneError | None) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(error)

    def _change(self, state: AccountState, reason: StateReason, code: int, text: str) -> None:
        if (state, reason, code, text) == (self.state, self.reason, self.code, self.text):
            return
        # Said once when an outage begins and once when it ends; repeats are for debugging.
        news = state is not self.state and {state, self.state} & {
            AccountState.REGISTERED,
            AccountState.FAILED,
        }
        repeat = self._failures > 1 and state is not AccountState.REGISTERED
        level = logging.DEBUG if repeat or not news else logging.INFO
        if state is AccountState.FAILED and not repeat:
            level = logging.WARNING
        logger.log(
            level,
            "account %s: %s -> %s (%s)",
            self.id,
            self.state,
            state,
            " ".join(filter(None, (reason, str(code or ""), text))),
            extra={"account": self.id},
        )
        self.state, self.reason, self.code, self.text = state, reason, code, text
        self.changed(self)


def reason_of(answer: Answer) -> StateReason:
    """What kind of failure an `Answer` is."""
    if answer.cause is not StateReason.NONE:
        return answer.cause
    if answer.code in AUTH_CODES:
        return StateReason.AUTH
    if answer.code == 408:  # noqa: PLR2004 - RFC 3261 21.4.9, also pjsip's word for no answer
        return StateReason.TIMEOUT
    if answer.code >= 500 and answer.code < 600:  # noqa: PLR2004 - RFC 3261 class of server failure
        return StateReason.NETWORK
    return StateReason.REJECTED


def error_of(answer: Answer, account: AccountId) -> PhoneError:
    """The same as an error for whoever asked."""
    if answer.code:
        return RejectedError(f"{answer.code} {answer.text}")
    if answer.cause is StateReason.TIMEOUT:
        return RequestTimeoutError(f"The registrar of {account} did not answer in time")
    return NotRegisteredError(answer.text)
