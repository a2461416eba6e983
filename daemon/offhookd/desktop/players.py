# SPDX-License-Identifier: GPL-2.0-or-later
"""Media players of the desktop (MPRIS D-Bus Interface Specification 2.2), quiet during calls.

Everything here blocks, for a thread: it happens twice in a call, and needs no connection between.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

PREFIX = "org.mpris.MediaPlayer2."
PATH = "/org/mpris/MediaPlayer2"
PLAYER = "org.mpris.MediaPlayer2.Player"

PLAYING, PAUSED = "Playing", "Paused"

BUS_LIMIT_S = 5.0
"""The bus itself answers at once, when it gets its turn on an overloaded machine."""
REPLY_LIMIT_S = 3.0
"""A player that hangs must not keep the others playing."""
MOST_PLAYERS = 32


class PlayersError(Exception):
    """The desktop's bus cannot be asked."""


def pause_all() -> list[str]:
    """Pause what plays; the bus names of the players that were told so."""
    with _bus() as bus:
        playing = [name for name in bus.players() if bus.status(name) == PLAYING]
        for name in playing:
            bus.tell(name, "Pause")
        # Also one that said nothing in time: whether it is paused is seen when it is to play on.
        return playing


def resume(players: Iterable[str]) -> None:
    """Let those play again that are still paused: the user may have decided otherwise."""
    with _bus() as bus:
        for name in players:
            if bus.status(name) == PAUSED:
                bus.tell(name, "Play")


class _Bus:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def players(self) -> list[str]:
        from jeepney import message_bus  # noqa: PLC0415 - most calls find nothing playing

        (names,) = self._ask(message_bus.ListNames())
        return sorted(name for name in names if name.startswith(PREFIX))[:MOST_PLAYERS]

    def status(self, player: str) -> str:
        """ "Playing", "Paused" or "Stopped"; "" when the player does not say."""
        from jeepney import DBusAddress, Properties  # noqa: PLC0415 - as above

        with suppress(PlayersError):
            address = DBusAddress(PATH, player, PLAYER)
            ((_, status),) = self._ask(Properties(address).get("PlaybackStatus"))
            return str(status)
        return ""

    def tell(self, player: str, method: str) -> None:
        """A player that does not do it, does not."""
        from jeepney import DBusAddress, new_method_call  # noqa: PLC0415 - as above

        with suppress(PlayersError):
            self._ask(new_method_call(DBusAddress(PATH, player, PLAYER), method))

    def _ask(self, message: Any) -> tuple[Any, ...]:
        from jeepney import MessageType  # noqa: PLC0415 - as above

        try:
            reply = self._connection.send_and_get_reply(message, timeout=REPLY_LIMIT_S)
        except (OSError, EOFError, ValueError) as error:
            raise PlayersError(str(error)) from None
        if reply.header.message_type is MessageType.error:
            raise PlayersError(str(reply.body)[:200])
        body: tuple[Any, ...] = reply.body
        return body


@contextmanager
def _bus() -> Iterator[_Bus]:
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415 - as above

    try:
        connection = open_dbus_connection("SESSION", auth_timeout=BUS_LIMIT_S)
    except (OSError, EOFError, ValueError, KeyError, RuntimeError) as error:
        raise PlayersError(str(error)) from None
    try:
        yield _Bus(connection)
    finally:
        connection.close()
