# SPDX-License-Identifier: GPL-2.0-or-later
"""The client library with the real daemon and its real engine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from offhook.aio import Phone
from offhook.call import CALL, Call
from offhook.changes import Added, Changed, Changes, Event, Removed
from offhook.errors import NoDaemonError, OffhookError
from offhook.history import Row
from offhook.objects import ROOT
from offhookd.engine.protocol import Answer, Hangup, Incoming, SendDtmf
from tests.support.daemon import DIRECT, RunningDaemon
from tests.support.dbus import PrivateBus
from tests.support.engine import EngineProcess
from tests.support.processes import PATIENCE_S


@pytest.fixture
async def remote(daemon: RunningDaemon) -> AsyncIterator[Phone]:
    async with Phone(daemon.bus.address) as phone:
        yield phone


@pytest.fixture
def target(far_end: EngineProcess) -> str:
    return f"sip:test@127.0.0.1:{far_end.port}"


async def answered(remote: Phone, far_end: EngineProcess, target: str) -> Call:
    call = await remote.dial(target)
    await asyncio.to_thread(far_end.wait_for, Incoming)
    far_end.tell(Answer(leg=-1))
    async with asyncio.timeout(PATIENCE_S):
        await call.until(lambda: call.state == "active" and call.codec)
    return call


async def to_the_end(changes: Changes) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for _ in changes:
            pass


async def test_everything_is_known_on_entering(remote: Phone) -> None:
    assert remote.version
    assert remote.state == "running"
    assert remote.calls == []
    (account,) = remote.accounts
    assert (account.id, account.uri, account.state) == (
        "direct",
        "sip:ada@127.0.0.1",
        "registered",
    )
    assert account.path == remote.default_account == f"{ROOT}/accounts/direct"
    assert remote.audio.preferences("capture") == ["default"]
    assert remote.history.unseen_missed == 0


async def test_a_call_has_its_properties_when_dial_returns(remote: Phone, target: str) -> None:
    call = await remote.dial(target, muted=True)
    assert remote.calls == [call]
    assert (call.direction, call.peer_uri, call.muted) == ("outgoing", target, True)
    assert call.state in {"dialing", "ringing"}


async def test_a_call_is_operated_and_its_properties_follow(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await answered(remote, far_end, target)
    assert (call.codec, call.clock_rate) == ("G722", 16000)
    await call.mute()
    assert call.muted
    async with asyncio.timeout(PATIENCE_S):
        await call.hold()
        await call.until(lambda: "Resume" in call.actions)
        assert call.local_hold
        await call.resume()
        await call.until(lambda: "Hold" in call.actions)
        assert not call.local_hold
    await call.hangup()
    assert (call.state, call.end_reason, call.end_code) == ("ended", "local", 200)
    row = await remote.history.get(call.id)
    assert (row["peer-uri"], row["end-reason"]) == (target, "local")


async def test_no_state_of_a_call_is_left_out(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await remote.dial(target, confirm=True)
    states = call.states()
    assert await anext(states) == "pending"
    await call.start()
    await asyncio.to_thread(far_end.wait_for, Incoming)
    far_end.tell(Answer(leg=-1))
    await asyncio.to_thread(far_end.wait_state, -1, "active")
    far_end.tell(Hangup(leg=-1))
    async with asyncio.timeout(PATIENCE_S):
        assert [state async for state in states] == ["dialing", "active", "ended"]
    assert call.end_reason == "remote"


async def test_changes_tell_how_a_call_came_changed_and_went(remote: Phone, target: str) -> None:
    changes = remote.changes()
    call = await remote.dial(target, confirm=True)
    await call.hangup()
    seen = []
    async with asyncio.timeout(PATIENCE_S):
        async for change in changes:
            if change.subject is call:
                seen.append(change)
            if isinstance(change, Removed):
                break
    added, ended, removed = seen
    assert isinstance(added, Added)
    assert isinstance(ended, Changed)
    assert (ended.interface, ended.properties["State"]) == (CALL, "ended")
    assert removed == Removed(call)
    assert remote.calls == []
    assert call.state == "ended"


async def test_signals_that_are_no_properties_are_events(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await answered(remote, far_end, target)
    changes = remote.changes()
    far_end.tell(SendDtmf(leg=-1, tones="5", method="rfc4733", duration_ms=100))
    async with asyncio.timeout(PATIENCE_S):
        heard = await anext(one async for one in changes if isinstance(one, Event))
    assert (heard.subject, heard.member) == (call, "DtmfReceived")
    assert heard.arguments[0] == "5"


async def test_the_keys_of_the_far_end_come_one_by_one_until_the_call_is_over(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await answered(remote, far_end, target)
    keys = call.keys()
    async with asyncio.timeout(PATIENCE_S):
        pressed = asyncio.ensure_future(anext(keys))
        await asyncio.sleep(0)  # it listens
        far_end.tell(SendDtmf(leg=-1, tones="7", method="rfc4733", duration_ms=100))
        assert await pressed == "7"
        await call.hangup()
        assert [key async for key in keys] == []


async def test_a_call_that_is_over_before_anybody_answers(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await remote.dial(target)
    await asyncio.to_thread(far_end.wait_for, Incoming)
    far_end.tell(Hangup(leg=-1))
    async with asyncio.timeout(PATIENCE_S):
        assert not await call.answered()
        await call.over()


async def test_a_refusal_has_a_kind(remote: Phone) -> None:
    with pytest.raises(OffhookError) as refused:
        await remote.dial("no such address!")
    assert refused.value.kind == "InvalidTarget"


async def test_levels_show_a_tone_on_its_way_out(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await answered(remote, far_end, target)
    await call.send_dtmf("1", "inband", 200)
    async with asyncio.timeout(PATIENCE_S), aclosing(call.levels(50)) as levels:
        async for level in levels:
            if level.sent > -30:
                break
    assert level.received < -60


async def test_levels_end_with_the_call(remote: Phone, far_end: EngineProcess, target: str) -> None:
    call = await answered(remote, far_end, target)
    levels = call.levels(50)
    await anext(levels)
    await call.hangup()
    async with asyncio.timeout(PATIENCE_S):
        assert [level async for level in levels] == []


async def test_every_client_sees_what_another_does(
    daemon: RunningDaemon, remote: Phone, target: str
) -> None:
    async with Phone(daemon.bus.address) as other:
        call = await remote.dial(target, confirm=True)
        async with asyncio.timeout(PATIENCE_S):
            await other.until(lambda: other.calls)
            (same,) = other.calls
            assert same.path == call.path
            await same.hangup()
            await call.until(lambda: not call.up)


async def test_a_refusal_has_its_name_and_sentence(remote: Phone) -> None:
    with pytest.raises(OffhookError) as refused:
        await remote.dial("not a number@@")
    assert refused.value.name == "org.offhook.Phone1.Error.InvalidTarget"
    assert refused.value.message
    with pytest.raises(OffhookError, match="Nothing has been dialled yet"):
        await remote.redial()


async def test_a_number_that_cannot_cross_the_bus_is_refused(remote: Phone) -> None:
    with pytest.raises(OffhookError, match="Delete takes no such argument"):
        await remote.history.delete([1 << 64])


async def test_text_that_cannot_cross_the_bus_is_refused(remote: Phone) -> None:
    with pytest.raises(OffhookError, match="not valid UTF-8"):
        await remote.dial("\udcff")
    assert remote.calls == []


async def test_an_object_that_is_gone_refuses(remote: Phone, target: str) -> None:
    call = await remote.dial(target, confirm=True)
    await call.hangup()
    async with asyncio.timeout(PATIENCE_S):
        await remote.until(lambda: not remote.calls)
    with pytest.raises(OffhookError) as refused:
        await call.hangup()
    assert refused.value.name == "org.freedesktop.DBus.Error.UnknownObject"


async def test_accounts_and_audio_are_changed_and_follow(remote: Phone) -> None:
    (account,) = remote.accounts
    await account.enable(False)
    assert (account.enabled, account.state) == (False, "disabled")
    await remote.audio.prefer("playback", ["usb", "default"])
    assert remote.audio.preferences("playback") == ["usb", "default"]
    await remote.audio.set_volume("ringer", 0.5)
    assert remote.audio.volume("ringer") == 0.5


async def test_the_default_account_is_chosen(remote: Phone) -> None:
    (account,) = remote.accounts
    await remote.set_default_account(account)
    assert remote.default_account == account.path


async def test_a_configuration_is_examined_before_it_is_used(
    remote: Phone, daemon: RunningDaemon
) -> None:
    assert await remote.validate() == []
    daemon.write_config(DIRECT.replace("registrar:", "registrat:"))
    ((file, line, key, reason),) = await remote.validate()
    assert (file, line, key) == (str(daemon.config_file), 5, "accounts.direct.registrat")
    assert "registrar" in reason
    assert remote.generation == 1


async def test_a_repeated_request_dials_once(remote: Phone, target: str) -> None:
    call = await remote.dial(
        target, display_name="Ada", confirm=True, request_id="one", headers={"X-Desk": "4"}
    )
    assert call.peer_name == "Ada"
    assert await remote.dial(target, confirm=True, request_id="one") is call


async def test_the_sound_of_a_call_is_told_in_every_detail(
    remote: Phone, far_end: EngineProcess, target: str
) -> None:
    call = await answered(remote, far_end, target)
    assert (call.codec, call.encryption) == ("G722", "none")
    assert call.sip_call_id
    assert await call.statistics()


async def test_history_is_paged_and_filtered(remote: Phone, target: str) -> None:
    for _ in range(3):
        await (await remote.dial(target, confirm=True)).hangup()
    assert [row["id"] for row in await remote.history.query(2)] == [3, 2]
    assert len(await remote.history.query(10)) == 3
    assert await remote.history.query(10, missed=True) == []
    assert await remote.history.query(10, direction="incoming") == []
    first = await remote.history.get(1)
    assert first.keys() == Row.__annotations__.keys()
    begun = first["started"]
    assert await remote.history.query(10, since=begun, until=begun + 1) == [first]
    assert await remote.history.query(10, until=begun) == []


async def test_no_daemon_is_told_at_once(session_bus: PrivateBus) -> None:
    with pytest.raises(NoDaemonError, match="offhookd does not answer"):
        async with Phone(session_bus.address):
            pass


async def test_no_bus_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(NoDaemonError, match="No D-Bus session bus at"):
        async with Phone(f"unix:path={tmp_path}/bus"):
            pass


async def test_a_daemon_that_leaves_ends_the_changes_and_every_request(
    daemon: RunningDaemon, remote: Phone
) -> None:
    changes = remote.changes()
    assert await daemon.stop() == 0
    with pytest.raises(NoDaemonError, match="has left the session bus"):
        await to_the_end(changes)
    with pytest.raises(NoDaemonError):
        await remote.hangup_all()
    with pytest.raises(NoDaemonError):
        await anext(remote.changes())


async def test_a_bus_that_closes_ends_the_changes_and_every_request(
    daemon: RunningDaemon, remote: Phone
) -> None:
    changes = remote.changes()
    daemon.bus.kill()
    with pytest.raises(NoDaemonError, match="session bus closed the connection"):
        await to_the_end(changes)
    with pytest.raises(NoDaemonError):
        await remote.hangup_all()
