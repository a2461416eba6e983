# SPDX-License-Identifier: GPL-2.0-or-later
"""The client library reaches everything that the contract has, under its names and types."""

import ast
from pathlib import Path

import pytest

import offhook
from offhook.account import Account
from offhook.aio import Phone
from offhook.audio import Audio
from offhook.call import Call
from offhook.conference import Conference
from offhook.contacts import Contacts
from offhook.device import Device
from offhook.history import History
from offhook.messages import Messages
from offhook.objects import PhoneObject, Property
from offhook.presence import Presence
from offhookd.bus.contract import contract
from offhookd.bus.names import BUS_NAME

LIBRARY = Path(offhook.__file__).parent

CLASSES: tuple[type[PhoneObject], ...] = (
    *(Phone, Account, Audio, Call, Conference, Contacts, Device, History, Messages, Presence),
)

BY_METHODS = {
    *(f"Audio.{name}" for name in ("Capture", "Playback", "Ringer", "Active")),
    *(f"Audio.{name}Volume" for name in ("Capture", "Playback", "Ringer")),
    *("CallMedia.PacketsSent", "CallMedia.PacketsReceived", "Telephony.Calls"),
}
"""What is asked for by name or on demand, or follows from the objects."""

NOT_YET = {"Manager.Provisioning", "Manager.ProvisionedAt", "Manager.Provision"}
"""What no version of the daemon supports so far."""

BY_THE_OBJECT = {"Telephony.Answer", "Telephony.Hangup"}
"""What is a method of the `Call` that it is about."""

PYTHON_TYPES = {
    **dict.fromkeys("so", str),
    **dict.fromkeys("yqut", int),
    "b": bool,
    "d": float,
    "a": list,
    "a{": dict,
}
"""By the beginning of the D-Bus signature; the longest that fits."""


PROPERTIES = {
    f"{one.interface.removeprefix(f'{BUS_NAME}.')}.{one.name}": one
    for kind in CLASSES
    for one in vars(kind).values()
    if isinstance(one, Property)
}


def members(what: str) -> dict[str, str]:
    """ "Interface.Member" -> signature, of ours."""
    return {
        f"{interface.removeprefix(f'{BUS_NAME}.')}.{name}": getattr(member, "signature", "")
        for interface, content in contract().items()
        if interface.startswith(BUS_NAME)
        for name, member in getattr(content, what).items()
    }


def test_every_property_of_the_contract_is_an_attribute() -> None:
    assert PROPERTIES.keys() == members("properties").keys() - BY_METHODS - NOT_YET


@pytest.mark.parametrize("name", PROPERTIES)
def test_an_absent_property_has_the_type_of_a_present_one(name: str) -> None:
    signature = members("properties")[name]
    expected = PYTHON_TYPES.get(signature[:2]) or PYTHON_TYPES[signature[:1]]
    assert type(PROPERTIES[name].absent) is expected


def test_every_method_of_the_contract_is_called_by_the_library() -> None:
    said = {
        one.value
        for file in LIBRARY.glob("*.py")
        for one in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(one, ast.Constant)
    }
    wanted = members("methods").keys() - NOT_YET - BY_THE_OBJECT
    assert not {name for name in wanted if name.partition(".")[2] not in said}
