# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls to a daemon of direct calls, from a second telephone."""

from offhook.aio import Phone
from offhook.call import Call
from offhook.changes import Added
from offhookd.engine.protocol import Dial, SetHosts
from tests.support.daemon import DIRECT
from tests.support.engine import EngineProcess


def direct_at(port: int) -> str:
    """The configuration of a phone for direct calls that is called at this port."""
    return DIRECT.replace("bind: 127.0.0.1", f"bind: 127.0.0.1, port: {port}")


def ring(far_end: EngineProcess, port: int, leg: int = 1) -> None:
    """Let `far_end` call the phone at `port`."""
    far_end.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
    target = f"sip:ada@127.0.0.1:{port}"
    far_end.ask(
        Dial(leg=leg, account="test", target=target, headers={}, anonymous=False, muted=False)
    )


async def incoming(phone: Phone, far_end: EngineProcess, port: int, leg: int = 1) -> Call:
    """The same; the call as it is announced."""
    changes = phone.changes()
    ring(far_end, port, leg)
    async for change in changes:
        if isinstance(change, Added) and isinstance(call := change.subject, Call):
            return call
    raise AssertionError("the daemon is gone")
