# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine process: from the daemon's socket to the last line, in the order that pjsip needs."""

import gc
import os
import select
import signal
import socket
import time
from typing import TYPE_CHECKING

from . import sandbox
from .audio.priority import Priority, raise_priority
from .channel import Channel
from .protocol import VERSION, Reply, Start
from .refusal import Refused
from .sip_thread import ERROR, INFO, SipThread

if TYPE_CHECKING:
    from .engine import Engine

FIRST_COMMAND_S = 10.0
"""A daemon that does not say `Start` is none."""

EXIT_OK, EXIT_FAILED, EXIT_NO_DAEMON = 0, 1, 3


def run(fd: int) -> int:
    """The process's exit status.  Anything but `Start` as the first command ends it."""
    _quieten()
    channel = Channel(socket.socket(fileno=fd), time.monotonic)
    fault = _load()
    start = _first_command(channel)
    if start is None:
        return EXIT_NO_DAEMON
    # Before there is any other thread, and before the first byte from the network.
    enforced = sandbox.apply(readable=(start.ca_file,) if start.ca_file else ())
    thread = SipThread(channel, start.log_level)
    thread.log(INFO, f"The engine is shut in: {', '.join(enforced) or 'not at all'}.")
    refusal = fault or _refusal(start)
    engine = None if refusal else _create(thread, start)
    if engine is None:
        if refusal:
            thread.send(Reply(request=start.request, error=refusal))
        return EXIT_FAILED
    # What exists now stays; a look through it for garbage would hold up the sound for 3 ms.
    gc.freeze()
    raise_priority(Priority.SIP)
    engine.run(channel)
    return EXIT_OK


def _quieten() -> None:
    """The library prints to stdout before its log is configured; nobody is to read that."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    # Ctrl-C in a terminal goes to the whole group; the daemon says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _first_command(channel: Channel) -> Start | None:
    deadline_s = time.monotonic() + FIRST_COMMAND_S
    while not channel.closed and time.monotonic() < deadline_s:
        select.select([channel.sock], [], [], FIRST_COMMAND_S)
        channel.read()
        for command in channel.commands():
            if isinstance(command, Start):
                return command
            channel.send(Reply(request=command.request, error="The first command must be start."))
    return None


def _load() -> str:
    """Load the library while the daemon loads itself; "", or the fault as a sentence."""
    try:
        from . import engine  # noqa: F401, PLC0415 - imports pjsua2
    except ImportError as error:
        return (
            f"The Python module pjsua2 cannot be loaded: {error};"
            " README.md, Other machines, says where it is to be had."
        )
    return ""


def _refusal(start: Start) -> str:
    if start.version != VERSION:
        return f"The engine speaks version {VERSION} of the protocol, not {start.version}."
    return ""


def _create(thread: SipThread, start: Start) -> "Engine | None":
    from .engine import Engine  # noqa: PLC0415 - loaded already

    try:
        return Engine(thread, start)
    except Refused as refusal:
        thread.log(ERROR, str(refusal))
        thread.send(Reply(request=start.request, error=str(refusal), code=refusal.code))
        return None
