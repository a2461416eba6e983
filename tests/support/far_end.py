# SPDX-License-Identifier: GPL-2.0-or-later
"""The second telephone of the tests of the daemon, and calls with it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from offhookd.bus.names import BUS_NAME, ROOT
from offhookd.engine.protocol import (
    Answer,
    Dial,
    Incoming,
    LegState,
    Ring,
    SetHosts,
)
from tests.support.daemon import Phone
from tests.support.engine import EngineProcess

ACCOUNT = f"{ROOT}/accounts/direct"


@dataclass
class FarEnd:
    """The second telephone, awaited without blocking the loop."""

    engine: EngineProcess
    arrived: int = 0

    @property
    def uri(self) -> str:
        return f"sip:test@127.0.0.1:{self.engine.port}"

    async def rings(self) -> int:
        """Ring for the next call that arrives; its leg."""
        self.arrived += 1
        leg = -self.arrived  # engines count downwards what arrives
        await asyncio.to_thread(self.engine.wait_for, Incoming, lambda one: one.leg == leg)
        self.engine.tell(Ring(leg=leg))
        return leg

    async def state(self, leg: int, state: str) -> LegState:
        return await asyncio.to_thread(self.engine.wait_state, leg, state)

    async def calls(self, phone: Phone) -> str:
        """Dial the daemon; the path of the call there."""
        self.engine.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
        self.engine.ask(
            Dial(
                leg=1,
                account="test",
                target=f"sip:ada@127.0.0.1:{phone.daemon.sip_port}",
                headers={},
                anonymous=False,
                muted=False,
            )
        )
        seen = await phone.client.wait_for(
            lambda one: one["member"] == "InterfacesAdded" and is_incoming(one["body"]), "signal"
        )
        return str(seen["body"][0])


def is_incoming(body: list[Any]) -> bool:
    call = body[1].get(f"{BUS_NAME}.Call", {})
    return bool(call.get("Direction") == "incoming")


async def connected(phone: Phone, far: FarEnd) -> tuple[str, int]:
    """A call that the far end has answered: its path here, its leg there."""
    path = await phone.dial(far.uri)
    leg = await far.rings()
    far.engine.tell(Answer(leg=leg))
    await phone.until("Call", "State", "active", path)
    return path, leg
