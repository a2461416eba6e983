# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects and properties, as a foreign client sees them come, change and go."""

import pytest

from offhookd.bus.contract import contract
from offhookd.bus.names import OBJECT_MANAGER, PROPERTIES, ROOT
from tests.support.bus_rig import DAEMON_PATH, DBUS_ERROR, Rig
from tests.support.dbus import (
    DBusReply,
    GlibClient,
    glib_client,
)
from tests.support.dbus_objects import (
    CALL,
    CALL_PATH,
    MEDIA,
    TELEPHONY,
)


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
