# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shown is the contract, and the standard interfaces are whole."""

from xml.etree import ElementTree as ET

from offhookd.bus.contract import CONTRACT_FILE
from offhookd.bus.exported import Exported
from offhookd.bus.names import BUS_NAME, INTROSPECTABLE, OBJECT_MANAGER, PEER, PROPERTIES, ROOT
from tests.support.bus_rig import DAEMON, DAEMON_PATH, DBUS_ERROR, DIAL, Rig
from tests.support.dbus import (
    DBusReply,
    GlibClient,
    busctl,
)
from tests.support.dbus_objects import (
    AUDIO,
    CALL_PATH,
    TELEPHONY,
)


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
