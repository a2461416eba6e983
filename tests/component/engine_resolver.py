# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of test_resolver.py, each run in a child process of its own."""

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

from offhookd.engine.resolver import Resolver
from tests.support.bare_engine import BareEngine, bare_engine, main
from tests.support.processes import PATIENCE_S

NAME = "pbx.offhook.test"


def registration(engine: BareEngine, uri: str) -> Any:
    """An account that registers at `uri` and notes the codes of the outcomes."""
    codes: list[int] = []

    class Account(engine.pj.Account):  # type: ignore[misc, name-defined]  # pjsua2 has no types
        def onRegState(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
            codes.append(prm.code)

    config = engine.pj.AccountConfig()
    config.idUri = f"sip:1001@{NAME}"
    config.regConfig.registrarUri = uri
    config.regConfig.retryIntervalSec = 0
    account = Account()
    account.codes = codes
    account.create(config)
    return account


def installs() -> str:
    with bare_engine():
        return Resolver().install()


def name_reaches_its_address() -> list[bool]:
    """Over UDP: the REGISTER arrives at the address of the book and keeps the name in it."""
    with bare_engine() as engine, socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.setblocking(False)
        resolver = Resolver()
        resolver.install()
        resolver.set_hosts({NAME: (f"127.0.0.1:{peer.getsockname()[1]}",)})
        account = registration(engine, f"sip:{NAME}")
        heard: list[bytes] = []

        def listen() -> bool:
            with suppress(BlockingIOError):
                heard.append(peer.recv(4096))
            return bool(heard)

        arrived = engine.pump(listen)
        account.shutdown()
        return [arrived, heard[0].startswith(f"REGISTER sip:{NAME} ".encode())]


def unknown_name() -> list[float]:
    """The code of the outcome and how long the stack stood still for it, in ms."""
    with bare_engine() as engine:
        Resolver().install()
        started = time.perf_counter()
        account = registration(engine, "sip:nowhere.offhook.test")
        stood_ms = (time.perf_counter() - started) * 1000
        engine.pump(lambda: account.codes)
        codes = account.codes
        account.shutdown()
        return [codes[0], stood_ms]


def second_address_is_tried() -> bool:
    """Over TCP: nobody listens at the first address, the REGISTER goes to the second."""
    closed = socket.create_server(("127.0.0.1", 0))
    dead_port = closed.getsockname()[1]
    closed.close()
    with bare_engine() as engine, socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        engine.transport(engine.pj.PJSIP_TRANSPORT_TCP)
        resolver = Resolver()
        resolver.install()
        live = f"127.0.0.1:{server.getsockname()[1]}"
        resolver.set_hosts({NAME: (f"127.0.0.1:{dead_port}", live)})
        account = registration(engine, f"sip:{NAME};transport=tcp")
        connections: list[socket.socket] = []

        def listen() -> bool:
            with suppress(BlockingIOError):
                connections.append(server.accept()[0])
            return bool(connections)

        arrived = engine.pump(listen)
        account.shutdown()
        for connection in connections:
            connection.close()
        return arrived


def tls_request(ca: str, certificate: str, key: str) -> bool:
    """Whether a REGISTER to `NAME` gets through to a TLS server that shows `certificate`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    received: list[bytes] = []
    over = threading.Event()

    def serve(server: socket.socket) -> None:
        with suppress(OSError), server.accept()[0] as plain:
            plain.settimeout(PATIENCE_S)
            with context.wrap_socket(plain, server_side=True) as connection:
                received.append(connection.recv(4096))
        over.set()

    with bare_engine() as engine, socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_S)
        engine.transport(
            engine.pj.PJSIP_TRANSPORT_TLS, CaListFile=ca, verifyServer=True, proto=1 << 4
        )
        resolver = Resolver()
        resolver.install()
        resolver.set_hosts({NAME: (f"127.0.0.1:{server.getsockname()[1]}",)})
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        account = registration(engine, f"sip:{NAME};transport=tls")
        engine.pump(over.is_set, 5000)
        account.shutdown()
        thread.join()
    return any(request.startswith(b"REGISTER") for request in received)


if __name__ == "__main__":
    main(
        {
            program.__name__: program
            for program in (
                installs,
                name_reaches_its_address,
                unknown_name,
                second_address_is_tried,
                tls_request,
            )
        }
    )
