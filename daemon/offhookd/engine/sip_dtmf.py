# SPDX-License-Identifier: GPL-2.0-or-later
"""DTMF that is sent: RFC 4733 events, SIP INFO (application/dtmf-relay), tones in the audio."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pjsua2 as pj

from .refusal import Refused, check_range
from .schedule import Schedule
from .sip_headers import clean
from .sip_media import LegMediaState
from .sip_status import FIRST_FAILURE
from .sip_tones import start_digits

PAUSE_S = 0.5
GAP_MS = 70
"""Silence between two tones; ETSI TS 101 235 asks for 65 ms at least."""

INFO_MIME = "application/dtmf-relay"

SHORTEST_MS, LONGEST_MS = 40, 5000
MOST_TONES = 64

_TONES = re.compile(r"[0-9*#A-D,]+")


class Method(StrEnum):
    RFC4733 = "rfc4733"
    INFO = "info"
    INBAND = "inband"


AUTO = "auto"
METHODS = (AUTO, *Method)


@dataclass(frozen=True, slots=True)
class Tones:
    """A checked request.  Raises `Refused` for anything but tones and pauses."""

    tones: str
    duration_ms: int

    def __post_init__(self) -> None:
        if not _TONES.fullmatch(self.tones) or len(self.tones) > MOST_TONES:
            raise Refused(f"DTMF is up to {MOST_TONES} of 0-9 * # A-D and a comma for a pause.")
        check_range("duration_ms", self.duration_ms, SHORTEST_MS, LONGEST_MS)

    def runs(self) -> list[str]:
        """The tones between the pauses; "" where two pauses follow each other."""
        return self.tones.split(",")

    def length_s(self, run: str) -> float:
        return len(run) * (self.duration_ms + GAP_MS) / 1000

    def whole_s(self) -> float:
        return self.length_s(self.tones) + self.tones.count(",") * PAUSE_S


class Ways:
    """How keys can go to one far end."""

    def __init__(self) -> None:
        self._refuses_info = False

    def heard(self, event: Any) -> None:
        """Something of a transaction of the call; inside the callback."""
        transaction = event.body.tsxState.tsx
        ours = transaction.method == "INFO" and transaction.role == pj.PJSIP_ROLE_UAC
        if ours and transaction.statusCode >= FIRST_FAILURE:
            self._refuses_info |= INFO_MIME in transaction.lastTx.wholeMsg

    def choose(self, wanted: str, media: LegMediaState, call: Any) -> Method:
        """What the far end understands; raises `Refused` when that is not what was wanted."""
        if wanted not in METHODS:
            raise Refused(f"DTMF goes by rfc4733, info or inband, not {wanted[:20]!r}.")
        if wanted == Method.RFC4733 and not media.can_rfc4733:
            raise Refused("The far end did not offer DTMF events (RFC 4733); use info or inband.")
        if wanted != AUTO:
            return Method(wanted)
        if media.can_rfc4733:
            return Method.RFC4733
        return Method.INFO if self._takes_info(call) else Method.INBAND

    def _takes_info(self, call: Any) -> bool:
        """That it allows INFO says nothing about keys; its answer to the first one does."""
        allows = call.remoteHasCap(pj.PJSIP_H_ALLOW, "", "INFO")
        return allows == pj.PJSIP_DIALOG_CAP_SUPPORTED and not self._refuses_info


class DtmfSender:
    """Sends one request on one call; `done` gets "" or what went wrong, when all is queued."""

    def __init__(
        self,
        schedule: Schedule,
        tones: Tones,
        method: Method,
        find_call: Callable[[], Any],
        generator: Callable[[], Any],
        done: Callable[[str, int], None],
    ) -> None:
        self._schedule = schedule
        self._tones = tones
        self._method = method
        self._find_call = find_call
        self._generator = generator
        self._done = done
        self._steps = list(self._plan())

    def _plan(self) -> Iterator[tuple[str, float]]:
        """(tones to queue, seconds until the next step)."""
        for run in self._tones.runs():
            # INFO is one transaction a tone; the others queue a whole run in the stack.
            parts = [*run] if self._method is Method.INFO else [run]
            yield from ((part, self._tones.length_s(part)) for part in parts)
            yield "", PAUSE_S

    def start(self) -> None:
        self._next(0)

    def _next(self, position: int) -> None:
        tones, rest_s = self._steps[position]
        try:
            if tones:
                self._send(tones)
        except Refused as refusal:
            self._done(str(refusal), refusal.code)
        except pj.Error as error:
            self._done(f"DTMF could not be sent: {clean(error.reason)}.", error.status)
        else:
            if any(later for later, _ in self._steps[position + 1 :]):
                self._schedule.after(rest_s, lambda: self._next(position + 1))
            else:
                self._done("", 0)

    def _send(self, digits: str) -> None:
        if self._method is Method.INBAND:
            start_digits(self._generator(), digits, self._tones.duration_ms, GAP_MS)
            return
        parameters = pj.CallSendDtmfParam()
        parameters.digits = digits
        parameters.duration = self._tones.duration_ms
        parameters.method = (
            pj.PJSUA_DTMF_METHOD_RFC2833
            if self._method is Method.RFC4733
            else pj.PJSUA_DTMF_METHOD_SIP_INFO
        )
        self._find_call().sendDtmf(parameters)
