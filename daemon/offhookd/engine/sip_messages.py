# SPDX-License-Identifier: GPL-2.0-or-later
"""Text messages (RFC 3428) and what servers tell of voice mail boxes (RFC 3842).

Both come in through the gate's claim, before the SIP stack acts on them: it would take any content
type, run an XML parser over some, and answer before it is known who the message is for.
"""

from collections.abc import Callable, Mapping

from . import sip_mailbox
from .gate import Bucket, Source
from .gate_message import SipMessage
from .message_body import ACCEPTED, media_type, text_of
from .protocol import MessageReceived, SendMessage
from .refusal import Refused, check_uri
from .sip_account import Account
from .sip_accounts import Accounts
from .sip_dialog import text_of as header
from .sip_headers import clean, clean_lines, host_of, name_addr, user_of
from .sip_requests import Answer, Requests
from .sip_status import (
    FIRST_FAILURE,
    FORBIDDEN,
    OK,
    REQUEST_TIMEOUT,
    UNSUPPORTED_MEDIA_TYPE,
)
from .sip_subscriptions import event_of, new_dialog
from .sip_thread import INFO, SipThread
from .walls import Walls

MOST_PENDING = 32
LONGEST_TEXT_BYTES = 3000
LONGEST_TEXT = 4096

BURST = 40
PER_S = 5.0
"""Messages that are taken in; what is beyond is not answered, so its sender tries again."""

PLAIN = "text/plain;charset=UTF-8"

Reply = Callable[[str, int], None]


class Post:
    """Sends and takes in."""

    def __init__(
        self,
        thread: SipThread,
        accounts: Accounts,
        walls: Walls,
        requests: Requests,
        now_s: Callable[[], float],
    ) -> None:
        self._thread = thread
        self._accounts = accounts
        self._walls = walls
        self._requests = requests
        self._now_s = now_s
        self._bucket = Bucket(PER_S, BURST, now_s())
        self._pending = 0

    # ------------------------------------------------------------ out

    def send(self, command: SendMessage, reply: Reply) -> None:
        """`reply` hears the far end's answer.  Raises `Refused`, and then nothing was sent."""
        account = self._accounts.find(command.account)
        text = command.text.encode(errors="replace")
        if not 0 < len(text) <= LONGEST_TEXT_BYTES:
            raise Refused(f"The text has {len(text)} bytes; 1 to {LONGEST_TEXT_BYTES} can be sent.")
        target = check_uri("The address", command.target)
        dialog = new_dialog(account, target, f"<{target}>")
        if not dialog.routes:
            dialog.first_hop = target
        if not self._walls.knows(dialog.next_hop):
            raise Refused(f"No address is known for {clean(dialog.next_hop, 80)}.")
        if self._pending >= MOST_PENDING:
            raise Refused(f"{MOST_PENDING} messages wait for an answer already.")
        self._walls.admit_target(dialog.next_hop)
        self._pending += 1
        hop = host_of(dialog.next_hop)
        self._requests.send(
            account,
            dialog,
            "MESSAGE",
            (("Content-Type", PLAIN),),
            lambda answer: self._answered(answer, hop, reply),
            text,
        )

    def _answered(self, answer: Answer, hop: str, reply: Reply) -> None:
        self._pending -= 1
        if answer.message and answer.code < FIRST_FAILURE:
            reply("", answer.code)
        elif answer.message:
            reply(f"{answer.code} {answer.text}".strip(), answer.code)
        elif answer.cause == "timeout":
            reply("Nobody answered the message in time.", REQUEST_TIMEOUT)
        else:
            reply(f"The server {clean(hop)} cannot be reached: {answer.text}.", 0)

    # ------------------------------------------------------------ in

    def take(self, message: SipMessage, source: Source) -> bool:
        """Whether the message is ours; inside the gate, before pjsip acts on it."""
        if message.method == b"MESSAGE":
            self._receive(message, source, self._message)
            return True
        if (
            message.method == b"NOTIFY"
            and event_of(message) == sip_mailbox.EVENT
            and not message.has_to_tag
        ):
            self._receive(message, source, self._summary)
            return True
        return False

    def _receive(
        self,
        message: SipMessage,
        source: Source,
        take: Callable[[Account, SipMessage, bool], tuple[int, Mapping[str, str]]],
    ) -> None:
        if not self._bucket.take(self._now_s()):
            return
        user = user_of(name_addr(header(message, b"to"))[1])
        account = self._accounts.best_for(source[0], (user, user))
        if account is None:
            self._thread.log(INFO, f"A message from the stranger {source[0]} is refused.")
            self._walls.answer(FORBIDDEN)
            return
        trusted = source[0] in account.settings.servers
        code, headers = take(account, message, trusted)
        self._walls.answer(code, headers)

    def _message(
        self, account: Account, message: SipMessage, trusted: bool
    ) -> tuple[int, Mapping[str, str]]:
        encoding = message.first(b"content-encoding").lower()
        if encoding not in (b"", b"identity"):
            return UNSUPPORTED_MEDIA_TYPE, {"Accept-Encoding": "identity"}
        content_type = header(message, b"content-type")
        if message.body and media_type(content_type) not in ACCEPTED:
            return UNSUPPORTED_MEDIA_TYPE, {"Accept": ", ".join(ACCEPTED)}
        text = clean_lines(text_of(content_type, message.body), LONGEST_TEXT)
        if text.strip():
            self._thread.send(_received(account, message, text, trusted=trusted))
        return OK, {}

    def _summary(
        self, account: Account, message: SipMessage, trusted: bool
    ) -> tuple[int, Mapping[str, str]]:
        if not trusted:
            return FORBIDDEN, {}
        if message.content_type.decode("ascii", "replace") != sip_mailbox.MIME:
            return UNSUPPORTED_MEDIA_TYPE, {"Accept": sip_mailbox.MIME}
        if event := sip_mailbox.mailbox_told(account.id, message.body):
            self._thread.send(event)
        return OK, {}


def _received(
    account: Account, message: SipMessage, text: str, *, trusted: bool
) -> MessageReceived:
    """`trusted`: a server of the account sent this; only its word on the sender counts."""
    sender = (
        b"p-asserted-identity" if trusted and message.first(b"p-asserted-identity") else b"from"
    )
    name, uri = name_addr(header(message, sender))
    return MessageReceived(
        account=account.id,
        sip_id=clean(f"{header(message, b'call-id')} {header(message, b'cseq')}"),
        peer_uri=uri,
        peer_name=name,
        text=text,
    )
