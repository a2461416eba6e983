# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine process: starting, stopping, dying, and a daemon that talks nonsense."""

import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from offhookd.engine.protocol import (
    Dial,
    LogLine,
    MonitorLevels,
    Ping,
    PlayTone,
    RemoveAccount,
    Start,
    TestAudio,
    encode,
)
from tests.support.engine import START, EngineProcess, direct_account, two_engines
from tests.support.processes import PATIENCE_S

STOP_LIMIT_S = 25.0
"""Half a second, in quiet; a far end that is waited for takes 32 s (RFC 3261, 17.1.1.2)."""


def test_reply_to_start_says_what_the_engine_has() -> None:
    with EngineProcess() as engine:
        facts = engine.facts
        assert facts["protocol"] == 1
        assert facts["pid"] == engine.pid
        assert facts["faults"] == ()
        assert facts["max_calls"] == 4
        assert {"G722", "PCMA", "PCMU", "GSM", "iLBC", "speex"} <= set(facts["codecs"])  # type: ignore[arg-type]  # a tuple of str
        assert facts["transports"] == ("udp", "tcp", "tls")
        assert engine.stop() == 0


def test_nothing_is_printed() -> None:
    with EngineProcess(START.but(log_level=10)) as engine:
        engine.add_account()
        engine.stop()
        assert engine.process.stdout
        assert engine.process.stdout.read() == b""


def test_forty_engines_start_and_stop_in_order() -> None:
    for _ in range(40):
        with EngineProcess() as engine:
            engine.add_account()
            began_s = time.monotonic()
            assert engine.stop() == 0
            assert time.monotonic() - began_s < STOP_LIMIT_S


def test_engine_ends_when_its_daemon_is_gone() -> None:
    with EngineProcess() as engine:
        engine.add_account()
        began_s = time.monotonic()
        engine.hang_up_socket()
        assert engine.wait_end() == 0
        assert time.monotonic() - began_s < STOP_LIMIT_S


def test_stop_in_a_call_hangs_it_up() -> None:
    with two_engines() as (alice, bob):
        target = f"sip:bob@127.0.0.1:{bob.port}"
        alice.ask(
            Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        alice.wait_state(1, "dialing")
        alice.ask(PlayTone(tone="ringback", seconds=0))
        began_s = time.monotonic()
        assert alice.stop() == 0
        assert time.monotonic() - began_s < STOP_LIMIT_S
        assert bob.wait_state(-1, "ended").cause == "cancelled"


def test_peer_whose_engine_was_killed_can_still_hang_up() -> None:
    with two_engines() as (alice, bob):
        target = f"sip:bob@127.0.0.1:{bob.port}"
        alice.ask(
            Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        alice.wait_state(1, "dialing")
        bob.process.send_signal(signal.SIGKILL)
        assert bob.wait_end() == -signal.SIGKILL
        began_s = time.monotonic()
        assert alice.stop() == 0
        assert time.monotonic() - began_s < STOP_LIMIT_S


def test_garbage_on_the_socket_is_logged_and_survived() -> None:
    random.seed(7)
    with EngineProcess() as engine:
        engine.send_raw(b"\x00\xff\n{}\n[1,2]\n" + b"x" * 200_000 + b"\n")
        engine.send_raw(bytes(random.getrandbits(8) for _ in range(20_000)) + b"\n")
        engine.send_raw(b'{"is":"dial"}\n{"is":"reply","request":1}\n')
        engine.ask(Ping())
        assert any("dropped a line" in line.text for line in engine.of(LogLine))


def test_command_split_into_single_bytes_is_understood() -> None:
    with EngineProcess() as engine:
        for byte in encode(Ping().but(request=77)):
            engine.send_raw(bytes([byte]))
        engine.ask(Ping())


def test_daemon_that_never_reads_is_left() -> None:
    with EngineProcess() as engine:
        began_s = time.monotonic()
        while engine.process.poll() is None and time.monotonic() - began_s < PATIENCE_S:
            try:
                engine.send_raw(b'{"is":"none"}\n' * 200)
            except OSError:
                break
        engine.process.wait(PATIENCE_S)
        assert engine.process.returncode == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"version": 99}, "version"),
        ({"port": 70_000}, "between"),
        ({"bind": "192.0.2.77"}, "cannot be opened"),
        ({"user_agent": "a\r\nb"}, "line break"),
    ],
)
def test_start_that_cannot_be_carried_out_is_a_sentence_and_the_end(
    changes: dict[str, object], word: str
) -> None:
    with EngineProcess(None) as engine:
        reply = engine.try_to(START.but(**changes))
        assert word in reply.error
        assert engine.wait_end() == 1


def test_port_that_is_taken_is_named() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken, EngineProcess(None) as engine:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        reply = engine.try_to(START.but(port=port))
        assert f"127.0.0.1:{port} cannot be opened" in reply.error
        assert engine.wait_end() == 1


def test_second_start_is_refused() -> None:
    with EngineProcess() as engine:
        assert "already" in engine.try_to(START).error


@pytest.mark.parametrize("arguments", [[], ["--fd"], ["--fd", "x"], ["--help"]])
def test_wrong_arguments_are_a_usage_error(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "offhookd.engine", *arguments], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"--fd" in done.stderr


# ---------------------------------------------------------------- accounts


def test_ninth_account_is_refused_and_removal_makes_room() -> None:
    with EngineProcess() as engine:
        for number in range(8):
            engine.add_account(f"a{number}")
        assert "8 accounts" in engine.try_to(direct_account("a8", engine.port)).error
        engine.ask(RemoveAccount(account="a3"))
        engine.add_account("a8")
        assert engine.stop() == 0


def test_account_with_a_call_is_removed_after_the_call_is_ended() -> None:
    with two_engines() as (alice, bob):
        target = f"sip:bob@127.0.0.1:{bob.port}"
        alice.ask(
            Dial(leg=1, account="alice", target=target, headers={}, anonymous=False, muted=False)
        )
        alice.ask(RemoveAccount(account="alice"))
        assert alice.states(1)[-1] == "ended"
        assert alice.stop() == 0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"uri": "bob"}, "uri"),
        ({"uri": "sip:bob@x\r\nA: b"}, "uri"),
        ({"registrar": "http://x"}, "registrar"),
        ({"proxy": "sip:a b"}, "proxy"),
        ({"transport": "sctp"}, "transport"),
        ({"srtp": "dtls"}, "srtp"),
        ({"keepalive_seconds": 1}, "keepalive_seconds"),
        ({"register_seconds": -5}, "register_seconds"),
        ({"display_name": "a\nb"}, "display_name"),
        ({"username": "x" * 500}, "username"),
    ],
)
def test_account_that_makes_no_sense_is_refused(changes: dict[str, object], word: str) -> None:
    with EngineProcess() as engine:
        settings = direct_account("a", engine.port).but(**changes)
        assert word in engine.try_to(settings).error
        engine.add_account("a")


@pytest.mark.parametrize(
    "command",
    [
        TestAudio(what="playback", sink="", seconds=0, volume=1),
        TestAudio(what="nose", sink="", seconds=1, volume=1),
        PlayTone(tone="busy", seconds=-1),
        MonitorLevels(leg=1, interval_ms=1),
    ],
)
def test_numbers_out_of_range_are_refused(command: Start) -> None:
    with EngineProcess() as engine:
        assert engine.try_to(command).error
