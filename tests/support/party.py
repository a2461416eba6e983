# SPDX-License-Identifier: GPL-2.0-or-later
"""A far end that sends exactly what a test says, and waits for what it gets."""

from typing import Self

from tests.support.processes import PATIENCE_S, until
from tests.support.raw_sip import RawPeer, status_of

STRANGER = "127.0.0.5"
"""An address that no server has."""


class Party:
    """A `RawPeer` with patience."""

    def __init__(self, address: str, phone_port: int = 1) -> None:
        self.raw = RawPeer(phone_port, address)
        self.received: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.close()

    @property
    def contact(self) -> str:
        return f"sip:peer@{self.raw.address}:{self.raw.port}"

    @property
    def contact_line(self) -> str:
        return f"Contact: <{self.contact}>\r\n"

    def heard(self, what: str | int) -> list[bytes]:
        """Requests of this method, or responses with this status."""
        self.received += self.raw.receive()
        return [
            message
            for message in self.received
            if (status_of(message) == what or message.startswith(f"{what} ".encode()))
        ]

    async def hears(self, what: str | int) -> bytes:
        """The latest of them, awaited if need be."""
        await until(lambda: self.heard(what), PATIENCE_S, f"{what} at {self.raw.address}")
        return self.heard(what)[-1]
