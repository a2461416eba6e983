# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.phone.voicemail import MOST_MESSAGES, Mailbox, mailbox_told


@pytest.mark.parametrize(
    ("waiting", "counts", "uri", "mailbox"),
    [
        (True, (2, 8), "sip:*97@pbx", Mailbox(2, 8, "sip:*97@pbx")),
        (True, (0, 0), "", Mailbox(1, 0)),
        (False, (0, 3), "*97", Mailbox(0, 3, "sip:*97@pbx")),
        (False, (-5, -1), "http://evil/", Mailbox()),
        (True, (10**9, 10**9), "sip:a b", Mailbox(MOST_MESSAGES, MOST_MESSAGES)),
    ],
)
def test_a_mailbox_is_what_its_server_says_within_reason(
    waiting: bool, counts: tuple[int, int], uri: str, mailbox: Mailbox
) -> None:
    new, old = counts
    assert mailbox_told(waiting=waiting, new=new, old=old, uri=uri, domain="pbx") == mailbox
