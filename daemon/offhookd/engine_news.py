# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine tells, beyond calls and registrations: to the parts that it concerns."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

from offhookd.audio import fact_of
from offhookd.engine import protocol as p
from offhookd.engine.reports import EngineListener
from offhookd.parts import Parts
from offhookd.phone import remote
from offhookd.phone.events import Signal
from offhookd.phone.letters import Letter
from offhookd.phone.service import Fact
from offhookd.phone.values import AccountId, CallId

GATE_NEWS_S = 600.0
"""One stray packet is no state of the phone for the rest of the day."""

KNOWN_FACTS = frozenset({"version", "codecs", "transports", "tls", "max_calls", "video", "pid"})

logger = logging.getLogger(__name__)
engine_logger = logging.getLogger("offhookd.engine")


class EngineNews(EngineListener):
    """`started` fires when a new engine wants to be told everything, `changed` with `facts`."""

    def __init__(self, parts: Parts) -> None:
        self.facts: Mapping[str, Fact] = {}
        """What the engine is and can, as in the property `Engine`; empty while there is none."""
        self.heard = asyncio.Event()
        """Whether the first engine has said that it is up, or that it cannot be."""
        self.started: Signal[[]] = Signal()
        self.changed: Signal[[]] = Signal()
        self.stopping = False
        """Whether its end is wanted, and no problem."""
        self._parts = parts
        self._gate_news: asyncio.TimerHandle | None = None

    def engine_started(self, facts: Mapping[str, p.Value]) -> None:
        parts = self._parts
        self.facts = {
            name.replace("_", "-"): fact_of(facts[name]) for name in facts if name in KNOWN_FACTS
        }
        limit = facts.get("max_calls")
        parts.calls.limit = limit if isinstance(limit, int) else parts.calls.limit
        self.heard.set()
        parts.problems.clear("engine-down")
        self._tell_faults(facts.get("faults", ()))
        parts.audio.engine_started()
        parts.sounds.hold_music.engine_started()
        self.started()
        parts.lines.engine_started()
        parts.stun.engine_started()
        parts.turn.engine_started()
        parts.rules.standing.engine_started()
        self.changed()

    def _tell_faults(self, faults: p.Value) -> None:
        text = " ".join(map(str, faults)) if isinstance(faults, tuple) else ""
        self._parts.problems.hold("engine-faults", text)

    def engine_failed(self, text: str) -> None:
        parts = self._parts
        self.facts = {}
        self.heard.set()
        parts.presence.engine_lost()
        parts.desks.engine_lost(text)
        parts.lines.engine_lost()
        if not self.stopping and not parts.engine.renewing:
            parts.problems.raise_("engine-down", f"{text}; it is being restarted")
        self.changed()

    def audio_status(self, status: p.AudioStatus) -> None:
        self._parts.audio.status(status)

    def levels(self, call: CallId, sent_dbfs: float, received_dbfs: float) -> None:
        self._parts.audio.levels(call, sent_dbfs, received_dbfs)

    def message_received(self, letter: Letter) -> None:
        self._parts.messages.received(letter)

    def remote_press(self, account: AccountId, key: str, call: CallId) -> None:
        remote.press(self._parts.calls, account, key, call)

    def gate_report(self, dropped: Mapping[str, int], last_source: str) -> None:
        problems = self._parts.problems
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(dropped.items()))
        text = f"Messages that could harm the phone were dropped, last from {last_source}: {rules}"
        logger.warning("%s", text)
        problems.raise_("gate-dropped", text)
        if self._gate_news:
            self._gate_news.cancel()
        clear = partial(problems.clear, "gate-dropped")
        self._gate_news = asyncio.get_running_loop().call_later(GATE_NEWS_S, clear)

    def errand_told(self, event: p.ErrandTold) -> None:
        self._parts.desks.told(event)

    def leg_told(self, leg: CallId, event: p.LegState | p.TransferProgress) -> None:
        self._parts.desks.leg_told(leg, event)

    def presence_told(self, event: p.Event) -> None:
        self._parts.presence.take(event)

    def stun_lost(self, event: p.StunLost) -> None:
        self._parts.stun.lost(event.server)

    def turn_lost(self, event: p.TurnLost) -> None:
        self._parts.turn.lost(event.account)

    def recorded(self, event: p.Recorded) -> None:
        self._parts.sounds.recorded(event)

    def engine_log(self, level: int, text: str) -> None:
        engine_logger.log(level, "%s", text)
