# SPDX-License-Identifier: GPL-2.0-or-later
"""Each certificate before the eyes of a TLS client."""

import socket
import ssl
import threading

import pytest

from tests.support.certificates import Certificate, Certificates


@pytest.mark.parametrize("name", ["localhost", "pbx.test", "127.0.0.1"])
def test_the_good_one_passes_under_all_its_names(certificates: Certificates, name: str) -> None:
    _shake_hands(certificates, certificates.server, name)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("wrong_name", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("self_signed", "self-signed certificate"),
        ("untrusted", "unable to get local issuer"),
        ("nul_in_name", "Hostname mismatch|not valid for"),
    ],
)
def test_each_bad_one_is_refused_for_its_own_reason(
    certificates: Certificates, kind: str, verdict: str
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=verdict):
        _shake_hands(certificates, getattr(certificates, kind), "localhost")


def test_the_nul_is_really_in_the_name(certificates: Certificates) -> None:
    der = ssl.PEM_cert_to_DER_cert(certificates.nul_in_name.certificate.read_text())
    assert der.count(b"localhost\0.other.invalid") == 2  # subject and alternative name


def _shake_hands(trusted: Certificates, shown: Certificate, name: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(shown.certificate, shown.key)
    client = ssl.create_default_context(cafile=str(trusted.authority))
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except ssl.SSLError:
            theirs.close()  # the client has refused

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours, client.wrap_socket(ours, server_hostname=name):
            pass
    finally:
        thread.join()
