# SPDX-License-Identifier: GPL-2.0-or-later
"""Let a whole phone talk to hostile peers, over every way in, while its user does anything.

    python -m tests.bench.fuzz_phone [--messages 20000] [--seconds 300] [--seed 1]

Servers on UDP, TCP and TLS, strangers, sound, STUN and an Asterisk say what `_hostile` writes;
a client presses every button.  Afterwards the phone must have no call left and make four at once.
Everything stays on 127.0.0.1; what was said before an engine died is written to a file.
"""

import argparse
import asyncio
import json
import random
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from offhookd.bus.names import BUS_NAME, ROOT
from tests.bench._hostile import Author
from tests.bench._hostile_peers import Manager, Sound, Streams, StunServer
from tests.bench.fuzz_dbus import party, size
from tests.support.certificates import Certificates
from tests.support.daemon import RunningDaemon
from tests.support.dbus import private_bus
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

# The library is untyped where this program uses it.
_MessageBus: Any = import_module("dbus_next.aio").MessageBus
_Message: Any = import_module("dbus_next").Message
_Variant: Any = import_module("dbus_next").Variant
_ERROR: Any = import_module("dbus_next").MessageType.ERROR

SERVED = ("udp", "tcp", "tls")
USERS = ("open", *SERVED, "me")
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
QUIET_S = 75.0
"""Transactions end after 32 s (RFC 3261, timer B), and calls whose end nobody confirms with them"""
WARM_UP = 0.3

TONES = ("1", "#*0", "ABCD", "1,2", "")
PLACES = ("udp", "tcp", "tls", "peer", "1", "*21*1#", "+4930123456")
PRESSES: tuple[tuple[str, str, str], ...] = (
    *(("Call", name, "") for name in ("Answer", "Answer", "Answer", "Hangup", "Hold", "Resume")),
    *(("Call", name, "") for name in ("Start", "Ring", "Flash", "StopPlaying")),
    *(("Call", name, "s") for name in ("Redirect", "Transfer", "Decline")),
    *(("Call", "TransferTo", "o"), ("Call", "SetRecording", "b"), ("Call", "PauseRecording", "b")),
    *(("Call", "SendDtmf", "sa{sv}"), ("CallMedia", "GetStatistics", "")),
    *(("Telephony", "Merge", "ao"), ("Telephony", "Swap", ""), ("Telephony", "Redial", "")),
    *(("Messages", "Send", "ssa{sv}"), ("Contacts", "Watch", "sb"), ("Account", "Register", "")),
    *(("Conference", "Hangup", ""), ("Conference", "Split", "o"), ("Conference", "Add", "o")),
)


def configuration(ports: Mapping[str, int], authority: Path) -> str:
    """Everything that can be switched on is."""
    common = {"password": "secret", "srtp": "optional", "remote_control": True}
    presence = {"publish": True, "serve": True, "watch": ["friend", "sip:other@127.0.0.1:9"]}

    def served(name: str, host: str = "127.0.0.1", **more: object) -> Mapping[str, object]:
        uri = f"sip:{name}@{host}:{ports[name]}"
        return {**common, "uri": uri, "transport": name, "presence": presence, **more}

    stun, call = f"127.0.0.1:{ports['stun']}", "call"
    return json.dumps({
        "accounts": {
            "open": {**common, "uri": "sip:open@127.0.0.1", "registrar": "none", "ice": True,
                     "accept_from": "anyone", "forward_by": call, "presence": {"serve": True}},
            "udp": served("udp", stun=stun, mwi="subscribe", forward_by=call, dtmf="inband"),
            "tcp": served("tcp", ice=True, stun=stun, forward_by=call, auto_answer_seconds=1),
            "tls": served("tls", "localhost", mwi="subscribe", dtmf="info"),
        },
        "sip": {"bind": "127.0.0.1", "port": ports["sip"], "ca_file": str(authority)},
        "audio": {"backend": "silent"},
        "calls": {"transferred": "follow", "redirected": "follow"},
        "auto_answer": {"callers": ["*"]},
        "desk_phones": {
            "ami": {"way": "asterisk", "host": "127.0.0.1", "port": ports["manager"], "tls": False,
                    "username": "a", "password": "b", "channel": "PJSIP/1", "context": "c"},
            "refer": {"way": "refer", "account": "udp", "follow": True,
                      "phone": f"sip:desk@127.0.0.1:{ports['udp']}"},
            "hall": {"way": "call", "account": "tcp",
                     "phone": f"sip:hall@127.0.0.1:{ports['tcp']}"},
        },
    }, indent=1)  # fmt: skip


class User:
    """Presses what is there to press, on D-Bus."""

    def __init__(self, bus: Any, rng: random.Random, echo: str) -> None:
        self._bus = bus
        self._rng = rng
        self._echo = echo
        self.answers: Counter[str] = Counter()
        self.slowest_s = 0.0
        self._pressing: set[asyncio.Task[object]] = set()

    async def ask(self, path: str, interface: str, member: str, kind: str = "", *body: Any) -> Any:
        """The body of the reply, or None for an error."""
        message = _Message(
            destination=BUS_NAME, path=path, interface=interface, member=member,
            signature=kind, body=list(body),
        )  # fmt: skip
        began = time.monotonic()
        reply = await self._bus.call(message)
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        failed = reply.message_type is _ERROR
        self.answers[reply.error_name.rpartition(".")[2] if failed else "done"] += 1
        return None if failed else reply.body

    async def get(self, interface: str, name: str, path: str = ROOT) -> Any:
        body = await self.ask(path, _PROPERTIES, "Get", "ss", f"{BUS_NAME}.{interface}", name)
        return body[0].value if body else None

    async def set(self, path: str, interface: str, name: str, kind: str, value: object) -> None:
        arguments = (f"{BUS_NAME}.{interface}", name, _Variant(kind, value))
        await self.ask(path, _PROPERTIES, "Set", "ssv", *arguments)

    async def calls(self) -> list[str]:
        return list(await self.get("Telephony", "Calls") or ())

    async def own_calls(self) -> list[str]:
        """Without those of desk phones that cannot be told to hang up."""
        calls = await self.calls()
        return [path for path in calls if not await self.get("Call", "Through", path)]

    async def dial(self, target: str, options: Mapping[str, Any] | None = None) -> str:
        telephony = f"{BUS_NAME}.Telephony"
        body = await self.ask(ROOT, telephony, "Dial", "sa{sv}", target, options or {})
        return str(body[0]) if body else ""

    def press(self) -> None:
        """Something, and do not wait for it."""
        task: asyncio.Task[object] = asyncio.create_task(self._press())
        self._pressing.add(task)
        task.add_done_callback(self._pressing.discard)

    async def rest(self) -> None:
        await asyncio.gather(*self._pressing)

    async def _press(self) -> None:
        chance = self._rng.random()
        if chance < 0.1:
            account = {"account": _Variant("o", f"{ROOT}/accounts/{self._rng.choice(USERS[:-1])}")}
            await self.dial(self._place(), account)
        elif chance < 0.13:
            through = self._rng.choice(("ami", "refer", "hall"))
            await self.dial(self._place(), {"through": _Variant("s", through)})
        elif chance < 0.2:
            await self._settle()
        else:
            await self._button()

    async def _settle(self) -> None:
        path = f"{ROOT}/accounts/{self._rng.choice(USERS[:-1])}"
        name, kind, value = self._rng.choice((
            ("ForwardAlways", "s", self._rng.choice((self._echo, "sip:x@127.0.0.1:9"))),
            ("ForwardAlways", "s", ""), ("ForwardAlways", "s", ""),
            ("ForwardBusy", "s", self._echo), ("ForwardBusy", "s", ""),
            ("ForwardNoAnswer", "s", self._rng.choice((self._echo, ""))),
            ("ForwardNoAnswerSeconds", "u", 5),
            ("DoNotDisturb", "b", True), ("DoNotDisturb", "b", False), ("DoNotDisturb", "b", False),
            ("Enabled", "b", True), ("Enabled", "b", True), ("Enabled", "b", False),
        ))  # fmt: skip
        await self.set(path, "Account", name, kind, value)

    async def _button(self) -> None:
        calls = await self.calls()
        interface, member, kind = self._rng.choice(PRESSES)
        path = ROOT
        if interface in {"Call", "CallMedia"}:
            if not calls:
                return
            path = self._rng.choice(calls)
        elif interface == "Account":
            path = f"{ROOT}/accounts/{self._rng.choice(SERVED)}"
        elif interface == "Conference":
            path = f"{ROOT}/conference"
        other = self._rng.choice(calls) if calls else "/"
        values = {"s": self._place(), "o": other, "b": self._rng.random() < 0.5, "ao": calls}
        body = [values[one] for one in re.findall(r"a\{sv\}|ao|[sob]", kind) if one in values]
        if kind.endswith("a{sv}"):
            body.append({})
        if member == "SendDtmf":
            body[0] = self._rng.choice(TONES)
        await self.ask(path, f"{BUS_NAME}.{interface}", member, kind, *body)

    def _place(self) -> str:
        return self._rng.choice((*PLACES, self._echo))

    async def calm(self) -> None:
        """No call, and every account as it was."""
        for name in USERS[:-1]:
            path = f"{ROOT}/accounts/{name}"
            for setting in ("ForwardAlways", "ForwardBusy", "ForwardNoAnswer"):
                await self.set(path, "Account", setting, "s", "")
            await self.set(path, "Account", "DoNotDisturb", "b", value=False)
            await self.set(path, "Account", "Enabled", "b", value=True)


_PROPERTIES = "org.freedesktop.DBus.Properties"


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
    def __init__(self, daemon: RunningDaemon, user: User, rng: random.Random) -> None:
        self._rng = rng
        self._daemon = daemon
        self._user = user
        self._author = Author(rng)
        self.peers: list[RawPeer] = []
        self.callers = [RawPeer(daemon.sip_port, f"127.0.0.{n}") for n in range(2, 2 + CALLERS)]
        self._asker = RawPeer(daemon.sip_port, "127.0.0.99")
        self._sound = Sound(rng)
        self._last: deque[bytes] = deque(maxlen=REMEMBERED)
        self._heard: dict[RawPeer, deque[bytes]] = {}
        self._dialogs: dict[RawPeer, deque[Dialog]] = {}
        self._ports: deque[int] = deque(maxlen=2 * LINES)
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
            self._put(caller, self._author.invite(caller, dialog, self._rng.choice(USERS)))
            self._keep(caller, dialog)
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
        if status_of(message) < 200 or b" INVITE" not in message.partition(b"\r\nCSeq")[2][:30]:
            return
        found = [one for one in self._dialogs.get(peer, ()) if one.call_id.encode() in message]
        for dialog in found:
            if self.quiet and status_of(message) < 300:
                dialog.cseq += 1
                peer.send(peer.request("ACK", dialog))
                peer.send(peer.request("BYE", dialog))
            else:
                self._put(peer, self._author.request(peer, "ACK", dialog))

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


async def makes_calls(user: User, echo: str, storm: Storm) -> int:
    """How many calls stand at once."""
    account = {"account": _Variant("o", f"{ROOT}/accounts/open")}
    made = [await user.dial(echo, account) for _ in range(LINES)]
    up = 0
    for _ in range(200):
        storm.attend()
        states = [await user.get("Call", "State", path) for path in made if path]
        up = states.count("active")
        if up == LINES:
            break
        await asyncio.sleep(0.1)
    await user.ask(ROOT, f"{BUS_NAME}.Telephony", "HangupAll")
    return up


@asynccontextmanager
async def raging_phone(seed: int, echo: str) -> AsyncIterator[tuple[Storm, User, RunningDaemon]]:
    rng = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
    directory = Path(tempfile.mkdtemp(prefix="fuzz-phone-"))
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        bus = stack.enter_context(private_bus())
        certificates = Certificates(directory)
        udp, tcp, tls = RawPeer(0), Streams(0, "tcp"), Streams(0, "tls")
        await tcp.listen(None)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server.certificate, certificates.server.key)
        await tls.listen(context)
        local = ("127.0.0.1", 0)
        stun, _ = await loop.create_datagram_endpoint(lambda: StunServer(rng), local_addr=local)
        stack.callback(stun.close)
        manager = await Manager(rng).listen()
        stack.callback(manager.close)
        daemon = RunningDaemon(bus, directory, "")
        ports = {
            "udp": udp.port,
            "tcp": tcp.port,
            "tls": tls.port,
            "sip": daemon.sip_port,
            "stun": stun.get_extra_info("sockname")[1],
            "manager": manager.sockets[0].getsockname()[1],
        }
        daemon.write_config(configuration(ports, certificates.authority))
        stack.callback(daemon.close)
        await daemon.start()
        client = await _MessageBus(bus_address=bus.address).connect()
        stack.callback(client.disconnect)
        user = User(client, rng, echo)
        storm = Storm(daemon, user, rng)
        stack.callback(storm.close)
        storm.peers = [udp, tcp, tls]
        for peer in storm.peers:
            peer.talk_to(daemon.sip_port)
        yield storm, user, daemon


async def fuzz(messages: int, seconds: float, seed: int) -> bool:
    with party() as echo:
        async with raging_phone(seed, echo) as (storm, user, daemon):
            await storm.look()
            end_s = time.monotonic() + seconds
            await storm.rage(int(messages * WARM_UP), end_s)
            await storm.calm_down()
            warm = sizes(storm, daemon)
            await storm.rage(messages - int(messages * WARM_UP), end_s)
            empty = await storm.calm_down()
            up = await makes_calls(user, echo, storm)
            again = await storm.calm_down()
            await storm.look()
            report(storm, user, daemon, warm)
            print(f"no call left   {empty}, {again}\ncalls at once  {up} of {LINES}")
            tracebacks = daemon.log.count("Traceback")
            deaths = len(storm.engines) - 1
            return (
                empty and again and up == LINES and not (tracebacks or deaths or storm.unanswered)
            )


def sizes(storm: Storm, daemon: RunningDaemon) -> dict[str, tuple[float, int]]:
    found = {}
    with suppress(OSError, PermissionError):
        found["daemon"] = size(daemon.pid)
        found["engine"] = size(storm.engines[-1])
    return found


def report(
    storm: Storm, user: User, daemon: RunningDaemon, warm: Mapping[str, tuple[float, int]]
) -> None:
    print(f"sent           {storm.sent} SIP messages, {storm.packets} packets of sound")
    print(f"heard          {storm.said} SIP messages")
    print(f"engine deaths  {len(storm.engines) - 1}")
    print(f"daemon         {'alive' if storm.alive else 'DEAD'}")
    print(f"questions      {storm.asked}, unanswered {storm.unanswered}")
    print(f"user           {dict(user.answers.most_common())}, slowest {user.slowest_s:.1f} s")
    print(f"tracebacks     {daemon.log.count('Traceback')}")
    for name, after in sizes(storm, daemon).items():
        before = warm.get(name, after)
        print(f"{name:14s} {before[0]:.1f} -> {after[0]:.1f} MB, fds {before[1]} -> {after[1]}")
    print(f"log            {daemon.log_file}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz a whole phone.")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(0 if asyncio.run(fuzz(options.messages, options.seconds, options.seed)) else 1)


if __name__ == "__main__":
    main()
