# SPDX-License-Identifier: GPL-2.0-or-later
"""Registrars as they are: behind proxies that want a password themselves, and with odd answers."""

import threading
from collections.abc import Callable, Iterator

import pytest

from offhookd.engine.protocol import Register, Registration
from tests.support.engine import EngineProcess
from tests.support.raw_sip import RawPeer

PROXY, REGISTRAR = b'realm="edge"', rb'realm="the \"pbx\""'
ANSWERS_S = 0.02


class Registrar:
    """Answers every REGISTER with what `says` makes of it: a status and headers."""

    def __init__(self) -> None:
        self.sip = RawPeer(1)
        self.says: Callable[[bytes], tuple[str, str]] = lambda _: ("500 Odd", "")
        self.heard: list[bytes] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.sip.close()

    def _run(self) -> None:
        while not self._over.wait(ANSWERS_S):
            for request in self.sip.receive():
                self.heard.append(request)
                self.sip.send(self.sip.answer(request, *self.says(request)))


@pytest.fixture
def registrar() -> Iterator[Registrar]:
    made = Registrar()
    yield made
    made.close()


@pytest.fixture
def engine(registrar: Registrar) -> Iterator[EngineProcess]:
    with EngineProcess() as process:
        registrar.sip.talk_to(process.port)
        process.add_account(
            "work",
            uri="sip:1001@127.0.0.1",
            registrar=f"sip:127.0.0.1:{registrar.sip.port}",
            servers=("127.0.0.1",),
            password="secret",
        )
        yield process


def register(engine: EngineProcess) -> Registration:
    seen = len(engine.events)
    engine.ask(Register(account="work"))
    return engine.wait_for(Registration, after=seen)


def contact_of(request: bytes) -> str:
    line = next(one for one in request.split(b"\r\n") if one.startswith(b"Contact:"))
    return f"{line.decode()};expires=60\r\n"


def both_ask(request: bytes) -> tuple[str, str]:
    """A proxy on the way and then the registrar, each with a realm of its own."""
    if PROXY not in request:
        return "407 Proxy", f'Proxy-Authenticate: Digest {PROXY.decode()}, nonce="1"\r\n'
    if REGISTRAR not in request:
        return "401 Who", f'WWW-Authenticate: Digest {REGISTRAR.decode()}, nonce="2"\r\n'
    return "200 OK", contact_of(request)


def test_proxy_and_registrar_both_get_their_answer(
    engine: EngineProcess, registrar: Registrar
) -> None:
    registrar.says = both_ask
    assert register(engine).code == 200
    assert register(engine).code == 200


def test_ever_new_realms_end(engine: EngineProcess, registrar: Registrar) -> None:
    registrar.says = lambda _: (
        "401 Who",
        f'WWW-Authenticate: Digest realm="{len(registrar.heard)}", nonce="1", stale=true\r\n',
    )
    assert register(engine).code == 401
    assert len(registrar.heard) < 5


def test_registration_for_no_time_is_none(engine: EngineProcess, registrar: Registrar) -> None:
    registrar.says = lambda _: ("200 OK", "Expires: 0\r\n")
    result = register(engine)
    assert (result.code, result.cause) == (0, "network")
    assert result.text == "The server 127.0.0.1 granted no time to the registration."


@pytest.mark.parametrize(
    "headers", ["Contact: <sip:a@b>,*\r\n", "Service-Route: \r\n", "Expires: 4294967295\r\n"]
)
def test_answers_that_end_the_stack_are_not_heard(
    engine: EngineProcess, registrar: Registrar, headers: str
) -> None:
    registrar.says = lambda _: ("200 OK", headers)
    engine.ask(Register(account="work"))
    while len(registrar.heard) < 2:  # it has not heard the first answer
        engine.read(0.05)
    registrar.says = lambda request: ("200 OK", contact_of(request))
    assert engine.wait_for(Registration).code == 200
