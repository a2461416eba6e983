# SPDX-License-Identifier: GPL-2.0-or-later
"""What a network of one's own is needed for; runs inside `unshare` and prints what it saw.

`resolve`: the C library asks our name server on 127.0.0.1:53.  `watch`: links come and go.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from offhookd.desktop import network
from offhookd.desktop.network import NetworkWatch, connectivity
from offhookd.desktop.resolve import ResolveError, Resolver
from offhookd.phone.values import Transport
from tests.support import dns

SILENCE_S = 0.3


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


async def resolve() -> object:
    records = {
        ("_sip._udp.example.test", dns.SRV): [
            dns.srv(20, 0, 5070, "b.example.test"),
            dns.srv(10, 0, 5060, "a.example.test"),
        ],
        ("a.example.test", dns.A): [bytes([192, 0, 2, 10])],
        ("b.example.test", dns.AAAA): [bytes.fromhex("20010db8000000000000000000000001")],
    }
    dns.NameServer(("127.0.0.1", 53), records)
    resolver = Resolver()
    found = [
        await resolver.resolve("example.test", 0, Transport.UDP),
        await resolver.resolve("a.example.test", 0, Transport.TLS),
    ]
    return [*found, await failure("b.example.test"), await failure("nope.test")]


async def failure(name: str) -> str:
    try:
        await Resolver().resolve(name, 0, Transport.UDP)
    except ResolveError as error:
        return str(error)
    return ""


async def watch() -> object:
    network.SETTLE_S = 0.05
    hints: asyncio.Queue[str] = asyncio.Queue()
    seen: list[list[object]] = []

    async def hint() -> str:
        try:
            async with asyncio.timeout(SILENCE_S):
                return await hints.get()
        except TimeoutError:
            return ""

    watch = NetworkWatch(hints.put_nowait)
    watch.start()
    watch.start()
    ip("link", "add", "wan", "type", "veth", "peer", "name", "far")
    ip("link", "set", "far", "up")
    seen.append(["a link without an address", await hint()])
    ip("address", "add", "192.0.2.7/24", "dev", "wan")
    ip("link", "set", "wan", "up")
    ip("route", "add", "default", "via", "192.0.2.1")
    seen.append(["connected", await hint(), await hint()])
    ip("address", "change", "192.0.2.7/24", "dev", "wan", "valid_lft", "999", "preferred_lft", "9")
    seen.append(["a renewed lease", await hint()])
    ip("address", "add", "192.0.2.8/24", "dev", "wan")
    seen.append(["a new address", await hint()])
    ip("link", "set", "wan", "down")
    ip("address", "flush", "dev", "wan")
    seen.append(["cut off", await hint(), sorted(connectivity())])
    watch.stop()
    watch.stop()
    ip("address", "add", "192.0.2.9/24", "dev", "wan")
    seen.append(["stopped", await hint()])
    return seen


def main() -> None:
    ip("link", "set", "lo", "up")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write("nameserver 127.0.0.1\n")
        conf.flush()
        target = Path("/etc/resolv.conf").resolve()
        subprocess.run(["mount", "--bind", conf.name, str(target)], check=True)
        work = {"resolve": resolve, "watch": watch}[sys.argv[1]]
        sys.stdout.write(json.dumps(asyncio.run(work())))


if __name__ == "__main__":
    main()
