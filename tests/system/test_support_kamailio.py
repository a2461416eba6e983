# SPDX-License-Identifier: GPL-2.0-or-later
"""The registrar, asked by hand-written requests; its login by baresip, which is not ours either."""

import itertools
import socket
from collections.abc import Iterator

import pytest

from tests.support.baresip import Baresip
from tests.support.certificates import Certificates
from tests.support.kamailio import Kamailio, password
from tests.support.processes import PATIENCE_S, until
from tests.system.conftest import NewDirectory

REGISTER = (
    "REGISTER sip:127.0.0.1:{port} SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK{branch};rport\r\n"
    "From: <sip:{user}@127.0.0.1:{port}>;tag=1\r\n"
    "To: <sip:{user}@127.0.0.1:{port}>\r\n"
    "Contact: <sip:{user}@127.0.0.1:{own}>\r\n"
    "Call-ID: {branch}@127.0.0.1\r\n"
    "CSeq: 1 REGISTER\r\n"
    "Max-Forwards: 70\r\n"
    "Content-Length: 0\r\n\r\n"
)


_branches = itertools.count(1)


@pytest.fixture
def phone() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        made.settimeout(PATIENCE_S)
        yield made


def test_it_asks_for_a_login_with_the_chosen_digest(
    kamailio: Kamailio, phone: socket.socket
) -> None:
    answer = _register(phone, kamailio, "1001")
    assert answer.startswith("SIP/2.0 401 ")
    assert "algorithm" not in answer  # MD5 by default (RFC 3261, 22.4)


def test_unknown_users_are_refused(kamailio: Kamailio, phone: socket.socket) -> None:
    assert _register(phone, kamailio, "nobody").startswith("SIP/2.0 403 ")


def test_a_fault_answers_as_ordered_until_mended(kamailio: Kamailio, phone: socket.socket) -> None:
    kamailio.fail("REGISTER", 503, retry_after_s=7)
    answer = _register(phone, kamailio, "1001")
    assert answer.startswith("SIP/2.0 503 ")
    assert "Retry-After: 7\r\n" in answer
    kamailio.fail("REGISTER", 500)
    answer = _register(phone, kamailio, "1001")
    assert answer.startswith("SIP/2.0 500 ")
    assert "Retry-After" not in answer
    kamailio.mend("REGISTER")
    assert _register(phone, kamailio, "1001").startswith("SIP/2.0 401 ")


def test_a_fault_can_be_silence(kamailio: Kamailio, phone: socket.socket) -> None:
    kamailio.fail("REGISTER")
    phone.settimeout(0.2)
    with pytest.raises(TimeoutError):
        _register(phone, kamailio, "1001")


def test_contacts_are_added_listed_and_forgotten(kamailio: Kamailio) -> None:
    kamailio.add_contact("200", "sip:200@127.0.0.1:9")
    assert kamailio.contacts("200") == ["sip:200@127.0.0.1:9"]
    assert kamailio.contacts("20") == []
    kamailio.forget("200")
    assert kamailio.contacts("200") == []


def test_reset_forgets_everything(kamailio: Kamailio, phone: socket.socket) -> None:
    kamailio.add_contact("200", "sip:200@127.0.0.1:9")
    kamailio.fail("REGISTER", 500)
    kamailio.reset()
    assert kamailio.contacts("200") == []
    assert _register(phone, kamailio, "1001").startswith("SIP/2.0 401 ")


@pytest.mark.usefixtures("needs_baresip")
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_foreign_phone_registers(
    kamailio: Kamailio, directory: NewDirectory, transport: str
) -> None:
    port = kamailio.tls_port if transport == "tls" else kamailio.port
    with Baresip(
        directory("baresip"),
        "1001",
        registrar=f"127.0.0.1:{port}",
        password=password("1001"),
        transport=transport,  # type: ignore[arg-type]  # parametrize knows strings only
    ) as phone:
        await phone.registered()
        (contact,) = kamailio.contacts("1001")
        assert contact.endswith(
            {"udp": "", "tcp": ";transport=tcp", "tls": ";transport=tls"}[transport]
        )


async def test_it_can_go_away_and_come_back_on_the_same_port(
    certificates: Certificates, directory: NewDirectory, phone: socket.socket
) -> None:
    server = Kamailio(directory("kamailio"), certificates.server, algorithm="SHA-256")
    with server:
        assert "algorithm=SHA-256" in _register(phone, server, "1001")
        server.add_contact("1001", "sip:1001@127.0.0.1:9")
        server.stop()
        phone.settimeout(0.2)
        with pytest.raises(OSError):  # noqa: PT011  # refused or silent, as the system likes
            _register(phone, server, "1001")
        phone.settimeout(PATIENCE_S)
        server.start()
        await until(lambda: server.contacts("1001") == [], PATIENCE_S, "an empty registrar")
        assert _register(phone, server, "1001").startswith("SIP/2.0 401 ")


def _register(phone: socket.socket, server: Kamailio, user: str) -> str:
    own = phone.getsockname()[1]
    request = REGISTER.format(port=server.port, own=own, user=user, branch=next(_branches))
    phone.sendto(request.encode(), (server.address, server.port))
    return phone.recv(4000).decode()
