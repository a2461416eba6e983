# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone and a real registrar: what it shows on D-Bus is what the registrar knows."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from offhookd.bus.names import BUS_NAME
from offhookd.phone.account import LONGEST_RETRY_S
from tests.support.certificates import Certificates
from tests.support.daemon import Phone, RunningDaemon
from tests.support.dbus import PrivateBus, glib_client, private_bus
from tests.support.kamailio import Kamailio
from tests.support.line import ACCOUNT, account, configuration, line, registered
from tests.support.processes import PATIENCE_S, until, wait_until
from tests.support.wire import Direction, Wire
from tests.system.conftest import NewDirectory

STOP_S = 25.0
SILENCE_S = 32.0 + PATIENCE_S
"""RFC 3261, 17.1.2.2: a transaction is given up after 32 s."""


@pytest.fixture(scope="module", autouse=True)
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A phone whose registrar takes everything and says nothing, while the other tests run."""
    with private_bus() as bus, socket.socket(type=socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        keys = {"uri": f"sip:1001@127.0.0.1:{deaf.getsockname()[1]}", "password": "x"}
        directory = tmp_path_factory.mktemp("unanswered")
        daemon = RunningDaemon(bus, directory, configuration(keys))
        daemon.launch()
        # Until then the kernel may show the new process under the old one's name.
        wait_until(lambda: daemon.log, PATIENCE_S, "the phone to say something")
        yield daemon
        daemon.close()


async def problems(phone: Phone) -> dict[tuple[str, str], str]:
    """(code, object) -> sentence."""
    listed = await phone.get("Manager", "Problems")
    assert isinstance(listed, list)
    return {(code, where): text for code, where, text in listed}


async def failure(phone: Phone, reason: str) -> str:
    """Wait until the account has failed for this reason; the problem's sentence."""
    await phone.until("Account", "State", "failed", ACCOUNT)
    assert await phone.get("Account", "StateReason", ACCOUNT) == reason
    return (await problems(phone))[f"account-{reason}", ACCOUNT]


async def wait_s(phone: Phone) -> float:
    """How long from now until the account is tried again."""
    at_us = await phone.get("Account", "NextAttempt", ACCOUNT)
    assert isinstance(at_us, int)
    return at_us / 1e6 - time.time()


# ---------------------------------------------------------------- it works


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_it_registers_and_leaves_with_the_registrar_knowing(
    session_bus: PrivateBus,
    kamailio: Kamailio,
    certificates: Certificates,
    tmp_path: Path,
    transport: str,
) -> None:
    config = configuration(account(kamailio, "1001", transport), ca_file=certificates.authority)
    async with registered(session_bus, tmp_path, config) as phone:
        shown = await phone.properties("Account", ACCOUNT)
        assert (shown["StateCode"], shown["StateReason"]) == (200, "")
        assert shown["Transport"] == transport
        (contact,) = kamailio.contacts("1001")
        assert contact.startswith("sip:1001@127.0.0.1:")
        assert (";transport=" in contact.lower()) == (transport != "udp")
        began = time.monotonic()
        assert await phone.daemon.stop() == 0
        assert time.monotonic() - began < STOP_S
        assert kamailio.contacts("1001") == []


async def test_it_answers_a_sha_256_digest(
    session_bus: PrivateBus, certificates: Certificates, tmp_path: Path, directory: NewDirectory
) -> None:
    with Kamailio(directory("sha"), certificates.server, algorithm="SHA-256") as server:
        config = configuration(account(server, "1001"))
        async with registered(session_bus, tmp_path, config):
            assert len(server.contacts("1001")) == 1


async def test_two_accounts_register_side_by_side(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    both = {"one": account(kamailio, "1001"), "two": account(kamailio, "1002", "tcp")}
    async with registered(session_bus, tmp_path, configuration(both)):
        assert [len(kamailio.contacts(user)) for user in ("1001", "1002")] == [1, 1]


async def test_everything_goes_through_the_outbound_proxy(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    with Wire(kamailio.port) as edge:
        # The registrar itself has a name that nobody can look up.
        keys = account(kamailio, "1001", host="pbx.test", proxy=f"sip:127.0.0.1:{edge.port};lr")
        async with registered(session_bus, tmp_path, configuration(keys)):
            assert len(kamailio.contacts("1001")) == 1
        sent = [message.start_line for message in edge.messages(Direction.TO_TARGET)]
        assert sent[0] == f"REGISTER sip:pbx.test:{kamailio.port} SIP/2.0"
        assert len(set(sent)) == 1


async def test_a_registration_is_renewed_before_it_expires(
    session_bus: PrivateBus, certificates: Certificates, tmp_path: Path, directory: NewDirectory
) -> None:
    with (
        Kamailio(directory("short"), certificates.server, max_expires_s=6) as server,
        Wire(server.port) as wire,
    ):
        keys = account(server, "1001", proxy=f"sip:127.0.0.1:{wire.port}")
        async with registered(session_bus, tmp_path, configuration(keys)) as phone:
            assert 0 < await wait_s(phone) < 6.0
            first = len(wire.messages(Direction.TO_TARGET))
            await until(
                lambda: len(wire.messages(Direction.TO_TARGET)) > first, PATIENCE_S, "the renewal"
            )
            times = [seen.time_s for seen in wire.messages(Direction.TO_TARGET)]
            assert 3.0 < times[first] - times[first - 1] < 6.0
            assert len(server.contacts("1001")) == 1
            assert await phone.get("Account", "State", ACCOUNT) == "registered"


# ---------------------------------------------------------------- it is refused


async def test_a_wrong_password_is_said_and_not_repeated(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    config = configuration(account(kamailio, "1001") | {"password": "wrong"})
    async with line(session_bus, tmp_path, config) as phone:
        sentence = await failure(phone, "auth")
        assert await phone.get("Account", "StateCode", ACCOUNT) == 401
        assert "password" in sentence
        assert await wait_s(phone) > 600  # servers bar who repeats it
        assert await phone.get("Manager", "State") == "degraded"
        assert kamailio.contacts("1001") == []


async def test_a_corrected_password_is_used_after_a_reload(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    keys = account(kamailio, "1001")
    async with line(session_bus, tmp_path, configuration(keys | {"password": "wrong"})) as phone:
        await failure(phone, "auth")
        phone.daemon.write_config(configuration(keys))
        await phone.call("Manager", "Reload")
        await phone.until("Account", "State", "registered", ACCOUNT)
        assert await problems(phone) == {}


async def test_an_unknown_user_is_refused_by_the_operator(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    async with line(session_bus, tmp_path, configuration(account(kamailio, "nobody1"))) as phone:
        sentence = await failure(phone, "auth")
        assert await phone.get("Account", "StateCode", ACCOUNT) == 403
        assert "403" in sentence


async def test_a_server_that_is_busy_is_left_alone_as_long_as_it_asks(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    kamailio.fail("REGISTER", 503, retry_after_s=2)
    async with line(session_bus, tmp_path, configuration(account(kamailio, "1001"))) as phone:
        began = time.monotonic()
        await phone.until("Account", "State", "failed", ACCOUNT)
        assert await phone.get("Account", "StateCode", ACCOUNT) == 503
        assert 0.0 <= await wait_s(phone) <= 2.0
        kamailio.mend("REGISTER")
        await phone.until("Account", "State", "registered", ACCOUNT)
        assert time.monotonic() - began > 1.9


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_restarted_server_gets_the_registration_again(
    session_bus: PrivateBus,
    certificates: Certificates,
    tmp_path: Path,
    directory: NewDirectory,
    transport: str,
) -> None:
    with Kamailio(directory("mortal"), certificates.server) as server:
        config = configuration(account(server, "1001", transport), ca_file=certificates.authority)
        async with registered(session_bus, tmp_path, config) as phone:
            server.stop()
            if transport == "udp":  # nobody says that nobody is there: it is asked again
                await phone.client.send(ACCOUNT, f"{BUS_NAME}.Account", "Register")
            else:
                name, sentence = await phone.refused("Account", "Register", path=ACCOUNT)
                assert name == "NotRegistered"
                assert "127.0.0.1 cannot be reached" in sentence
                assert await phone.get("Account", "State", ACCOUNT) == "failed"
                assert await wait_s(phone) < LONGEST_RETRY_S
            server.start()
            await phone.call("Account", "Register", path=ACCOUNT)
            assert await phone.get("Account", "State", ACCOUNT) == "registered"
            assert len(server.contacts("1001")) == 1


async def test_a_name_that_leads_nowhere_is_a_dns_failure(
    session_bus: PrivateBus, kamailio: Kamailio, tmp_path: Path
) -> None:
    keys = account(kamailio, "1001", registrar="sip:nowhere.invalid")
    async with line(session_bus, tmp_path, configuration(keys)) as phone:
        sentence = await failure(phone, "dns")
        assert "nowhere.invalid" in sentence


# ---------------------------------------------------------------- TLS


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wrong_name", "name"),
        ("expired", "expired"),
        ("self_signed", "untrusted"),
        ("untrusted", "untrusted"),
        ("nul_in_name", "nul"),
    ],
)
async def test_a_bad_certificate_is_refused_before_anything_is_said(
    session_bus: PrivateBus,
    certificates: Certificates,
    tmp_path: Path,
    directory: NewDirectory,
    kind: str,
    words: str,
) -> None:
    with Kamailio(directory("bad"), getattr(certificates, kind)) as server:
        keys = account(server, "1001", "tls", host="localhost")
        config = configuration(keys, ca_file=certificates.authority)
        async with line(session_bus, tmp_path, config) as phone:
            sentence = await failure(phone, "tls")
            assert words in sentence.lower()
            assert server.contacts("1001") == []
            assert server.rpc("core.tcp_info")["opened_connections"] == 0


# ---------------------------------------------------------------- last, as it takes long


async def test_silence_is_a_timeout(unanswered: RunningDaemon) -> None:
    async with glib_client(unanswered.bus.address) as client:
        phone = Phone(client, unanswered)
        await phone.until("Account", "State", "failed", ACCOUNT, SILENCE_S)
        sentence = await failure(phone, "timeout")
        assert "127.0.0.1 did not answer in time" in sentence
        assert await wait_s(phone) < LONGEST_RETRY_S
