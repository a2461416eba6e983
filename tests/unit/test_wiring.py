# SPDX-License-Identifier: GPL-2.0-or-later
"""Who hears whom, for every way calls can stand to each other."""

from dataclasses import replace

from offhookd.engine.wiring import DESK, Insertion, Link, Party, Scene, Taping

CARRIER = 99
ONE, TWO, THREE = (Party(leg=leg, port=leg * 10) for leg in (1, 2, 3))
ALL = frozenset({1, 2, 3})


def scene(*parties: Party, focus: int = 1, **more: object) -> Scene:
    facts: dict[str, object] = {"conferences": (), "tapings": (), "insertions": ()} | more
    legs = {party.leg: party for party in parties}
    return Scene(parties=legs, focus=focus, carrier=CARRIER, **facts)  # type: ignore[arg-type]  # by name


def heard_by(what: Scene, port: int) -> set[int]:
    """Ports whose sound goes into `port`, silence aside."""
    return {link.source for link in what.links() if link.sink == port} - {CARRIER}


def test_the_call_in_focus_alone_speaks_with_the_user() -> None:
    both = scene(ONE, TWO)
    assert heard_by(both, ONE.port) == {DESK}
    assert heard_by(both, TWO.port) == set()
    assert heard_by(both, DESK) == {ONE.port}


def test_every_stream_gets_silence_at_least() -> None:
    held = scene(replace(ONE, holds=True))
    assert held.links() == {Link(CARRIER, ONE.port)}


def test_in_a_conference_everyone_hears_everyone_but_himself() -> None:
    talk = scene(ONE, TWO, THREE, conferences=[ALL])
    assert heard_by(talk, ONE.port) == {DESK, TWO.port, THREE.port}
    assert heard_by(talk, TWO.port) == {DESK, ONE.port, THREE.port}
    assert heard_by(talk, THREE.port) == {DESK, ONE.port, TWO.port}
    assert heard_by(talk, DESK) == {ONE.port, TWO.port, THREE.port}


def test_a_user_who_turned_away_is_out_of_the_conference_that_goes_on() -> None:
    talk = scene(ONE, TWO, THREE, focus=3, conferences=[frozenset({1, 2})])
    assert heard_by(talk, ONE.port) == {TWO.port}
    assert heard_by(talk, DESK) == {THREE.port}


def test_a_muted_conference_still_hears_itself() -> None:
    muted = [replace(party, muted=True) for party in (ONE, TWO)]
    talk = scene(*muted, conferences=[frozenset({1, 2})])
    assert heard_by(talk, ONE.port) == {TWO.port}
    assert heard_by(talk, DESK) == {ONE.port, TWO.port}


def test_the_music_of_a_member_who_holds_us_is_heard_by_nobody() -> None:
    talk = scene(ONE, replace(TWO, holds_us=True), THREE, conferences=[ALL])
    assert heard_by(talk, ONE.port) == {DESK, THREE.port}
    assert heard_by(talk, DESK) == {ONE.port, THREE.port}


def test_the_music_of_a_single_call_that_holds_us_is_heard() -> None:
    assert heard_by(scene(replace(ONE, holds_us=True)), DESK) == {ONE.port}


def test_a_held_member_neither_hears_nor_is_heard() -> None:
    talk = scene(ONE, replace(TWO, holds=True), THREE, conferences=[ALL])
    assert heard_by(talk, TWO.port) == set()
    assert TWO.port not in heard_by(talk, ONE.port) | heard_by(talk, DESK)


def test_members_that_have_gone_are_passed_over() -> None:
    assert heard_by(scene(ONE, TWO, conferences=[ALL]), ONE.port) == {DESK, TWO.port}


def test_before_the_answer_the_microphone_is_shut() -> None:
    assert heard_by(scene(replace(ONE, accepted=False)), ONE.port) == set()


def test_a_recording_hears_both_directions_apart() -> None:
    taped = scene(ONE, TWO, conferences=[frozenset({1, 2})], tapings=[Taping(1, 50, 51)])
    assert heard_by(taped, 50) == {DESK, TWO.port}
    assert heard_by(taped, 51) == {ONE.port}


def test_a_mixed_recording_hears_all_on_one_tape_and_goes_on_in_silence() -> None:
    taping = Taping(1, 50, 50)
    assert heard_by(scene(ONE, tapings=[taping]), 50) == {DESK, ONE.port}
    assert Link(CARRIER, 50) in scene(replace(ONE, holds=True), tapings=[taping]).links()


def test_a_sound_played_into_a_call_is_heard_there_and_here_and_on_the_recording() -> None:
    played = scene(ONE, TWO, insertions=[Insertion(1, 60)], tapings=[Taping(1, 50, 51)])
    assert heard_by(played, ONE.port) == {DESK, 60}
    assert heard_by(played, DESK) == {ONE.port, 60}
    assert heard_by(played, 50) == {DESK, 60}
    assert heard_by(played, TWO.port) == set()


def test_a_sound_played_into_a_held_call_is_music_on_hold() -> None:
    played = scene(replace(ONE, holds=True), insertions=[Insertion(1, 60)])
    assert heard_by(played, ONE.port) == {60}
    assert heard_by(played, DESK) == set()


def test_a_looped_leg_hears_itself() -> None:
    assert heard_by(scene(replace(ONE, looped=True), focus=0), ONE.port) == {ONE.port}


def test_music_is_for_those_on_hold_alone() -> None:
    held = replace(TWO, holds=True)
    talk = scene(ONE, held, replace(THREE, holds=True), music=77)
    assert heard_by(talk, ONE.port) == {DESK}
    assert heard_by(talk, TWO.port) == heard_by(talk, THREE.port) == {77}
    assert heard_by(talk, DESK) == {ONE.port}


def test_a_file_that_is_played_to_one_on_hold_takes_the_place_of_the_music() -> None:
    talk = scene(replace(ONE, holds=True), music=77, insertions=[Insertion(1, 55)])
    assert heard_by(talk, ONE.port) == {55}


def test_a_member_of_a_conference_who_is_held_hears_music_and_the_others_do_not() -> None:
    talk = scene(ONE, replace(TWO, holds=True), THREE, conferences=[ALL], music=77)
    assert heard_by(talk, TWO.port) == {77}
    assert heard_by(talk, ONE.port) == {DESK, THREE.port}
