# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.sip_headers import Headers
from offhookd.engine.sip_reason import decided_elsewhere, words


def headers(*reasons: str) -> Headers:
    return Headers("BYE x\r\n" + "".join(f"Reason: {one}\r\n" for one in reasons))


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ('SIP;cause=200;text="Call completed elsewhere"', "elsewhere"),
        ("SIP ; text=x ; cause=200", "elsewhere"),
        ('Q.850;cause=16;text="a, b", SIP;cause=200', "elsewhere"),
        ("Q.850;cause=26", "elsewhere"),
        ("SIP;cause=600, SIP;cause=200", "elsewhere"),
        ('SIP;cause=603;text="Decline"', "declined"),
        ("Q.850;cause=21", "declined"),
        ("Q.850;cause=200", ""),
        ("SIP;cause=2000", ""),
        ('SIP;text=";cause=200"', ""),
        ("SIP;cause=487", ""),
        ("", ""),
    ],
)
def test_what_became_of_a_call_at_another_telephone(reason: str, outcome: str) -> None:
    assert decided_elsewhere(headers(reason)) == outcome


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
