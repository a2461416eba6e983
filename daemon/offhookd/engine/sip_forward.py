# SPDX-License-Identifier: GPL-2.0-or-later
"""Being sent elsewhere by a 3xx (RFC 3261 section 8.1.3.4)."""

from .protocol import Redirected
from .sip_headers import URI_CHARS, Headers, clean, name_addr
from .sip_thread import SipThread


class Forward:
    """The status line of the last 3xx and where it points to, "" for nowhere we can go; `waits`:
    for the daemon's decision."""

    def __init__(self, number: int, thread: SipThread) -> None:
        self.code = 0
        self.text = ""
        self.target = ""
        self.waits = False
        self._number = number
        self._thread = thread

    def heard(self, message: str) -> None:
        """The 3xx has come."""
        headers = Headers(message)
        self.code, self.text = headers.status()
        self.target = target_of(headers.first("Contact"))

    def ask(self) -> None:
        """Let the daemon decide."""
        self.waits = True
        self._thread.send(
            Redirected(leg=self._number, target=self.target, code=self.code, text=self.text)
        )

    def decided(self) -> None:
        """We go there; what comes next is another answer."""
        self.waits = False


def target_of(contact: str) -> str:
    """The address in a Contact; what headers it carries is not believed (RFC 3261, 19.1.5)."""
    _, uri = name_addr(contact)
    address = clean(uri, URI_CHARS).partition("?")[0]
    return address if address.lower().startswith(("sip:", "sips:")) else ""
