# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of test_filter_engine.py, each run in a child process of its own."""

from contextlib import closing

from offhookd.engine.filter import restrict_signalling
from tests.support.bare_engine import BareEngine, bare_engine, main
from tests.support.raw_sip import Dialog, RawPeer, status_of

TIMEOUT_MS = 200


def is_answered(engine: BareEngine, address: str) -> bool:
    with closing(RawPeer(engine.port, address)) as peer:
        peer.send(peer.request("OPTIONS", Dialog()))
        return engine.pump(lambda: [m for m in peer.receive() if status_of(m)], TIMEOUT_MS)


def restricts() -> list[bool]:
    """Who is answered: a server, a stranger; then after both had changed places."""
    with bare_engine() as engine:
        restrict_signalling(engine.port, ["127.0.0.5"])
        first = [is_answered(engine, "127.0.0.5"), is_answered(engine, "127.0.0.1")]
        restrict_signalling(engine.port, ["127.0.0.1"])
        return [*first, is_answered(engine, "127.0.0.5"), is_answered(engine, "127.0.0.1")]


if __name__ == "__main__":
    main({"restricts": restricts})
