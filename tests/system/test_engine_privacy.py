# SPDX-License-Identifier: GPL-2.0-or-later
"""When the far end may hear the microphone, measured at the far end with a tone in the room."""

from collections.abc import Iterator

import pytest

from offhookd.engine.protocol import (
    Answer,
    Dial,
    Focus,
    Hold,
    Incoming,
    LegMedia,
    Levels,
    MonitorLevels,
    Mute,
    Ring,
    SetAudio,
)
from tests.support.engine import EngineProcess
from tests.support.sound import RATE, SoundServer, sound_server
from tests.support.tones import lasting

TONE_HZ = 1000
LOUD_DBFS = -30.0
QUIET_DBFS = -70.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    with sound_server("pulseaudio", tmp_path_factory.mktemp("sound")) as running:
        yield running


@pytest.fixture
def speaker(server: SoundServer) -> Iterator[EngineProcess]:
    """An engine whose microphone hears a tone all the time."""
    room = server.playing(lasting(TONE_HZ, RATE), "a_mic")
    devices = SetAudio(backend="pulse", capture="a_mic.monitor", playback="a_spk", on_unplug="hold")
    with room, EngineProcess(environment=server.env) as engine:
        engine.add_account("alice")
        engine.ask(devices)
        yield engine


@pytest.fixture
def listener() -> Iterator[EngineProcess]:
    with EngineProcess() as engine:
        # Its silence is all noughts; G.722 goes on murmuring at -58 dBFS after a tone.
        engine.add_account("bob", codecs=("PCMU",))
        yield engine


def call(caller: EngineProcess, callee: EngineProcess, account: str) -> None:
    target = f"sip:x@127.0.0.1:{callee.port}"
    caller.ask(
        Dial(leg=1, account=account, target=target, headers={}, anonymous=False, muted=False)
    )
    callee.wait_for(Incoming)


def connect(caller: EngineProcess, callee: EngineProcess, account: str) -> None:
    call(caller, callee, account)
    callee.ask(Answer(leg=-1))
    caller.wait_state(1, "active")
    callee.wait_for(LegMedia)


def levels(engine: EngineProcess, leg: int) -> Iterator[float]:
    """Levels received from now on, every 50 ms."""
    seen = len(engine.events)
    engine.ask(MonitorLevels(leg=leg, interval_ms=50))
    while True:
        while seen == len(engine.events):
            engine.read(1.0)
        event = engine.events[seen]
        seen += 1
        if isinstance(event, Levels):
            yield event.received_dbfs


def becomes(engine: EngineProcess, leg: int, *, loud: bool) -> None:
    """Wait for the tone to be heard, or for silence; then it must stay so for half a second."""
    engine.ask(Focus(leg=leg))  # nobody measures what nobody listens to
    heard = levels(engine, leg)
    for _, level in zip(range(60), heard, strict=False):
        if (level > LOUD_DBFS) if loud else (level < QUIET_DBFS):
            break
    steady = [level for _, level in zip(range(10), heard, strict=False)]
    engine.ask(MonitorLevels(leg=leg, interval_ms=0))
    assert min(steady) > LOUD_DBFS if loud else max(steady) < QUIET_DBFS, steady


def test_microphone_is_heard_with_the_focus_only_and_not_when_muted_or_held(
    speaker: EngineProcess, listener: EngineProcess
) -> None:
    connect(speaker, listener, "alice")
    becomes(listener, -1, loud=False)
    speaker.ask(Focus(leg=1))
    becomes(listener, -1, loud=True)
    speaker.ask(Mute(leg=1, muted=True))
    becomes(listener, -1, loud=False)
    speaker.ask(Mute(leg=1, muted=False))
    becomes(listener, -1, loud=True)
    speaker.ask(Focus(leg=0))
    becomes(listener, -1, loud=False)
    speaker.ask(Focus(leg=1))
    speaker.ask(Hold(leg=1, held=True))
    listener.wait_for(LegMedia, lambda e: e.remote_hold)
    becomes(listener, -1, loud=False)


def test_incoming_call_hears_nothing_of_the_microphone_before_the_answer(
    speaker: EngineProcess, listener: EngineProcess
) -> None:
    call(listener, speaker, "bob")
    speaker.ask(Focus(leg=-1))
    speaker.ask(Ring(leg=-1))
    listener.wait_state(1, "ringing")
    assert listener.of(LegMedia) == []
    speaker.ask(Answer(leg=-1))
    listener.wait_state(1, "active")
    listener.wait_for(LegMedia)
    becomes(listener, 1, loud=True)


def test_muted_dial_stays_muted_when_it_is_answered(
    speaker: EngineProcess, listener: EngineProcess
) -> None:
    target = f"sip:x@127.0.0.1:{listener.port}"
    speaker.ask(
        Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=True)
    )
    speaker.ask(Focus(leg=1))
    listener.wait_for(Incoming)
    listener.ask(Answer(leg=-1))
    speaker.wait_state(1, "active")
    listener.wait_for(LegMedia)
    becomes(listener, -1, loud=False)
