# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told of a call that is over."""

from dataclasses import replace

import pytest

from offhookd.engine.sip_ending import Circumstances, Ending, ending

DIALLED = Circumstances(
    decided="",
    message="",
    outgoing=True,
    connected=False,
    codec="",
    srtp="disabled",
    tls_refusal="",
    forward=(0, ""),
    lost=None,
)
TALKING = replace(DIALLED, connected=True, codec="PCMA")
CALLED = replace(DIALLED, outgoing=False)
BUSY = 'SIP/2.0 486 Busy Here\r\nReason: Q.850;cause=17;text="Gone fishing"\r\n\r\n'


@pytest.mark.parametrize(
    ("code", "how", "cause"),
    [
        (200, replace(TALKING, message="BYE sip:a SIP/2.0"), "remote"),
        (200, replace(TALKING, message="SIP/2.0 200 OK"), "remote"),
        (200, replace(TALKING, message="SIP/2.0 200 OK", codec=""), "media"),
        (408, TALKING, "network"),
        (408, replace(TALKING, message="SIP/2.0 408"), "network"),
        (487, replace(CALLED, message="CANCEL"), "cancelled"),
        (486, replace(DIALLED, message="SIP/2.0 486"), ""),
        (503, replace(DIALLED, tls_refusal="expired"), "tls"),
        (503, DIALLED, "network"),
        (200, replace(TALKING, decided="local", message="SIP/2.0 200 OK"), "local"),
    ],
)
def test_end_has_a_cause(code: int, how: Circumstances, cause: str) -> None:
    assert ending(code, "", how).cause == cause


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (
            replace(DIALLED, tls_refusal="The certificate has expired"),
            Ending(503, "The certificate has expired", "tls"),
        ),
        (
            replace(CALLED, decided="no-ack"),
            Ending(408, "The caller did not confirm the answer", "no-ack"),
        ),
        (
            replace(DIALLED, decided="media", srtp="required"),
            Ending(488, "The far end does not encrypt, and the account requires it", "media"),
        ),
        (
            replace(TALKING, decided="media"),
            Ending(503, "Service Unavailable", "media"),
        ),
        (
            replace(DIALLED, decided="forwarded", forward=(302, "Moved Temporarily")),
            Ending(302, "Moved Temporarily", "forwarded"),
        ),
        (replace(TALKING, lost=(481, "No Such Call")), Ending(481, "No Such Call", "network")),
        (replace(DIALLED, message=BUSY), Ending(503, "Gone fishing", "")),
    ],
)
def test_end_is_told_in_words(how: Circumstances, told: Ending) -> None:
    assert ending(503, "Service Unavailable", how) == told
