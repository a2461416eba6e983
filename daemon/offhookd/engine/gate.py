# SPDX-License-Identifier: GPL-2.0-or-later
"""Who and what may come in: every SIP message passes here before the SIP stack acts on it."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offhookd.engine.gate_message import MalformedError, SipMessage
from offhookd.engine.gate_rules import RULES, Rule

STRANGER = "stranger"
FLOOD = "flood"

INVITE_BURST = 12
INVITES_PER_S = 10.0
"""The stack aborts when 33 INVITEs are refused within 0.5 s and survives 25."""

SOURCE_INVITE_BURST = 6
SOURCE_INVITES_PER_S = 2.0
"""A server that forks one call to several lines of ours sends them together; nobody dials more."""

_MAX_SOURCES = 256
_REMEMBERED_INVITES = 64

Source = tuple[str, int]
"""IP address and port."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rule` names what was broken; "" lets the message in.  `repair` is to be appended first.
    `refusal`: what the sender is to be told, 0 for nothing."""

    rule: str = ""
    repair: bytes = b""
    refusal: int = 0
    claimed: bool = False
    """Somebody of ours has dealt with it; the SIP stack is not to see it."""

    @property
    def dropped(self) -> bool:
        return bool(self.rule) and not self.repair


_PASS = Verdict()
_CLAIMED = Verdict(claimed=True)

Claim = Callable[["SipMessage", Source], bool]
"""Whether a message was for the asker, who has dealt with it."""


class Bucket:
    """`rate` tokens a second up to `burst`; full at the start."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._updated = now

    def take(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate)
        self._updated = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Gate:
    """Judges messages; keeps counts.  `clock` is monotonic, in seconds.

    `allowed` says whether a source may send at all; it is asked for every message.
    """

    def __init__(
        self,
        allowed: Callable[[Source], bool],
        clock: Callable[[], float],
        rules: Sequence[Rule] = RULES,
    ) -> None:
        self._allowed = allowed
        self._clock = clock
        self._rules = rules
        self._invites = Bucket(INVITES_PER_S, INVITE_BURST, clock())
        self._by_source: OrderedDict[str, Bucket] = OrderedDict()
        self._seen: OrderedDict[tuple[bytes, bytes, str], None] = OrderedDict()
        self.claim: Claim = lambda _message, _source: False
        """Asked before the rules: they keep out what harms the stack, which sees none of these."""
        self.counts: Counter[str] = Counter()
        """Messages that were not let in as they came, by rule."""

    def judge(self, data: bytes, source: Source) -> Verdict:
        verdict = self._judge(data, source)
        if verdict.rule:
            self.counts[verdict.rule] += 1
        return verdict

    def _judge(self, data: bytes, source: Source) -> Verdict:
        if not self._allowed(source):
            return Verdict(STRANGER)
        try:
            message = SipMessage(data)
        except MalformedError as error:
            return Verdict(str(error))
        if self.claim(message, source):
            return _CLAIMED
        repair = _PASS
        for rule in self._rules:
            if rule.test(message):
                if not rule.repair:
                    return Verdict(rule.name, refusal=self._refusal(rule, message, source))
                repair = Verdict(rule.name, rule.repair)
        if message.method == b"INVITE" and not message.has_to_tag and self._floods(message, source):
            return Verdict(FLOOD)
        return repair

    def _refusal(self, rule: Rule, message: SipMessage, source: Source) -> int:
        asked = message.method == b"INVITE" and not self._floods(message, source)
        return rule.refusal if asked else 0

    def _floods(self, message: SipMessage, source: Source) -> bool:
        address = source[0]
        key = (message.first(b"via"), message.first(b"call-id"), address)
        if key in self._seen:  # a retransmission, which the stack absorbs
            return False
        now = self._clock()
        if not self._bucket_of(address, now).take(now) or not self._invites.take(now):
            return True
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED_INVITES:
            self._seen.popitem(last=False)
        return False

    def _bucket_of(self, address: str, now: float) -> Bucket:
        bucket = self._by_source.pop(address, None)
        if bucket is None:
            bucket = Bucket(SOURCE_INVITES_PER_S, SOURCE_INVITE_BURST, now)
        self._by_source[address] = bucket
        if len(self._by_source) > _MAX_SOURCES:
            self._by_source.popitem(last=False)
        return bucket
