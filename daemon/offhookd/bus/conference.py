# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Conference, and the objects that have it."""

from collections.abc import Awaitable, Mapping
from functools import partial

from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conference, Conferences

from .completion import completion
from .exported import Exported, method, setter
from .objects import ObjectTree
from .paths import call_at, call_path, conference_path


class ConferenceInterface(Exported):
    interface = "org.offhook.Phone1.Conference"

    def __init__(self, conference: Conference, conferences: Conferences, calls: Calls) -> None:
        self._conference = conference
        self._conferences = conferences
        self._calls = calls

    def values(self) -> Mapping[str, object]:
        return {
            "Calls": [call_path(call.id) for call in self._conference.members],
            "Muted": self._conference.muted,
        }

    @setter("Muted")
    def set_muted(self, muted: bool) -> None:
        self._conferences.mute(self._conference, muted)

    @method("Add")
    def add(self, path: str) -> Awaitable[None]:
        calls = (self._conference.members[0], call_at(path, self._calls))
        return completion(partial(self._conferences.merge, calls))

    @method("Split")
    def split(self, path: str) -> Awaitable[None]:
        call = call_at(path, self._calls)
        return completion(partial(self._conferences.split, self._conference, call))

    @method("Hangup")
    def hangup(self) -> Awaitable[None]:
        return completion(partial(self._conferences.hangup, self._conference))


class ConferenceObjects:
    """Shows every conference in `tree` while it lasts."""

    def __init__(self, tree: ObjectTree, conferences: Conferences, calls: Calls) -> None:
        self._tree = tree
        self._conferences = conferences
        self._calls = calls
        self._interfaces: dict[Conference, ConferenceInterface] = {}
        conferences.added.connect(self._added)
        conferences.changed.connect(lambda conference: self._interfaces[conference].changed())
        conferences.removed.connect(self._removed)

    def _added(self, conference: Conference) -> None:
        interface = ConferenceInterface(conference, self._conferences, self._calls)
        self._interfaces[conference] = interface
        self._tree.add(conference_path(conference.number), interface)

    def _removed(self, conference: Conference) -> None:
        del self._interfaces[conference]
        self._tree.remove(conference_path(conference.number))
