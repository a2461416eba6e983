# SPDX-License-Identifier: GPL-2.0-or-later
"""SRTP with keys in the signalling (RFC 4568), and what a call without it becomes."""

from pathlib import Path

import pytest

from tests.support.baresip import Baresip
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password
from tests.support.line import account, configuration, incoming, registered
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip")

PEER = "200"
INSISTS, IF_IT_CAN = "srtp-mand", "srtp"


def baresip(kamailio: Kamailio, directory: Path, *, srtp: str) -> Baresip:
    registrar = f"127.0.0.1:{kamailio.port}"
    return Baresip(directory, PEER, registrar=registrar, password=password(PEER), srtp=srtp)


@pytest.mark.parametrize(
    ("ours", "theirs", "encryption"),
    [
        ("required", INSISTS, "sdes"),
        ("optional", IF_IT_CAN, "sdes"),
        ("optional", INSISTS, "sdes"),  # by a second call: the far end refuses the open offer
        ("optional", "", "none"),
        ("disabled", "", "none"),
        ("disabled", IF_IT_CAN, "none"),
    ],
)
async def test_a_call_shows_whether_it_is_encrypted(
    session_bus: PrivateBus,
    kamailio: Kamailio,
    tmp_path: Path,
    directory: NewDirectory,
    ours: str,
    theirs: str,
    encryption: str,
) -> None:
    config = configuration(account(kamailio, "1001", srtp=ours))
    with baresip(kamailio, directory("peer"), srtp=theirs) as peer:
        await peer.registered()
        async with registered(session_bus, tmp_path, config) as phone:
            path = await phone.dial(PEER)
            await phone.until("Call", "State", "active", path)
            await phone.until("CallMedia", "Flow", "both", path)
            assert await phone.get("CallMedia", "Encryption", path) == encryption
            await peer.told("CALL_RTPESTAB")  # it could decrypt what came
            await phone.call("Call", "Hangup", path=path)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("optional", INSISTS), ("optional", IF_IT_CAN), ("required", IF_IT_CAN)],
)
async def test_a_caller_who_encrypts_gets_it_from_who_can(
    session_bus: PrivateBus,
    kamailio: Kamailio,
    tmp_path: Path,
    directory: NewDirectory,
    ours: str,
    theirs: str,
) -> None:
    config = configuration(account(kamailio, "1001", srtp=ours))
    with baresip(kamailio, directory("peer"), srtp=theirs) as peer:
        await peer.registered()
        async with registered(session_bus, tmp_path, config) as phone:
            peer.dial(kamailio.uri("1001"))
            path = await incoming(phone)
            await phone.call("Call", "Answer", path=path)
            await phone.until("CallMedia", "Flow", "both", path)
            assert await phone.get("CallMedia", "Encryption", path) == "sdes"
            await peer.told("CALL_RTPESTAB")


async def test_required_means_no_call_without_it(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path, directory: NewDirectory
) -> None:
    config = configuration(account(kamailio, "1001", srtp="required"))
    with baresip(kamailio, directory("peer"), srtp="") as peer:
        await peer.registered()
        async with registered(session_bus, tmp_path, config) as phone:
            path = await phone.dial(PEER)
            await phone.until("Call", "State", "ended", path)
            assert await phone.get("Call", "EndReason", path) == "media"
            peer.dial(kamailio.uri("1001"))
            assert (await peer.told("CALL_CLOSED", 2)).detail.startswith("488")
            assert phone.client.signals("InterfacesAdded")[1:] == []
