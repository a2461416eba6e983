# SPDX-License-Identifier: GPL-2.0-or-later
"""The last word in calls of an engine that died: its successor says BYE, where the far end would
keep its half of the call for minutes."""

from typing import TYPE_CHECKING

from .protocol import DialogMade, EndDialog
from .refusal import Refused, check_uri
from .sip_accounts import Accounts
from .sip_dialog import MAX_ROUTES, Dialog, tag_of
from .sip_headers import Headers, clean, name_addr
from .sip_requests import Answer, Requests
from .sip_thread import INFO, SipThread
from .walls import Walls

if TYPE_CHECKING:
    from .sip_call import Leg

FAREWELL_CSEQ = 1_000_000
"""Above every number that the stack can have come to: it begins below 32,768 (RFC 3261, 12.2.1.1
wants only that they grow)."""

REASON = ("Reason", 'Q.850;cause=41;text="The phone has restarted"')
"""RFC 3326, ITU-T Q.850: temporary failure."""


def dialog_of(leg: "Leg", answer: str) -> DialogMade:
    """That of a leg whose INVITE was answered so (RFC 3261, 12.1)."""
    headers = Headers(answer)
    ours, theirs = ("From", "To") if leg.outgoing else ("To", "From")
    contact = headers.first("Contact") if leg.outgoing else leg.contact
    routes = [
        f"<{part.partition('>')[0]}>"
        for value in headers.all("Record-Route")
        for part in value.split("<")[1:]
    ]
    return DialogMade(
        leg=leg.number,
        account=leg.account.id,
        call_id=headers.text("Call-ID"),
        local=_without_parameters(headers.first(ours)),
        local_tag=tag_of(headers.first(ours)),
        remote=_without_parameters(headers.first(theirs)),
        remote_tag=tag_of(headers.first(theirs)),
        target=name_addr(contact)[1],
        routes=tuple(routes[::-1] if leg.outgoing else routes)[:MAX_ROUTES],
    )


def _without_parameters(value: str) -> str:
    """A From or To without its tag, as a name-addr."""
    start, bracket, _ = value.rpartition(">")
    return clean(start + bracket) if bracket else f"<{name_addr(value)[1]}>"


class Farewells:
    def __init__(
        self, thread: SipThread, accounts: Accounts, walls: Walls, requests: Requests
    ) -> None:
        self._thread = thread
        self._accounts = accounts
        self._walls = walls
        self._requests = requests

    def say(self, command: EndDialog) -> None:
        """Raises `Refused` where the far end cannot be reached."""
        account = self._accounts.find(command.account)
        target = check_uri("The far end", command.target)
        dialog = Dialog(
            local=clean(command.local),
            remote=clean(command.remote),
            target=target,
            first_hop=target,
            routes=tuple(map(clean, command.routes[:MAX_ROUTES])),
            call_id=clean(command.call_id),
            local_tag=clean(command.local_tag),
            remote_tag=clean(command.remote_tag),
            cseq=FAREWELL_CSEQ,
        )
        if not self._walls.knows(dialog.next_hop):
            raise Refused(f"No address is known for {clean(dialog.next_hop, 80)}.")
        self._walls.admit_target(dialog.next_hop)
        self._requests.send(account, dialog, "BYE", (REASON,), self._answered)

    def _answered(self, answer: Answer) -> None:
        text = f"{answer.code} {answer.text}".strip()
        self._thread.log(INFO, f"A call of the engine before was ended: {text}")
