# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.sip_headers import Headers
from offhookd.engine.sip_reason import completed_elsewhere, words


def headers(*reasons: str) -> Headers:
    return Headers("BYE x\r\n" + "".join(f"Reason: {one}\r\n" for one in reasons))


@pytest.mark.parametrize(
    ("reason", "elsewhere"),
    [
        ('SIP;cause=200;text="Call completed elsewhere"', True),
        ("SIP ; text=x ; cause=200", True),
        ('Q.850;cause=16;text="a, b", SIP;cause=200', True),
        ("Q.850;cause=26", True),
        ("Q.850;cause=200", False),
        ("SIP;cause=2000", False),
        ('SIP;text=";cause=200"', False),
        ("SIP;cause=487", False),
        ("", False),
    ],
)
def test_reason_of_a_call_taken_elsewhere(reason: str, elsewhere: bool) -> None:
    assert completed_elsewhere(headers(reason)) is elsewhere


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        (['Q.850;cause=17;text="Besetzt"'], "Besetzt"),
        (["q.850 ;cause=34"], "No circuit available"),
        (["Q.850;cause=126"], ""),
        (['SIP;cause=503;text="Line \\"3\\" is down"', "Q.850;cause=41"], "Temporary failure"),
        (['SIP;cause=503;text="Line \\"3\\" is down"'], 'Line "3" is down'),
        (['X;cause=1;text="\x1b[31mred"'], "[31mred"),
        (["SIP;cause=486"], ""),
        (['Q.850;cause=a;text="x"', ";;,,", '"'], ""),
        ([], ""),
    ],
)
def test_reasons_in_words(reasons: list[str], text: str) -> None:
    assert words(headers(*reasons)) == text
