# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be made of a call and somebody else: another call, a number, a line of a list."""

from collections.abc import Iterator
from functools import partial

from offhook.aio import Phone
from offhook.call import Call

from .menu import Entry
from .people import number, party
from .status import conversations, ringing
from .words import tr


def between(phone: Phone, call: Call, other: Call) -> Iterator[Entry]:
    """For one call that was laid on another."""
    if call is other:
        return
    if "TransferTo" in call.actions and "TransferTo" in other.actions:
        words = tr("Transfer {} to {}").format(party(call), party(other))
        yield Entry(words, partial(call.transfer_to, other))
    together = call.conference_path != "/" and call.conference_path == other.conference_path
    if call.state == other.state == "active" and not together:
        words = tr("Conference of {} and {}").format(party(call), party(other))
        yield Entry(words, partial(phone.merge, call, other))


def onward(call: Call, address: str) -> Iterator[Entry]:
    """For a number that was laid on a call: one entry, or none."""
    words = tr("Transfer {} to {}").format(party(call), number(address))
    if "Transfer" in call.actions:
        yield Entry(words, partial(call.transfer, address))
    elif "Redirect" in call.actions:
        yield Entry(words, partial(call.redirect, address))


def offers(phone: Phone, address: str, name: str) -> list[Entry]:
    """For a line of a list: call it, hand a call to it, keep it."""
    if not address:
        return []
    found = [Entry(tr("Call"), partial(phone.dial, address))]
    for call in [*ringing(phone), *conversations(phone)]:
        found += onward(call, address)
    return [*found, _star(phone, address, name)]


def _star(phone: Phone, address: str, name: str) -> Entry:
    """A favourite is somebody whom the daemon watches for good, so that there is a lamp."""
    for one in phone.colleagues:
        if same(one.uri, address):
            return Entry(tr("Remove from favourites"), one.unwatch)
    plain = name.replace('"', "")
    named = f'"{plain}" <{address}>' if plain else address
    return Entry(tr("Add to favourites"), partial(phone.watch, named, persistent=True))


def same(one: str, other: str) -> bool:
    """Whether two addresses are the same number, as far as can be seen from here."""
    return number(one) == number(other)


def laid(phone: Phone, path: str, other_path: str, address: str) -> list[Entry]:
    """On the call at `path`: another one, or an address."""
    calls = {call.path: call for call in phone.calls if call.up}
    call, other = calls.get(path), calls.get(other_path)
    if call and other:
        return list(between(phone, other, call))
    return list(onward(call, address)) if call and address else []
