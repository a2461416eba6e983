# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers, callers and a user of a phone, all at once."""

import asyncio
import random
import re
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from offhookd.bus.names import BUS_NAME, ROOT
from tests.bench._fuzz_user import ACCOUNTS, User
from tests.bench._hostile import FINAL, REFUSAL, Author
from tests.bench._hostile_peers import Sound, Streams
from tests.support.daemon import RunningDaemon
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

USERS = (*ACCOUNTS, "me")
CALLERS = 6
LINES = 4
REMEMBERED = 400

STEP_S = 0.004
CALL_EVERY_S = 0.25
"""Each source may call twice a second, all of them ten times."""
PRESS_EVERY_S = 0.04
ASK_EVERY_S = 1.0
ASK_AGAIN_S = 0.5
PATIENCE_S = 12.0
"""A question that is not answered after so long, asked again and again, is not answered."""
POLITE = 0.4
"""Requests that are answered as they should be, so that something gets to stand."""
TIDY = 0.7
CANCELLED = 0.1
"""Calls that are taken back at once, or too late."""
QUIET_S = 75.0
"""Transactions end after 32 s (RFC 3261, timer B), and calls whose end nobody confirms with them"""


class Question:
    """A well-formed OPTIONS, asked again until there is an answer."""

    def __init__(self, peer: RawPeer) -> None:
        self._dialog = Dialog()
        self._message = peer.request("OPTIONS", self._dialog, to="open")
        self.asked_s = time.monotonic()
        self._next_s = 0.0

    def repeat(self, peer: RawPeer) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + ASK_AGAIN_S
            peer.send(self._message)

    def answered_by(self, message: bytes) -> bool:
        return status_of(message) > 0 and self._dialog.call_id.encode() in message


class Storm:
    def __init__(
        self, daemon: RunningDaemon, user: User, rng: random.Random, mutated: float
    ) -> None:
        self._rng = rng
        self._daemon = daemon
        self._user = user
        self._author = Author(rng, mutated)
        self.peers: list[RawPeer] = []
        self.callers = [RawPeer(daemon.sip_port, f"127.0.0.{n}") for n in range(2, 2 + CALLERS)]
        self._asker = RawPeer(daemon.sip_port, "127.0.0.99")
        self._sound = Sound(rng)
        self._last: deque[bytes] = deque(maxlen=REMEMBERED)
        self._heard: dict[RawPeer, deque[bytes]] = {}
        self._dialogs: dict[RawPeer, deque[Dialog]] = {}
        self._ports: deque[int] = deque(maxlen=2 * LINES)
        self._invites: deque[tuple[RawPeer, bytes]] = deque(maxlen=3)
        self._questions: list[Question] = []
        self._due = {"call": 0.0, "press": 0.0, "ask": 0.0}
        self.sent = 0
        self.said = 0
        self.asked = 0
        self.unanswered = 0
        self.quiet = False
        self.engines: list[int] = []

    def close(self) -> None:
        for peer in (*self.peers, *self.callers, self._asker):
            peer.close()
        self._sound.close()

    @property
    def packets(self) -> int:
        return self._sound.sent

    async def rage(self, messages: int, end_s: float) -> None:
        """Until so many messages have been sent, or that time has come."""
        self.quiet = False
        until = self.sent + messages
        while self.sent < until and time.monotonic() < end_s and self.alive:
            await self._step()
            await self._look()
        await self._user.rest()

    async def calm_down(self) -> bool:
        """Everybody behaves; whether there is no call any more in time."""
        self.quiet = True
        await self._user.calm()
        await self._user.ask(ROOT, f"{BUS_NAME}.Telephony", "HangupAll")
        end_s = time.monotonic() + QUIET_S
        while time.monotonic() < end_s:
            self._listen()
            await asyncio.sleep(STEP_S)
            if not self._questions and not await self._user.own_calls():
                return True
        return False

    def attend(self) -> None:
        """Answer what has come."""
        self._listen()

    @property
    def alive(self) -> bool:
        return self._daemon.process is not None and self._daemon.process.poll() is None

    async def _look(self) -> None:
        """Notice an engine that was replaced."""
        if self.sent % 50:
            return
        await self.look()

    async def look(self) -> None:
        engine = await self._user.get("Manager", "Engine") or {}
        pid = engine["pid"].value if "pid" in engine else 0
        if pid and (not self.engines or self.engines[-1] != pid):
            self.engines.append(pid)
            self._trace(pid)
            if len(self.engines) > 1:
                log = self._daemon.directory / f"death-{len(self.engines) - 1}"
                log.write_bytes(b"\n=====\n".join(self._last))
                print(f"an engine died after {self.sent} messages: {log}", flush=True)

    def _trace(self, pid: int) -> None:
        """Let gdb, where there is one, write down where an engine dies."""
        if debugger := shutil.which("gdb"):
            commands = ["handle SIGPIPE nostop noprint pass", "continue", "bt 40"]
            words = [word for command in commands for word in ("-ex", command)]
            stack = self._daemon.directory / f"stack-{len(self.engines)}"
            with stack.open("w") as output:
                subprocess.Popen(
                    [debugger, "-batch", "-p", str(pid), *words],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL,
                )  # fmt: skip

    # ------------------------------------------------------------ what they do

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + every_s
        return True

    async def _step(self) -> None:
        if self._is_due("call", CALL_EVERY_S):
            caller = self._rng.choice((*self.callers, *self.peers))
            self._part(caller)
            dialog = self._author.new_dialog()
            invite = self._author.invite(caller, dialog, self._rng.choice(USERS))
            self._put(caller, invite)
            self._keep(caller, dialog)
            self._invites.append((caller, invite))
        if self._invites and self._rng.random() < CANCELLED:
            caller, invite = self._rng.choice(self._invites)
            self._put(caller, self._author.cancel(invite))
        if self._is_due("press", PRESS_EVERY_S):
            self._user.press()
        if self._is_due("ask", ASK_EVERY_S):
            self._questions.append(Question(self._asker))
            self.asked += 1
        peer = self._rng.choice((*self.peers, *self.callers))
        if self._rng.random() < 0.2:
            self._put(peer, self._author.strange(peer, self._rng.choice(USERS)))
        if dialogs := self._dialogs.get(peer):
            for _ in range(self._rng.choice((1, 1, 4))):
                self._put(peer, self._author.in_dialog(peer, self._rng.choice(dialogs)))
        if heard := self._heard.get(peer):
            self._answer(peer, self._rng.choice(heard))  # late, again, or as a fork
        for port in self._ports:
            self._sound.send(port)
        self._listen()
        await asyncio.sleep(STEP_S)

    def _part(self, peer: RawPeer) -> None:
        """Mostly end the calls that there were, so that the lines get free."""
        for dialog in self._dialogs.get(peer, ()):
            if self._rng.random() < TIDY:
                for method in ("ACK", "BYE") if dialog.to_tag else ("CANCEL",):
                    with suppress(OSError):
                        peer.send(peer.request(method, dialog))

    def _keep(self, peer: RawPeer, dialog: Dialog) -> None:
        self._dialogs.setdefault(peer, deque(maxlen=6)).append(dialog)
        self._author.remember(dialog)

    def _put(self, peer: RawPeer, message: bytes) -> None:
        self._last.append(message)
        with suppress(OSError):
            peer.send(message)
        self.sent += 1

    def _listen(self) -> None:
        for peer in (*self.peers, *self.callers):
            for message in peer.receive():
                self._take(peer, message)
        self._hear_answers(self._asker.receive())

    def _hear_answers(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            self._questions = [one for one in self._questions if not one.answered_by(message)]
        for question in self._questions:
            question.repeat(self._asker)
        late_s = time.monotonic() - PATIENCE_S
        late = [question for question in self._questions if question.asked_s < late_s]
        self._questions = [one for one in self._questions if one not in late]
        self.unanswered += len(late)

    def _take(self, peer: RawPeer, message: bytes) -> None:
        self.said += 1
        for port in re.findall(rb"\r\nm=audio (\d+)", message):
            if int(port) and int(port) not in self._ports:
                self._ports.append(int(port))
        if message.startswith(b"SIP/2.0"):
            self._hear_status(peer, message)
        elif not message.startswith((b"ACK", b"\r\n")):
            self._hear_request(peer, message)

    def _hear_status(self, peer: RawPeer, message: bytes) -> None:
        for dialog in self._dialogs.get(peer, ()):
            if dialog.call_id.encode() in message and not dialog.to_tag:
                dialog.to_tag = to_tag_of(message)
        if self.quiet or self._rng.random() < 0.7:
            self._acknowledge(peer, message)

    def _acknowledge(self, peer: RawPeer, message: bytes) -> None:
        wanted = status_of(message) >= FINAL or b"\r\nRSeq" in message
        if not wanted or b" INVITE" not in message.partition(b"\r\nCSeq")[2][:30]:
            return
        found = [one for one in self._dialogs.get(peer, ()) if one.call_id.encode() in message]
        for dialog in found:
            if self.quiet and FINAL <= status_of(message) < REFUSAL:
                dialog.cseq += 1
                peer.send(peer.request("ACK", dialog))
                peer.send(peer.request("BYE", dialog))
            else:
                self._put(peer, self._author.confirm(peer, dialog, message))

    def _hear_request(self, peer: RawPeer, message: bytes) -> None:
        if self.quiet:
            self._answer_well(peer, message)
            return
        self._heard.setdefault(peer, deque(maxlen=10)).append(message)
        if self._rng.random() < POLITE:
            self._answer_well(peer, message)
        else:
            self._answer(peer, message)
        dialog = self._author.of_request(message)
        if dialog and message.startswith(b"INVITE") and not to_tag_of(message):
            dialog.to_tag = dialog.to_tag or ""
            swapped = Dialog(dialog.call_id, "peer", dialog.to_tag, dialog.cseq)
            self._keep(peer, swapped)

    def _contact(self, peer: RawPeer) -> str:
        transport = f";transport={peer.transport}" if isinstance(peer, Streams) else ""
        return f"sip:peer@127.0.0.1:{peer.port}{transport}"

    def _answer(self, peer: RawPeer, request: bytes) -> None:
        for answer in self._author.answers(peer, request, self._contact(peer)):
            self._put(peer, answer)

    def _answer_well(self, peer: RawPeer, request: bytes) -> None:
        headers = f"Contact: <{self._contact(peer)}>\r\nExpires: 300\r\n"
        status = "200 OK"
        if request.startswith(b"PUBLISH"):
            headers += "SIP-ETag: tag\r\n"
        if request.startswith(b"INVITE") and self.quiet:
            status = "486 Busy Here"
        body = SDP if request.startswith(b"INVITE") and not self.quiet else ""
        with suppress(OSError):
            peer.send(peer.answer(request, status, headers, body))
