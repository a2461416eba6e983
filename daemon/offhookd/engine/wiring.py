# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is to hear whom, as links between ports of the mixer: the rules alone, without the mixer.

Each port both gives and takes sound.  Port 0 gives the microphone and takes what is for the
loudspeaker; a leg gives what its far end says and takes what is sent there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

DESK = 0
"""The port of the microphone and the loudspeaker."""

NOTHING = -1
"""In the place of a port that there is not."""


class Link(NamedTuple):
    """The sound of the port `source` goes into the port `sink`."""

    source: int
    sink: int


@dataclass(frozen=True, slots=True)
class Party:
    """A leg with sound, as far as it matters who hears it.

    `accepted`: the call is answered, or was dialled here; before that the microphone stays shut.
    `holds`: held from here; `holds_us`: the far end has put us on hold, and may play music.
    """

    leg: int
    port: int
    accepted: bool = True
    muted: bool = False
    holds: bool = False
    holds_us: bool = False
    looped: bool = False


@dataclass(frozen=True, slots=True)
class Taping:
    """Ports that record a leg, each direction one; the same port twice records both mixed.
    `sent` is `NOTHING` where only the far end matters."""

    leg: int
    sent: int
    received: int


@dataclass(frozen=True, slots=True)
class Insertion:
    """The port of a sound that is played into a leg, to its far end and to who listens here."""

    leg: int
    port: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the wiring depends on.

    `focus`: the leg the user speaks on, 0 for none.  `conferences`: legs that hear each other.
    `carrier`: a port that gives silence.  Without any source a stream sends no packets: DTMF events
    would stay queued while the leg is muted, a NAT on the way would forget it, and a recording
    would leave its pauses out.
    `music`: a port for those who are on hold and hear nothing else, or `NOTHING`.
    """

    parties: Mapping[int, Party]
    focus: int
    conferences: Iterable[frozenset[int]]
    tapings: Iterable[Taping]
    insertions: Iterable[Insertion]
    carrier: int
    music: int = NOTHING

    @property
    def ports(self) -> frozenset[int]:
        """All ports there are; a port that has gone took its links along."""
        tapes = (port for one in self.tapings for port in (one.sent, one.received))
        sounds = (one.port for one in self.insertions)
        legs = (party.port for party in self.parties.values())
        return frozenset({DESK, self.carrier, self.music, *tapes, *sounds, *legs})

    def links(self) -> frozenset[Link]:
        """All links there must be, and no other."""
        return frozenset(self._links())

    def _links(self) -> Iterator[Link]:
        for party in self.parties.values():
            yield Link(self.carrier, party.port)
            for source in self._sources(party):
                yield Link(source, party.port)
            if self._is_heard_here(party):
                yield Link(party.port, DESK)
        for insertion in self.insertions:
            listener = self.parties.get(insertion.leg)
            if listener is not None and self._listens(listener):
                yield Link(insertion.port, DESK)
        for taping in self.tapings:
            yield from self._tape(taping)

    def _tape(self, taping: Taping) -> Iterator[Link]:
        yield Link(self.carrier, taping.received)
        taped = self.parties.get(taping.leg)
        if taped is not None:
            yield Link(taped.port, taping.received)
        if taping.sent != NOTHING:
            yield Link(self.carrier, taping.sent)
            for source in self._sources(taped) if taped else ():
                yield Link(source, taping.sent)

    def _sources(self, party: Party) -> Iterator[int]:
        """The ports that the far end of `party` hears."""
        inserted = [one.port for one in self.insertions if one.leg == party.leg]
        yield from inserted
        if party.holds:
            if self.music != NOTHING and not inserted:
                yield self.music
            return
        if self._listens(party) and party.accepted and not party.muted:
            yield DESK
        for other in self._companions(party):
            if not (other.holds or other.holds_us):
                yield other.port
        if party.looped:
            yield party.port

    def _companions(self, party: Party) -> Iterator[Party]:
        for conference in self.conferences:
            if party.leg in conference:
                legs = conference - {party.leg}
                yield from (self.parties[leg] for leg in sorted(legs) if leg in self.parties)

    def _listens(self, party: Party) -> bool:
        """Whether the user is in the talk with `party` now."""
        if party.holds:
            return False
        shared = (conference for conference in self.conferences if party.leg in conference)
        return party.leg == self.focus or any(self.focus in conference for conference in shared)

    def _is_heard_here(self, party: Party) -> bool:
        """Alone on the line, the music of a far end that holds us is worth hearing."""
        alone = not any(self._companions(party))
        return self._listens(party) and (alone or not party.holds_us)
