# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine as a client of a real registrar and proxy, on UDP, TCP and TLS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offhookd.engine.protocol import (
    Answer,
    ConnectionLost,
    Dial,
    Hangup,
    Incoming,
    Register,
    Registration,
    SetHosts,
    Unregister,
)
from tests.support.certificates import Certificate, Certificates
from tests.support.engine import START, EngineProcess
from tests.support.kamailio import Kamailio, password
from tests.support.processes import PATIENCE_S


@pytest.fixture
def registrar(kamailio: Kamailio) -> Kamailio:
    return kamailio


@pytest.fixture
def engine(certificates: Certificates) -> Iterator[EngineProcess]:
    with EngineProcess(START.but(ca_file=str(certificates.authority))) as process:
        yield process


def set_account(
    engine: EngineProcess, server: Kamailio, user: str = "1001", **changes: Any
) -> None:
    transport = changes.get("transport", "udp")
    port = server.tls_port if transport == "tls" else server.port
    settings = {
        "uri": f"sip:{user}@{server.address}",
        "password": password(user),
        "registrar": f"sip:{server.address}:{port}",
        "proxy": f"sip:{server.address}:{port}",
        "servers": (server.address,),
        "accept_anyone": False,
        "register_seconds": 60,
        **changes,
    }
    engine.add_account(user, **settings)


def register(
    engine: EngineProcess, account: str = "1001", limit_s: float = PATIENCE_S
) -> Registration:
    seen = len(engine.events)
    engine.ask(Register(account=account))
    return engine.wait_for(Registration, lambda e: e.account == account, limit_s, after=seen)


# ---------------------------------------------------------------- registration


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_registration_and_its_end_are_one_event_each(
    engine: EngineProcess, registrar: Kamailio, transport: str
) -> None:
    set_account(engine, registrar, transport=transport)
    result = register(engine)
    assert (result.code, result.expires, result.cause) == (200, 60, "")
    assert len(registrar.contacts("1001")) == 1
    engine.ask(Unregister(account="1001"))
    engine.wait_for(Registration, lambda e: e.expires == 0)
    assert registrar.contacts("1001") == []
    assert len(engine.of(Registration)) == 2


def test_sha_256_digest_is_answered(
    engine: EngineProcess, tmp_path: Path, certificates: Certificates
) -> None:
    with Kamailio(tmp_path, certificates.server, algorithm="SHA-256") as server:
        set_account(engine, server)
        assert register(engine).code == 200


def test_second_registration_refreshes_the_first(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(engine, registrar)
    assert [register(engine).code for _ in range(3)] == [200, 200, 200]
    assert len(registrar.contacts("1001")) == 1


def test_wrong_password_is_told_once(engine: EngineProcess, registrar: Kamailio) -> None:
    set_account(engine, registrar, password="wrong")
    result = register(engine)
    assert (result.code, result.cause) == (401, "")
    assert len(engine.of(Registration)) == 1


def test_password_that_was_corrected_works_at_the_next_try(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(engine, registrar, password="wrong")
    assert register(engine).code == 401
    set_account(engine, registrar)
    assert register(engine).code == 200


def test_server_that_closes_its_connection_is_told(
    engine: EngineProcess, tmp_path: Path, certificates: Certificates
) -> None:
    with Kamailio(tmp_path, certificates.server) as server:
        set_account(engine, server, transport="tcp")
        assert register(engine).code == 200
    assert engine.wait_for(ConnectionLost).transport == "tcp"


def test_refusal_carries_retry_after(engine: EngineProcess, registrar: Kamailio) -> None:
    registrar.fail("REGISTER", 503, retry_after_s=17)
    set_account(engine, registrar)
    result = register(engine)
    assert (result.code, result.retry_after, result.cause) == (503, 17, "")


def test_connection_that_is_refused_is_a_network_failure(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(
        engine, registrar, transport="tcp", registrar="sip:127.0.0.1:1", proxy="sip:127.0.0.1:1"
    )
    result = register(engine)
    assert result.cause == "network"
    assert "127.0.0.1" in result.text


def test_server_without_an_address_is_a_dns_failure(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(engine, registrar, registrar="sip:pbx.invalid", proxy="")
    result = register(engine)
    assert result.cause == "dns"
    assert "pbx.invalid" in result.text


def test_server_is_found_by_the_name_the_daemon_resolved(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(engine, registrar, registrar=f"sip:pbx.test:{registrar.port}", proxy="")
    engine.ask(SetHosts(hosts={"pbx.test": (registrar.address,)}))
    assert register(engine).code == 200


def test_registration_is_removed_when_the_engine_stops(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(engine, registrar)
    register(engine)
    assert engine.stop() == 0
    assert registrar.contacts("1001") == []


# ---------------------------------------------------------------- TLS


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("expired", "expired"),
        ("wrong_name", "identity"),
        ("self_signed", "untrusted"),
        ("untrusted", "untrusted"),
    ],
)
def test_certificate_that_does_not_hold_is_refused_with_the_reason(
    engine: EngineProcess, certificates: Certificates, tmp_path: Path, kind: str, word: str
) -> None:
    bad: Certificate = getattr(certificates, kind)
    with Kamailio(tmp_path, bad) as server:
        set_account(engine, server, transport="tls")
        result = register(engine)
    assert result.cause == "tls"
    assert word in result.text


def test_tls_server_is_checked_by_the_name_that_was_configured(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(
        engine, registrar, transport="tls", registrar=f"sip:pbx.test:{registrar.tls_port}", proxy=""
    )
    engine.ask(SetHosts(hosts={"pbx.test": (registrar.address,)}))
    assert register(engine).code == 200


# ---------------------------------------------------------------- calls through the proxy


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_call_through_the_proxy_answers_its_challenge(
    engine: EngineProcess, registrar: Kamailio, certificates: Certificates, transport: str
) -> None:
    start = START.but(ca_file=str(certificates.authority))
    with EngineProcess(start) as other:
        set_account(engine, registrar, "1001", transport=transport)
        set_account(other, registrar, "1002", transport=transport)
        register(engine, "1001")
        register(other, "1002")
        target = "sip:1002@pbx.test"
        engine.ask(
            Dial(leg=1, account="1001", target=target, headers={}, anonymous=False, muted=False)
        )
        other.wait_for(Incoming)
        other.ask(Answer(leg=-1))
        engine.wait_state(1, "active")
        other.ask(Hangup(leg=-1))
        assert engine.wait_state(1, "ended").cause == "remote"


def test_account_that_is_not_registered_still_answers_the_proxys_challenge(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    with EngineProcess() as other:
        set_account(engine, registrar, "1001", registrar="")
        set_account(other, registrar, "1002")
        register(other, "1002")
        target = "sip:1002@pbx.test"
        engine.ask(
            Dial(leg=1, account="1001", target=target, headers={}, anonymous=False, muted=False)
        )
        other.wait_for(Incoming)
        assert engine.states(1) == ["dialing"]


def test_unknown_number_ends_with_the_proxys_code(
    engine: EngineProcess, registrar: Kamailio
) -> None:
    set_account(engine, registrar)
    register(engine)
    target = "sip:9999@pbx.test"
    engine.ask(Dial(leg=1, account="1001", target=target, headers={}, anonymous=False, muted=False))
    ended = engine.wait_state(1, "ended")
    assert ended.code in (404, 480)
    assert ended.cause == ""
