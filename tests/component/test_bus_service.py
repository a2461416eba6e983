# SPDX-License-Identifier: GPL-2.0-or-later
"""The generic D-Bus layer on a real bus, on both libraries, seen by foreign clients."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from offhookd.bus import dispatch
from offhookd.bus.contract import CONTRACT_FILE, contract
from offhookd.bus.errors import BusUnavailableError, NameTakenError
from offhookd.bus.exported import Exported
from offhookd.bus.names import BUS_NAME, INTROSPECTABLE, OBJECT_MANAGER, PEER, PROPERTIES, ROOT
from offhookd.bus.service import Service
from offhookd.phone.errors import InvalidTargetError, PhoneError
from tests.support.dbus import (
    DBusReply,
    GlibClient,
    PrivateBus,
    busctl,
    glib_client,
    private_bus,
    service_with,
)
from tests.support.dbus_objects import (
    AUDIO,
    CALL,
    CALL_PATH,
    MEDIA,
    TELEPHONY,
    ShownAudio,
    ShownTelephony,
)
from tests.support.processes import until

DIAL = "('sip:1@example.com', @a{sv} {})"
ERROR = "org.offhook.Phone1.Error."
DBUS_ERROR = "org.freedesktop.DBus.Error."
DAEMON = "org.freedesktop.DBus"
DAEMON_PATH = "/org/freedesktop/DBus"
RECOVERY_S = 5.0


@dataclass
class Rig:
    bus: PrivateBus
    service: Service
    telephony: ShownTelephony
    audio: ShownAudio

    async def dial(self, client: GlibClient) -> None:
        reply = await client.call(ROOT, TELEPHONY, "Dial", DIAL)
        assert reply == DBusReply("", [CALL_PATH])


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    with private_bus() as running:
        yield running


@pytest.fixture(params=["next", "fast"])
def service_class(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Service]:
    return service_with(request.param, monkeypatch)


@pytest.fixture
async def rig(bus: PrivateBus, service_class: type[Service]) -> AsyncIterator[Rig]:
    service = service_class(bus.address)
    telephony, audio = ShownTelephony(service.tree), ShownAudio()
    service.tree.add(ROOT, telephony, audio)
    await service.start()
    await service.publish()
    yield Rig(bus, service, telephony, audio)
    await service.stop()


@pytest.fixture
async def client(rig: Rig) -> AsyncIterator[GlibClient]:
    async with glib_client(rig.bus.address) as connected:
        yield connected


def order(client: GlibClient) -> list[str]:
    """What the client received, as names, replies as "reply"."""
    wanted = [one for one in client.seen if one["kind"] in {"reply", "error", "signal"}]
    return [one["member"] or one["kind"] for one in wanted if one["path"] != DAEMON_PATH]


async def test_new_object_is_announced_once_with_everything_before_the_reply(
    rig: Rig, client: GlibClient
) -> None:
    await rig.dial(client)
    assert order(client)[-3:] == ["InterfacesAdded", "PropertiesChanged", "reply"]
    (added,) = client.signals("InterfacesAdded")
    assert added["path"] == ROOT
    path, interfaces = added["body"]
    assert path == CALL_PATH
    assert interfaces.keys() == {CALL, MEDIA}
    for name, values in interfaces.items():
        assert values.keys() == contract()[name].properties.keys()
    (calls,) = client.signals("PropertiesChanged")
    assert calls["body"] == [TELEPHONY, {"Calls": [CALL_PATH]}, []]


async def test_glib_object_manager_sees_object_come_and_go(rig: Rig) -> None:
    async with glib_client(rig.bus.address, "--objects") as client:
        await rig.dial(client)
        added = await client.wait_for(lambda _: True, "object-added")
        assert (added["path"], added["interfaces"]) == (CALL_PATH, [CALL, MEDIA])
        await client.call(ROOT, TELEPHONY, "HangupAll")
        removed = await client.wait_for(lambda _: True, "object-removed")
        assert removed["path"] == CALL_PATH


async def test_object_that_goes_is_removed_once_with_all_interfaces(
    rig: Rig, client: GlibClient
) -> None:
    await rig.dial(client)
    await client.call(ROOT, TELEPHONY, "HangupAll")
    (removed,) = client.signals("InterfacesRemoved")
    assert (removed["path"], removed["body"]) == (ROOT, [CALL_PATH, [CALL, MEDIA]])
    gone = await client.call(CALL_PATH, PROPERTIES, "GetAll", f"('{CALL}',)")
    assert gone.error == DBUS_ERROR + "UnknownObject"
    assert CALL_PATH in gone.text


async def test_managed_objects_are_those_below_the_root(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    (managed,) = (await client.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")).body
    assert managed.keys() == {CALL_PATH}
    assert managed[CALL_PATH][CALL]["State"] == "dialing"
    elsewhere = await client.call(CALL_PATH, OBJECT_MANAGER, "GetManagedObjects")
    assert elsewhere.error == DBUS_ERROR + "UnknownInterface"


async def test_changes_of_one_turn_leave_together_before_the_next_signal(
    rig: Rig, client: GlibClient
) -> None:
    await rig.dial(client)
    since = len(client.seen)
    call = rig.telephony.call
    call.show(State="ringing")
    call.show(State="active", PeerName="Ada")
    call.emit("DtmfReceived", "5", 100)
    call.show(EndCode=0, Muted=True)
    await client.wait_for(lambda one: "Muted" in str(one["body"]), "signal", since=since)
    told = [(one["member"], one["body"]) for one in client.seen[since:]]
    assert told == [
        ("PropertiesChanged", [CALL, {"State": "active", "PeerName": "Ada"}, []]),
        ("DtmfReceived", ["5", 100]),
        ("PropertiesChanged", [CALL, {"Muted": True}, []]),
    ]


@pytest.mark.parametrize("member", ["Hangup", "Hold"])
async def test_reply_follows_the_changes_it_caused(
    rig: Rig, client: GlibClient, member: str
) -> None:
    await rig.dial(client)
    await client.call(CALL_PATH, CALL, member)
    assert order(client)[-2:] == ["PropertiesChanged", "reply"]


async def test_unchanged_and_silent_properties_are_not_announced(
    rig: Rig, client: GlibClient
) -> None:
    await rig.dial(client)
    since = len(client.seen)
    media = rig.service.tree.interfaces(CALL_PATH)
    assert media
    shown = media[MEDIA].exported
    vars(shown)["shown"] = {"Codec": "G722", "PacketsSent": 2}
    shown.changed()
    rig.telephony.call.show(State="dialing", Id=2)
    (value,) = (await client.call(CALL_PATH, PROPERTIES, "Get", f"('{MEDIA}', 'PacketsSent')")).body
    assert value == 2
    assert not [one for one in client.seen[since:] if one["kind"] == "signal"]


async def test_property_is_set_by_its_setter(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    done = await client.call(CALL_PATH, PROPERTIES, "Set", f"('{CALL}', 'Muted', <true>)")
    assert done == DBusReply("", [])
    assert order(client)[-2:] == ["PropertiesChanged", "reply"]
    assert rig.telephony.call.shown["Muted"] is True


async def test_options_reach_the_handler_as_plain_values(rig: Rig, client: GlibClient) -> None:
    given = "{'account': <objectpath '/a'>, 'headers': <{'X-A': 'b'}>, 'n': <uint32 7>}"
    await client.call(ROOT, TELEPHONY, "Dial", f"('1', {given})")
    assert rig.telephony.dialled == [("1", {"account": "/a", "headers": {"X-A": "b"}, "n": 7})]


@pytest.mark.parametrize(
    ("path", "interface", "member", "arguments", "error", "words"),
    [
        (ROOT, TELEPHONY, "Redial", "", ERROR + "NotSupported", "Redial is not supported"),
        (ROOT, TELEPHONY, "Call", "", DBUS_ERROR + "UnknownMethod", f"{TELEPHONY} has no method"),
        (ROOT, CALL, "Hold", "", DBUS_ERROR + "UnknownInterface", f"no interface {CALL}"),
        (CALL_PATH, CALL, "Hold", "", DBUS_ERROR + "UnknownObject", f"no object {CALL_PATH}"),
        ("/x", INTROSPECTABLE, "Introspect", "", DBUS_ERROR + "UnknownObject", "no object /x"),
        (
            *(ROOT, TELEPHONY, "Dial", "('x',)", DBUS_ERROR + "InvalidArgs"),
            "takes (target s, options a{sv}), it was given (s)",
        ),
        (ROOT, PEER, "Ping", "('x',)", DBUS_ERROR + "InvalidArgs", "Ping takes ()"),
        (
            *(ROOT, PROPERTIES, "Get", f"('{TELEPHONY}', 'X')"),
            *(DBUS_ERROR + "UnknownProperty", "no property X"),
        ),
        (
            *(ROOT, PROPERTIES, "Get", "('a.b', 'X')"),
            *(DBUS_ERROR + "UnknownInterface", "no interface a.b"),
        ),
        (
            *(ROOT, PROPERTIES, "Set", f"('{TELEPHONY}', 'Calls', <@ao []>)"),
            *(DBUS_ERROR + "PropertyReadOnly", "Telephony.Calls cannot be set"),
        ),
        (
            *(ROOT, PROPERTIES, "Set", f"('{AUDIO}', 'Silenced', <1>)"),
            *(DBUS_ERROR + "InvalidArgs", "Silenced has the type b"),
        ),
        (
            *(ROOT, PROPERTIES, "Set", f"('{AUDIO}', 'Silenced', <true>)"),
            *(ERROR + "NotSupported", "Silenced cannot be set"),
        ),
        (ROOT, AUDIO, "MonitorLevels", "(objectpath '/', uint32 0)", ERROR + "Failed", "nothing"),
    ],
)
async def test_refusal_has_its_name_and_says_why(
    client: GlibClient,
    path: str,
    interface: str,
    member: str,
    arguments: str,
    error: str,
    words: str,
) -> None:
    reply = await client.call(path, interface, member, arguments)
    assert reply.error == error
    assert words in reply.text


async def test_error_of_the_phone_keeps_its_sentence(rig: Rig, client: GlibClient) -> None:
    rig.telephony.failure = InvalidTargetError("'x\0y' is not a number")
    reply = await client.call(ROOT, TELEPHONY, "Dial", DIAL)
    assert reply == DBusReply(ERROR + "InvalidTarget", ["'x\ufffdy' is not a number"])


@pytest.mark.parametrize(("member", "arguments"), [("Dial", DIAL), ("HangupAll", "")])
async def test_unforeseen_error_is_logged_and_not_shown(
    rig: Rig,
    client: GlibClient,
    member: str,
    arguments: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig.telephony.failure = RuntimeError("a secret")
    reply = await client.call(ROOT, TELEPHONY, member, arguments)
    assert reply == DBusReply(ERROR + "Failed", ["internal error, see the log of offhookd"])
    assert f"{TELEPHONY}.{member}" in caplog.text
    assert "RuntimeError: a secret" in caplog.text


async def test_adaptor_with_wrong_values_hides_nothing_else(
    rig: Rig, client: GlibClient, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.dial(client)
    rig.telephony.call.show(State=None)
    (managed,) = (await client.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")).body
    assert managed[CALL_PATH][CALL]["State"] == "dialing"
    assert managed[CALL_PATH][MEDIA]["Codec"] == "G722"
    assert "the properties of org.offhook.Phone1.Call are wrong" in caplog.text


async def test_method_that_takes_too_long_is_a_timeout(
    rig: Rig, client: GlibClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "METHOD_TIMEOUT_S", 0.05)
    await rig.dial(client)
    reply = await client.call(CALL_PATH, CALL, "Transfer", "('sip:2@example.com',)")
    assert reply.error == ERROR + "Timeout"


async def test_call_that_wants_no_reply_gets_none(rig: Rig, client: GlibClient) -> None:
    quiet = await client.send(ROOT, TELEPHONY, "Dial", DIAL, reply=False)
    refused = await client.send(ROOT, TELEPHONY, "Nothing", reply=False)
    await client.call(ROOT, PEER, "Ping")
    assert rig.telephony.dialled
    assert not [
        one
        for one in client.seen
        if one["kind"] != "sent" and one.get("serial") in {quiet, refused}
    ]


async def test_interface_may_be_left_out_of_a_call(rig: Rig, client: GlibClient) -> None:
    assert (await client.call(ROOT, "", "Dial", DIAL)).body == [CALL_PATH]
    assert (await client.call(ROOT, "", "Nothing")).error == DBUS_ERROR + "UnknownMethod"


async def test_peer_answers_on_every_path(client: GlibClient) -> None:
    assert await client.call("/anywhere", PEER, "Ping") == DBusReply("", [])
    (machine,) = (await client.call(ROOT, PEER, "GetMachineId")).body
    daemon = await client.call(DAEMON_PATH, PEER, "GetMachineId", to=DAEMON)
    assert machine == daemon.text


async def test_standard_interfaces_have_no_properties(client: GlibClient) -> None:
    for interface in (PEER, PROPERTIES, OBJECT_MANAGER):
        reply = await client.call(ROOT, PROPERTIES, "GetAll", f"('{interface}',)")
        assert reply == DBusReply("", [{}])


def interfaces_of(document: str) -> dict[str, str]:
    """The interface elements of an introspection document by name, spaces and comments apart."""
    root = ET.fromstring(document)  # noqa: S314  # written by ourselves
    return {
        element.attrib["name"]: ET.canonicalize(ET.tostring(element), strip_text=True)
        for element in root.iter("interface")
    }


def bare(name: str) -> Exported:
    class Bare(Exported):
        interface = name

    return Bare()


async def test_introspection_of_every_interface_is_the_contract(
    rig: Rig, client: GlibClient
) -> None:
    written = interfaces_of(CONTRACT_FILE.read_text(encoding="utf-8"))
    others = written.keys() - {TELEPHONY, AUDIO, OBJECT_MANAGER}
    rig.service.tree.add(f"{ROOT}/all/x", *(bare(name) for name in sorted(others)))
    shown: dict[str, str] = {}
    for path in (ROOT, f"{ROOT}/all/x"):
        shown |= interfaces_of((await client.call(path, INTROSPECTABLE, "Introspect")).text)
    standard = {PEER, INTROSPECTABLE, PROPERTIES}
    assert shown.keys() - standard == written.keys()
    assert {name: shown[name] for name in written} == written
    assert standard <= shown.keys()


async def test_busctl_finds_every_object_in_the_tree(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    tree = await busctl(rig.bus.address, "--list", "tree", BUS_NAME)
    assert tree.split() == ["/", "/org", "/org/offhook", ROOT, f"{ROOT}/calls", CALL_PATH]
    introspection = await busctl(rig.bus.address, "introspect", BUS_NAME, CALL_PATH)
    assert ".Muted" in introspection


async def test_signal_for_one_client_reaches_that_one_alone(rig: Rig, client: GlibClient) -> None:
    async with glib_client(rig.bus.address) as other:
        await client.call(ROOT, AUDIO, "MonitorLevels", f"(objectpath '{CALL_PATH}', uint32 50)")
        (levels,) = client.signals("Levels")
        assert levels["body"] == [CALL_PATH, -20.0, -30.5]
        await other.call(ROOT, PEER, "Ping")
        assert not other.signals("Levels")


MONITOR = "(objectpath '/', uint32 50)"


async def test_client_that_leaves_is_noticed(rig: Rig) -> None:
    async with glib_client(rig.bus.address) as visitor:
        await visitor.call(ROOT, AUDIO, "MonitorLevels", MONITOR)
        assert not rig.audio.left.is_set()
    async with asyncio.timeout(RECOVERY_S):
        await rig.audio.left.wait()


async def test_client_that_left_before_it_was_watched_is_noticed(rig: Rig) -> None:
    async with glib_client(rig.bus.address) as visitor:
        name = visitor.name
    left = asyncio.Event()
    clients = rig.service._clients
    clients.on_left(name, left.set)
    async with asyncio.timeout(RECOVERY_S):
        await left.wait()


async def test_undone_watch_is_not_called(rig: Rig) -> None:
    async with glib_client(rig.bus.address) as visitor:
        await visitor.call(ROOT, AUDIO, "MonitorLevels", MONITOR)
        assert rig.audio.undo
        rig.audio.undo()
    async with glib_client(rig.bus.address) as client:
        await client.call(ROOT, PEER, "Ping")
    assert not rig.audio.left.is_set()


async def test_burst_into_a_full_socket_arrives_whole(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    os.kill(rig.bus.pid, signal.SIGSTOP)
    for number in range(5000):
        rig.telephony.call.emit("DtmfReceived", "5" * 1500, number)
    await asyncio.sleep(0)
    os.kill(rig.bus.pid, signal.SIGCONT)
    await client.wait_for(lambda one: one["body"][1:] == [4999], "signal")
    numbers = [one["body"][1] for one in client.signals("DtmfReceived")]
    assert numbers == list(range(5000))


async def test_slow_client_does_not_end_the_connection(rig: Rig, client: GlibClient) -> None:
    await rig.dial(client)
    os.kill(client.pid, signal.SIGSTOP)
    for number in range(5000):
        rig.telephony.call.emit("DtmfReceived", "5" * 1500, number)
    async with glib_client(rig.bus.address) as other:
        await other.call(ROOT, PEER, "Ping")
    os.kill(client.pid, signal.SIGCONT)
    await client.wait_for(lambda one: one["body"][1:] == [4999], "signal")


async def owner(bus: PrivateBus) -> str:
    """The unique name that owns ours; empty when nobody does."""
    said = await busctl(
        bus.address, "call", DAEMON, DAEMON_PATH, DAEMON, "GetNameOwner", "s", BUS_NAME
    )
    return said.removeprefix("s ").strip().strip('"') if said.startswith("s ") else ""


async def test_bus_that_comes_back_finds_everything_again(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with glib_client(rig.bus.address) as client:
        await rig.dial(client)
        await client.call(ROOT, AUDIO, "MonitorLevels", MONITOR)
        rig.bus.kill()
        async with asyncio.timeout(RECOVERY_S):
            await rig.audio.left.wait()
    rig.telephony.call.show(State="active")
    await asyncio.sleep(0)
    rig.bus.start()
    await until(lambda: "on the D-Bus session bus after" in caplog.text, RECOVERY_S, "the bus")
    async with glib_client(rig.bus.address) as client:
        (managed,) = (await client.call(ROOT, OBJECT_MANAGER, "GetManagedObjects")).body
        assert managed[CALL_PATH][CALL]["State"] == "active"
        rig.telephony.call.show(State="ended")
        await client.wait_for(lambda one: one["member"] == "PropertiesChanged", "signal")
    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert [one.message.split(" (")[0] for one in warnings] == ["lost the D-Bus session bus"]


async def test_bus_that_is_late_is_waited_for_if_asked(
    bus: PrivateBus, service_class: type[Service]
) -> None:
    bus.kill()
    service = service_class(bus.address)
    with pytest.raises(BusUnavailableError, match=f"no D-Bus session bus at {bus.address}"):
        await service.start()
    await service.start(wait_for_bus=True)
    await service.publish()
    bus.start()
    async with asyncio.timeout(RECOVERY_S):
        while not await owner(bus):
            pass
    await service.stop()


async def test_bus_that_closes_during_authentication_is_an_error(
    service_class: type[Service], tmp_path: Path
) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n")
        writer.close()

    server = await asyncio.start_unix_server(close, tmp_path / "bus")
    async with server:
        with pytest.raises(BusUnavailableError):
            await service_class(f"unix:path={tmp_path / 'bus'}").start()


async def test_name_of_another_program_is_refused(
    bus: PrivateBus, service_class: type[Service]
) -> None:
    async with glib_client(bus.address) as rival:
        request = f"('{BUS_NAME}', uint32 0)"
        await rival.call(DAEMON_PATH, DAEMON, "RequestName", request, to=DAEMON)
        service = service_class(bus.address)
        await service.start()
        with pytest.raises(NameTakenError, match=f"another program \\(process {rival.pid}\\)"):
            await service.publish()
        await service.stop()


async def test_name_taken_during_an_outage_is_waited_for(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rig.bus.kill()
    rig.bus.start()
    async with glib_client(rig.bus.address) as rival:
        request = f"('{BUS_NAME}', uint32 0)"
        await rival.call(DAEMON_PATH, DAEMON, "RequestName", request, to=DAEMON)
        await until(lambda: "waiting for it to leave" in caplog.text, RECOVERY_S, "a warning")
        assert await owner(rig.bus) == rival.name
    async with asyncio.timeout(RECOVERY_S):
        while await owner(rig.bus) in {"", rival.name}:
            pass


async def test_nothing_is_sent_before_the_name_is_owned(
    bus: PrivateBus, service_class: type[Service]
) -> None:
    service = service_class(bus.address)
    telephony = ShownTelephony(service.tree)
    service.tree.add(ROOT, telephony)
    await service.start()
    async with glib_client(bus.address) as client:
        assert not await owner(bus)
        telephony.dial("1", {})
        await service.publish()
        assert await owner(bus)
        await client.call(ROOT, PEER, "Ping")
        assert not client.signals("InterfacesAdded")
        await service.stop()


async def test_stop_sends_what_is_queued_and_answers_calls_in_progress(
    rig: Rig, client: GlibClient
) -> None:
    await rig.dial(client)
    serial = await client.send(CALL_PATH, CALL, "Transfer", "('sip:2@example.com',)")
    await client.call(ROOT, PEER, "Ping")
    for number in range(1000):
        rig.telephony.call.emit("DtmfReceived", "5" * 1500, number)
    rig.telephony.call.show(State="ended")
    await rig.service.stop()
    refused = await client.wait_for(lambda one: one.get("serial") == serial, "error")
    assert (refused["error"], refused["body"]) == (ERROR + "Failed", ["offhookd is stopping"])
    await client.wait_for(lambda one: "ended" in str(one["body"]), "signal")
    assert len(client.signals("DtmfReceived")) == 1000
    await rig.service.stop()


def test_tree_refuses_what_the_contract_does_not_have(service_class: type[Service]) -> None:
    tree = service_class("unix:path=/nowhere").tree
    telephony = ShownTelephony(tree)
    with pytest.raises(ValueError, match="an object path"):
        tree.add("calls/c1", telephony)
    tree.add(ROOT, telephony)
    with pytest.raises(ValueError, match="in the tree already"):
        tree.add(ROOT, telephony)


def test_name_of_every_error_of_the_phone_is_in_the_contract() -> None:
    text = CONTRACT_FILE.read_text(encoding="utf-8")
    documented = text[text.index("Errors (prefix") : text.index("and the standard")]
    for error in PhoneError.__subclasses__():
        assert error.name == "Failed" or f"    {error.name} " in documented
