# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that outlive the daemon, and scripts without asyncio."""

import asyncio
import sys
import textwrap

import pytest

from offhook.aio import Phone
from offhook.changes import Changes, Left, Returned
from offhook.errors import NoDaemonError
from offhookd.engine.protocol import Answer, Incoming
from tests.support.daemon import RunningDaemon
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S


async def next_of(changes: Changes, kind: type) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for change in changes:
            if isinstance(change, kind):
                return


async def test_a_phone_that_stays_sees_the_daemon_come_and_go(
    stopped_daemon: RunningDaemon,
) -> None:
    async with Phone(stopped_daemon.bus.address, stay=True) as phone:
        changes = phone.changes()
        assert not phone.present
        with pytest.raises(NoDaemonError):
            await phone.dial("sip:bob@127.0.0.1")
        await stopped_daemon.start()
        await next_of(changes, Returned)
        assert phone.present
        assert [account.id for account in phone.accounts] == ["direct"]
        await stopped_daemon.stop()
        await next_of(changes, Left)
        assert (phone.present, phone.accounts, phone.version) == (False, [], "")
        await stopped_daemon.start()
        await next_of(changes, Returned)
        assert [account.id for account in phone.accounts] == ["direct"]


async def test_a_phone_that_stays_survives_the_daemons_crash(daemon: RunningDaemon) -> None:
    async with Phone(daemon.bus.address, stay=True) as phone:
        changes = phone.changes()
        daemon.close()
        await next_of(changes, Left)
        await daemon.start()
        await next_of(changes, Returned)
        async with asyncio.timeout(PATIENCE_S):
            await phone.until(lambda: phone.state == "running")


async def test_a_phone_that_stays_still_needs_a_bus() -> None:
    with pytest.raises(NoDaemonError, match="No D-Bus session bus"):
        async with Phone("unix:path=/nonexistent", stay=True):
            pass


SCRIPT = """
    import sys
    from offhook.blocking import Phone
    from offhook.errors import OffhookError

    with Phone(sys.argv[1]) as phone:
        call = phone.dial(sys.argv[2])
        assert phone.wait(lambda: call.state == "active", 10), call.state
        assert not phone.wait(lambda: call.state == "ended", 0.05)
        phone.do(call.hold())
        print(call.local_hold, [account.id for account in phone.accounts])
        phone.do(call.hangup())
        (row,) = phone.history()
        print(row["end-reason"])
        try:
            phone.do(call.answer())
        except OffhookError as error:
            print(error)
"""


async def test_a_script_without_asyncio(daemon: RunningDaemon, far_end: EngineProcess) -> None:
    target = f"sip:test@127.0.0.1:{far_end.port}"
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), daemon.bus.address, target]
    script = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    await asyncio.to_thread(far_end.wait_for, Incoming)
    far_end.tell(Answer(leg=-1))
    async with asyncio.timeout(2 * PATIENCE_S):
        out, _ = await script.communicate()
    lines = out.decode().splitlines()
    assert lines[:2] == ["True ['direct']", "local"]
    assert "ended" in lines[2]
