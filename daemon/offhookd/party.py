# SPDX-License-Identifier: GPL-2.0-or-later
"""A second telephone on this machine that answers every call and sends the sound back.

``python -m offhookd.party`` prints its SIP address on a line of its own and serves until its
standard input ends.  It is an engine like the phone's own, without daemon, account or registrar:
the other end of a demonstration, and of ``Can you hear me?`` tests.
"""

import asyncio
import logging
import sys

from offhookd.config.schema import DEFAULT_CODECS
from offhookd.engine import protocol as p
from offhookd.engine.link import Link
from offhookd.engine.supervisor import Supervisor

ACCOUNT = "echo"
HOST = "127.0.0.1"


class Party:
    """Answers and echoes; `address` is set when it can be called."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.address: asyncio.Future[str] = loop.create_future()
        self._supervisor = Supervisor(self._up, self._event, self._down)
        self._link: Link

    def start(self) -> None:
        self._supervisor.start()

    async def stop(self) -> None:
        await self._supervisor.stop()

    def _up(self, link: Link) -> None:
        self._link = link
        link.send(
            p.Start(
                version=p.VERSION,
                bind=HOST,
                port=0,
                user_agent="offhook-echo",
                ca_file="",
                log_level=logging.ERROR,
                country="",
            ),
            self._started,
        )

    def _started(self, reply: p.Reply) -> None:
        if reply.error:
            self._down(reply.error)
            return
        address = f"sip:{ACCOUNT}@{HOST}:{reply.data['port']}"
        self._link.send(p.SetAudio(backend="silent", capture="", playback="", on_unplug="hold"))
        self._link.send(
            p.SetAccount(
                account=ACCOUNT,
                uri=address,
                display_name="Echo",
                username=ACCOUNT,
                password="",
                registrar="",
                proxy="",
                transport="udp",
                srtp="disabled",
                codecs=DEFAULT_CODECS,
                register_seconds=300,
                keepalive_seconds=0,
                servers=(),
                accept_anyone=True,
            ),
            lambda reply: self._ready(address, reply.error),
        )

    def _ready(self, address: str, error: str) -> None:
        if error:
            self._down(error)
        elif not self.address.done():
            self.address.set_result(address)

    def _event(self, event: p.Event) -> None:
        match event:
            case p.Incoming():
                self._link.send(p.Ring(leg=event.leg))
                self._link.send(p.Answer(leg=event.leg))
            case p.LegState(state="active"):
                self._link.send(p.Loop(leg=event.leg, enabled=True))

    def _down(self, text: str) -> None:
        if not self.address.done():
            self.address.set_exception(RuntimeError(text))


async def serve() -> None:
    party = Party()
    party.start()
    try:
        print(await party.address, flush=True)  # noqa: T201 - what the caller waits for
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await party.stop()


if __name__ == "__main__":
    asyncio.run(serve())
