# SPDX-License-Identifier: GPL-2.0-or-later
"""An engine child process on the other end of a socketpair, driven step by step.

Synchronous on purpose: a test reads like a telephone conversation, and every wait names what it
waits for and has a limit.
"""

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Self, TypeVar

from offhookd.engine.protocol import (
    VERSION,
    Command,
    Event,
    Focus,
    LegState,
    Message,
    Reply,
    SetAccount,
    SetAudio,
    Start,
    Stop,
    Value,
    decode,
    encode,
)
from tests.support.processes import PATIENCE_S

M = TypeVar("M", bound=Message)

START = Start(
    version=VERSION,
    bind="127.0.0.1",
    port=0,
    user_agent="offhook-test",
    ca_file="",
    log_level=20,
    country="de",
)


class EngineGoneError(AssertionError):
    """The process closed its socket; the text holds what it said last."""


class EngineProcess:
    """`events` are all that have arrived; `log` what the engine has logged."""

    def __init__(
        self, start: Start | None = START, environment: Mapping[str, str] | None = None
    ) -> None:
        self._sock, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-m", "offhookd.engine", "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
            )
        self._received = b""
        self._requests = 0
        self.events: list[Event] = []
        self.facts: Mapping[str, Value] = {}
        if start:
            self.facts = self.ask(start).data

    # ------------------------------------------------------------ conversation

    def tell(self, command: Command) -> int:
        """Send without waiting; the number of the request."""
        self._requests += 1
        self._sock.sendall(encode(command.but(request=self._requests)))
        return self._requests

    def send_raw(self, data: bytes) -> None:
        self._sock.sendall(data)

    def ask(self, command: Command, limit_s: float = PATIENCE_S) -> Reply:
        """Send and wait for the reply, which must not be an error."""
        reply = self.try_to(command, limit_s)
        assert not reply.error, f"{command.kind}: {reply.error}"
        return reply

    def try_to(self, command: Command, limit_s: float = PATIENCE_S) -> Reply:
        """Send and wait for the reply, error or not."""
        number = self.tell(command)
        return self.wait_for(Reply, lambda reply: reply.request == number, limit_s)

    def wait_for(
        self,
        kind: type[M],
        test: Callable[[M], bool] = lambda _: True,
        limit_s: float = PATIENCE_S,
        after: int = 0,
    ) -> M:
        """The first event of `kind` that passes `test`, from position `after` of `events` on."""
        deadline_s = time.monotonic() + limit_s
        position = after
        while True:
            for event in self.events[position:]:
                if isinstance(event, kind) and test(event):
                    return event
            position = len(self.events)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                recent = "\n  ".join(str(event) for event in self.events[-12:])
                raise AssertionError(f"no {kind.__name__} in {limit_s} s; last:\n  {recent}")
            self.read(left_s)

    def wait_state(self, leg: int, state: str, limit_s: float = PATIENCE_S) -> LegState:
        return self.wait_for(LegState, lambda e: e.leg == leg and e.state == state, limit_s)

    def states(self, leg: int) -> list[str]:
        """The states `leg` has gone through so far."""
        return [e.state for e in self.events if isinstance(e, LegState) and e.leg == leg]

    def of(self, kind: type[M]) -> list[M]:
        return [event for event in self.events if isinstance(event, kind)]

    def read(self, limit_s: float) -> None:
        """Take in what arrives within `limit_s`; returns after the first of it."""
        if not select.select([self._sock], [], [], limit_s)[0]:
            return
        try:
            data = self._sock.recv(65_536)
        except OSError:
            data = b""
        if not data:
            raise EngineGoneError(f"the engine is gone; last: {self.events[-8:]}")
        *lines, self._received = (self._received + data).split(b"\n")
        self.events += [decode(line, Event) for line in lines]

    # ------------------------------------------------------------ facts

    @property
    def port(self) -> int:
        return int(str(self.facts["port"]))

    @property
    def pid(self) -> int:
        return self.process.pid

    # ------------------------------------------------------------ accounts

    def add_account(self, account: str = "test", **changes: object) -> None:
        """An account without a registrar that takes calls from anyone, on a silent clock."""
        settings = direct_account(account, self.port).but(**changes)
        self.ask(SetAudio(backend="silent", capture="", playback="", on_unplug="hold"))
        self.ask(settings)

    def focus(self, leg: int) -> None:
        self.ask(Focus(leg=leg))

    # ------------------------------------------------------------ end

    def stop(self, limit_s: float = PATIENCE_S) -> int:
        """Ask it to stop; its exit status."""
        with contextlib.suppress(OSError):
            self.tell(Stop())
        return self.wait_end(limit_s)

    def hang_up_socket(self) -> None:
        """What the engine sees when its daemon dies."""
        self._sock.close()

    def wait_end(self, limit_s: float = PATIENCE_S) -> int:
        """Wait for the end of the process, reading on; its exit status."""
        pidfd = os.pidfd_open(self.pid)
        try:
            deadline_s = time.monotonic() + limit_s
            while not select.select([pidfd], [], [], 0.01)[0]:
                assert time.monotonic() < deadline_s, "the engine does not end"
                with contextlib.suppress(EngineGoneError, ValueError):
                    self.read(0)
        finally:
            os.close(pidfd)
        return self.process.wait()

    def close(self) -> None:
        """Make sure nothing is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def direct_account(account: str, port: int) -> SetAccount:
    return SetAccount(
        account=account,
        uri=f"sip:{account}@127.0.0.1:{port}",
        display_name="",
        username="",
        password="",
        registrar="",
        proxy="",
        transport="udp",
        srtp="disabled",
        codecs=("G722", "PCMA", "PCMU", "GSM", "iLBC", "speex"),
        register_seconds=300,
        keepalive_seconds=0,
        servers=(),
        accept_anyone=True,
    )


@contextlib.contextmanager
def two_engines() -> Iterator[tuple[EngineProcess, EngineProcess]]:
    """Two with an account each, so that one can call the other."""
    with EngineProcess() as caller, EngineProcess() as callee:
        caller.add_account("alice")
        callee.add_account("bob")
        yield caller, callee
