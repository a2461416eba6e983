# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.sip_assertion import asserted_caller, asserted_privacy, called_instead
from offhookd.engine.sip_headers import Headers

REMOTE_PARTY = 'Remote-Party-ID: "Ada; party=called" <sip:+4930@pbx>'


@pytest.mark.parametrize(
    ("lines", "caller", "privacy"),
    [
        (["P-Asserted-Identity: Bob <tel:1>", REMOTE_PARTY], ("Bob", "tel:1"), ""),
        ([REMOTE_PARTY], ("Ada; party=called", "sip:+4930@pbx"), ""),
        (
            [REMOTE_PARTY + ";party=calling;privacy=off;screen=yes"],
            ("Ada; party=called", "sip:+4930@pbx"),
            "",
        ),
        ([REMOTE_PARTY + ';privacy="full"'], ("Ada; party=called", "sip:+4930@pbx"), "id"),
        ([REMOTE_PARTY + ";party=called", "Remote-Party-ID: <sip:2@x>"], ("", "sip:2@x"), ""),
        ([REMOTE_PARTY + ";screen=no"], ("", ""), ""),
        ([], ("", ""), ""),
    ],
)
def test_the_servers_word_on_the_caller(
    lines: list[str], caller: tuple[str, str], privacy: str
) -> None:
    headers = Headers("INVITE x\r\n" + "\r\n".join(lines))
    assert asserted_caller(headers) == caller
    assert asserted_privacy(headers) == privacy


@pytest.mark.parametrize(
    ("lines", "called"),
    [
        (["To: <sip:1001@pbx>;tag=x"], ""),
        (["To: <sip:1001@10.0.0.1:5070>"], ""),
        (["To: <sip:600@pbx>"], "sip:600@pbx"),
        (["To: <sip:600@pbx>", "P-Called-Party-ID: <sip:+4930@pbx>"], "sip:+4930@pbx"),
        (["To: <sip:600@pbx>", "P-Called-Party-ID: <sip:1001@pbx>"], ""),
        (["To: <sip:pbx>"], ""),
        ([], ""),
    ],
)
def test_the_servers_word_on_who_was_called(lines: list[str], called: str) -> None:
    headers = Headers("INVITE x\r\n" + "\r\n".join(lines))
    assert called_instead(headers, "sip:1001@pbx") == called
