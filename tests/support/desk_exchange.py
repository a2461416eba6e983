# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon whose desk phone belongs to an Asterisk exchange."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.manager_peer import PASSWORD, USERNAME, ManagerPeer

THROUGH = "{'through': <'desk'>}"
HANDSET = (
    "desk_phones: {{desk: {{way: asterisk, host: 127.0.0.1, port: {port}, tls: {tls},"
    " username: {username}, password: {password}, channel: PJSIP/1001, context: phones,"
    " caller_id: 'Ada <1001>', auto_answer: call-info, variables: {{COLOUR: red}}{more}}}}}\n"
)


@asynccontextmanager
async def office(
    bus: PrivateBus,
    directory: Path,
    peer: ManagerPeer,
    *,
    account: str = "",
    password: str = PASSWORD,
    tls: bool = False,
    more: str = "",
) -> AsyncIterator[Phone]:
    words = {"port": peer.port, "tls": str(tls).lower(), "username": USERNAME, "more": more}
    config = DIRECT.replace("    accept_from", f"{account}    accept_from")
    async with running_phone(
        bus, directory, config + HANDSET.format(password=password, **words)
    ) as phone:
        yield phone


async def state(phone: Phone, path: str, wanted: str) -> Mapping[str, object]:
    await phone.until("Call", "State", wanted, path)
    return await phone.properties("Call", path)
