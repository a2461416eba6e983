# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's desk phone, a baresip, is followed through a presence server (Kamailio): while it is
in a call its user is on the phone, here and for others."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from tests.support.baresip import Baresip
from tests.support.certificates import Certificates
from tests.support.cli import CommandLine
from tests.support.daemon import Phone
from tests.support.dbus import private_bus
from tests.support.kamailio import Kamailio, password
from tests.support.line import account, configuration, incoming, registered
from tests.support.player import Player, player
from tests.support.processes import PATIENCE_S, until
from tests.system.conftest import NewDirectory, _needs


@pytest.fixture
def server(directory: NewDirectory, certificates: Certificates) -> Iterator[Kamailio]:
    _needs("kamailio")
    with Kamailio(directory("server"), certificates.server, presence=True) as running:
        yield running


@dataclass
class Office:
    """Ada has a desk phone; Bob watches her."""

    ada: Phone
    ada_bus: str
    desk: str
    bob: Phone
    bob_sees: str
    telephone: Baresip
    music: Player


@pytest.fixture
async def office(
    server: Kamailio, directory: NewDirectory, needs_baresip: None
) -> AsyncIterator[Office]:
    ada_account = account(server, "1001", call_waiting=False, presence={"publish": True})
    ada_config = json.loads(configuration(ada_account))
    ada_config["desk_phones"] = {
        "desk": {
            "way": "refer",
            "account": "work",
            "phone": f"{server.uri('1003')}",
            "follow": True,
        }
    }
    bob_config = configuration(account(server, "1002"))
    with private_bus() as first, private_bus() as second:
        async with (
            registered(first, directory("ada"), json.dumps(ada_config)) as ada,
            registered(second, directory("bob"), bob_config) as bob,
            player(first.address, "loud", "Playing") as music,
        ):
            registrar = f"{server.address}:{server.port}"
            with Baresip(
                directory("desk"), "1003", registrar=registrar, password=password("1003")
            ) as telephone:
                await telephone.registered()
                (seen,) = await bob.call("Contacts", "Watch", "('1001', false)")
                (desk,) = await ada.call("Contacts", "Watch", "('1003', false)")
                await bob.until("Presence", "State", "available", seen)
                await ada.until("Presence", "Dialog", "idle", desk)
                yield Office(ada, first.address, desk, bob, seen, telephone, music)


async def test_who_talks_on_the_desk_phone_is_on_the_phone(office: Office) -> None:
    ada, bob = office.ada, office.bob
    assert await ada.get("Presence", "DeskPhone", office.desk) == "desk"
    talk = await bob.dial("1003")
    await bob.until("Call", "State", "active", talk)
    await ada.until("Presence", "Dialog", "confirmed", office.desk)
    await bob.until("Presence", "State", "busy", office.bob_sees)
    await until(lambda: office.music.status == "Paused", PATIENCE_S, "the player to pause")
    dialogs = str(await ada.get("Presence", "Dialogs", office.desk))
    assert "'confirmed', 'incoming'" in dialogs
    assert "1002" in dialogs
    said = await CommandLine(office.ada_bus)("status")
    assert "DESK PHONE" in said.out
    assert "confirmed" in said.out
    assert await ada.get("Telephony", "Calls") == []  # there is nothing to be done with it here
    # Without call waiting, a call to the account is one too many.
    knock = await bob.dial("1001")
    await bob.until("Call", "State", "ended", knock)
    assert await bob.get("Call", "EndCode", knock) == 486
    await bob.call("Call", "Hangup", path=talk)
    await ada.until("Presence", "Dialogs", [], office.desk)
    await bob.until("Presence", "State", "available", office.bob_sees)
    await until(lambda: office.music.status == "Playing", PATIENCE_S, "the player to go on")
    await bob.dial("1001")
    await incoming(ada)
