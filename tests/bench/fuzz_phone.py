# SPDX-License-Identifier: GPL-2.0-or-later
"""Let a whole phone talk to hostile peers, over every way in, while its user does anything.

    python -m tests.bench.fuzz_phone [--messages 20000] [--seconds 300] [--seed 1] [--mutated 0.6]

Servers on UDP, TCP and TLS, strangers, sound, STUN and an Asterisk say what `_hostile` writes;
a client presses every button.  Few broken messages get deeper: what is said is understood, but
said at the wrong time.  Afterwards the phone must have no call left and make four at once.
Everything stays on 127.0.0.1; what was said before an engine died is written to a file.
"""

import argparse
import asyncio
import json
import random
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from offhookd.bus.names import BUS_NAME, ROOT
from tests.bench._fuzz_user import User, Variant
from tests.bench._hostile import MUTATED
from tests.bench._hostile_peers import Manager, Streams, StunServer
from tests.bench._storm import LINES, Storm
from tests.bench.fuzz_dbus import party, size
from tests.support.certificates import Certificates
from tests.support.daemon import RunningDaemon
from tests.support.dbus import private_bus
from tests.support.raw_sip import RawPeer

# The library is untyped where this program uses it.
_MessageBus: Any = import_module("dbus_next.aio").MessageBus

WARM_UP = 0.3
"""Share of the messages after which sizes are compared with those at the end."""


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


async def makes_calls(user: User, echo: str, storm: Storm) -> int:
    """How many calls stand at once."""
    account = {"account": Variant("o", f"{ROOT}/accounts/open")}
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
async def raging_phone(
    seed: int, echo: str, mutated: float
) -> AsyncIterator[tuple[Storm, User, RunningDaemon]]:
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
        storm = Storm(daemon, user, rng, mutated)
        stack.callback(storm.close)
        storm.peers = [udp, tcp, tls]
        for peer in storm.peers:
            peer.talk_to(daemon.sip_port)
        yield storm, user, daemon


async def fuzz(messages: int, seconds: float, seed: int, mutated: float) -> bool:
    with party() as echo:
        async with raging_phone(seed, echo, mutated) as (storm, user, daemon):
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
    parser.add_argument("--mutated", type=float, default=MUTATED, help="share of broken messages")
    given = parser.parse_args()
    fine = asyncio.run(fuzz(given.messages, given.seconds, given.seed, given.mutated))
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
