# SPDX-License-Identifier: GPL-2.0-or-later
"""The victim of fuzz_sip.py: an engine behind the gate that does all a phone does.

It registers, watches a buddy, places calls to the peer and answers the peer's calls; it prints its
port, and stops when its standard input ends.
"""

import os
import random
import select
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from offhookd.engine.gate import Gate
from offhookd.engine.gatehook import GateHook
from tests.support.bare_engine import BareEngine, bare_engine

POLL_MS = 2
DIAL_EVERY_S = 0.15
CALL_LASTS_S = 0.4
MAX_DIALLED = 2


class Victim:
    def __init__(self, engine: BareEngine, peer_port: int) -> None:
        self._engine = engine
        self._pj = engine.pj
        self._peer = f"127.0.0.1:{peer_port}"
        self._random = random.Random(1)  # noqa: S311 - to be repeatable, not secret
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._calls: dict[int, Any] = {}
        self._dialled = 0
        self._dial_at = 0.0
        self._classes()
        self._account = self._new_account()
        self._buddy = self._new_buddy()

    def _classes(self) -> None:
        victim = self
        pj = self._pj

        class Call(pj.Call):  # type: ignore[misc, name-defined]  # pjsua2 has no types
            dialled = False

            def onCallState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
                if self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED:
                    victim.after(0, lambda: victim.forget(self))

            def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
                prm.statusCode = 603

        class Account(pj.Account):  # type: ignore[misc, name-defined]  # pjsua2 has no types
            def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
                call = Call(self, prm.callId)
                victim.after(0, lambda: victim.answer(call))

        self._call_class, self._account_class = Call, Account

    def _new_account(self) -> Any:
        config = self._pj.AccountConfig()
        config.idUri = f"sip:me@{self._peer}"
        config.regConfig.registrarUri = f"sip:{self._peer}"
        config.regConfig.timeoutSec = 60
        config.regConfig.retryIntervalSec = 2
        config.mwiConfig.enabled = True
        config.callConfig.timerUse = 1
        credentials = self._pj.AuthCredInfo("digest", "*", "me", 0, "secret")
        config.sipConfig.authCreds.append(credentials)
        account = self._account_class()
        account.create(config)
        return account

    def _new_buddy(self) -> Any:
        config = self._pj.BuddyConfig()
        config.uri = f"sip:buddy@{self._peer}"
        config.subscribe = True
        buddy = self._pj.Buddy()
        buddy.create(self._account, config)
        return buddy

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + delay_s, action))

    def answer(self, call: Any) -> None:
        self._calls[call.getId()] = call
        prm = self._pj.CallOpParam(True)
        prm.statusCode = self._random.choice((180, 183, 200, 200, 200, 486))
        with suppress(self._pj.Error):
            call.answer(prm)
        self.after(CALL_LASTS_S, lambda: self.hang_up(call))

    def hang_up(self, call: Any) -> None:
        with suppress(self._pj.Error):
            if call.isActive():
                call.hangup(self._pj.CallOpParam())

    def forget(self, call: Any) -> None:
        self._dialled -= call.dialled
        self._calls = {key: kept for key, kept in self._calls.items() if kept is not call}

    def dial(self) -> None:
        call = self._call_class(self._account)
        try:
            call.makeCall(f"sip:peer@{self._peer}", self._pj.CallOpParam(True))
        except self._pj.Error:
            return
        call.dialled = True
        self._dialled += 1
        self._calls[call.getId()] = call
        self.after(CALL_LASTS_S, lambda: self.hold(call))
        self.after(2 * CALL_LASTS_S, lambda: self.hang_up(call))

    def hold(self, call: Any) -> None:
        with suppress(self._pj.Error):
            if call.isActive():
                call.setHold(self._pj.CallOpParam(True))

    def run(self) -> None:
        while not select.select([sys.stdin], [], [], 0)[0]:
            self._engine.endpoint.libHandleEvents(POLL_MS)
            now = time.monotonic()
            due = [action for at, action in self._later if at <= now]
            self._later = [item for item in self._later if item[0] > now]
            for action in due:
                action()
            if now >= self._dial_at and self._dialled < MAX_DIALLED:
                self._dial_at = now + DIAL_EVERY_S
                self.dial()


def main(peer_port: int, *, gated: bool) -> None:
    with bare_engine() as engine:
        gate = Gate(lambda _source: True, time.monotonic)
        hook = GateHook(gate, lambda _rule, _source: None)
        if gated:
            fault = hook.install(engine.endpoint.libHandleEvents, ("127.0.0.1", engine.port))
            assert not fault, fault
        print(f"port {engine.port}", flush=True)
        victim = Victim(engine, peer_port)
        victim.run()
        print(f"stopped {dict(gate.counts)}", flush=True)
        os._exit(0)  # an orderly end is not what is tested here


if __name__ == "__main__":
    main(int(sys.argv[1]), gated=sys.argv[2] == "gated")
