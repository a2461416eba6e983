# SPDX-License-Identifier: GPL-2.0-or-later
"""The telephone inside `audio_peer`'s child process: the only module of the tests that imports
the SIP stack at its top."""

import ctypes
import gc
import queue
import time
from typing import Any

import pjsua2 as pj

from offhookd.engine import pjlib
from offhookd.engine.audio.clock import Rest
from offhookd.engine.audio.priority import Priority, raise_priority
from offhookd.engine.audio.thread import AudioThread
from offhookd.engine.protocol import AudioStatus
from tests.support.audio_peer import CLOCK_RATE, POLL_MS, say

NO_RX_MSG = 8  # PJSUA_DESTROY_NO_RX_MSG
LAST_WORDS_S = 0.1
JITTER_BUFFER_MS = 20
"""One packet to begin with; it grows when packets come unevenly."""
DISCARD_STATIC = 1  # PJMEDIA_JB_DISCARD_STATIC
"""Measured: pjsua's default, progressive, cuts a frame out 0.57, 1.25 and 2.28 s after the start
of every call that begins with 60 ms."""


class _Call(pj.Call):  # type: ignore[misc]  # no types are published for pjsua2
    """`connected`: between microphone, far end and loudspeaker, once `live`."""

    def __init__(self, phone: "Phone", account: "_Account", number: int = -1) -> None:
        super().__init__(account, number)
        self._phone = phone

    def onCallState(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        state = self.getInfo().stateText
        if state == "CONFIRMED":
            self._phone.audio.go_live()
        say("call", state=state)

    def onCallMediaState(self, _prm: Any) -> None:  # noqa: N802 - pjsua2's name
        media = self.getAudioMedia(-1)
        devices = self._phone.endpoint.audDevManager()
        media.startTransmit(devices.getPlaybackDevMedia())
        devices.getCaptureDevMedia().startTransmit(media)
        say("media")


class _Account(pj.Account):  # type: ignore[misc]  # as above
    def __init__(self, phone: "Phone") -> None:
        super().__init__()
        self._phone = phone

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
        self._phone.ringing(_Call(self._phone, self, prm.callId))


class _SlowThread(AudioThread):
    """Is busy for a while after each look around, so that every answer comes just then."""

    dawdle_s = 0.0

    def _step(self, now: float) -> Rest:
        rest = super()._step(now)
        time.sleep(self.dawdle_s)
        return rest


class Phone:
    """Rings and answers by itself after `answer_after_s`, the streams open from the ringing on.

    `settings` are those of `AudioThread.configure`; `media` sets attributes of pjsua2's
    `MediaConfig`; `dawdle_s` is how long the audio thread is busy after each look around.
    """

    def __init__(
        self,
        settings: dict[str, str] | None = None,
        codec: str = "PCMU",
        answer_after_s: float = 0.5,
        media: dict[str, int] | None = None,
        dawdle_s: float = 0.0,
    ) -> None:
        raise_priority(Priority.SIP)
        self._answer_after_s = answer_after_s
        self._answer_at = 0.0
        self._waiting: _Call | None = None
        self._calls: list[_Call] = []
        self.endpoint = _endpoint(media or {})
        self._port = _listen(self.endpoint, codec)
        self._account = _Account(self)
        self._account.create(_account_config(self._port))
        address = int(self.endpoint.audDevManager().setNoDev())
        queue_address = _media_queue()
        self.audio = _SlowThread(
            address, CLOCK_RATE, on_status=_say_status, media_queue=queue_address
        )
        self.audio.dawdle_s = dawdle_s
        self.audio.configure(**(settings or {}))
        self.audio.start()
        say("ready", port=self._port)

    def run(self, commands: "queue.SimpleQueue[dict[str, Any]]") -> None:
        """Until told to quit."""
        while True:
            self.endpoint.libHandleEvents(POLL_MS)
            if self._waiting is not None and time.monotonic() >= self._answer_at:
                self._answer()
            try:
                command = commands.get_nowait()
            except queue.Empty:
                continue
            name = command.pop("do")
            if name == "quit":
                return
            say("answer", to=name, value=getattr(self, name)(**command))

    def ringing(self, call: _Call) -> None:
        self._calls.append(call)
        self._waiting = call
        self._answer_at = time.monotonic() + self._answer_after_s
        self.audio.open()
        say("ringing")

    def dial(self, port: int) -> None:
        self.audio.open()
        call = _Call(self, self._account)
        self._calls.append(call)
        call.makeCall(f"sip:peer@127.0.0.1:{port}", pj.CallOpParam(True))

    def hangup(self) -> None:
        self.endpoint.hangupAllCalls()
        self.audio.close()

    def open(self) -> None:
        self.audio.open()

    def shut(self) -> None:
        self.audio.close()

    def configure(self, **settings: str) -> None:
        self.audio.configure(**settings)

    def start_ringer(self, *, sinks: list[str], sound: str = "", volume: float = 1.0) -> str:
        return self.audio.start_ringer(sinks, sound, volume)

    def stop_ringer(self) -> None:
        self.audio.stop_ringer()

    def test(self, what: str, sink: str, seconds: float) -> None:
        self.audio.test(what, sink, seconds, 1.0, lambda outcome: say("tested", outcome=outcome))

    def loop(self) -> None:
        """The microphone straight to the loudspeaker, through the conference."""
        devices = self.endpoint.audDevManager()
        devices.getCaptureDevMedia().startTransmit(devices.getPlaybackDevMedia())

    def statistics(self) -> dict[str, float]:
        found = dict(self.audio.statistics())
        for call in self._calls:
            statistics = call.getStreamStat(0)
            found |= {
                f"jitter_buffer_{name}": getattr(statistics.jbuf, name)
                for name in ("avgDelayMsec", "minDelayMsec", "maxDelayMsec", "lost", "discard")
            }
            found["jitter_buffer_empty"] = statistics.jbuf.empty
            found["packets_lost"] = statistics.rtcp.rxStat.loss
        return found

    def close(self) -> None:
        """In the one order that the stack survives."""
        self.endpoint.hangupAllCalls()
        deadline = time.monotonic() + LAST_WORDS_S
        while time.monotonic() < deadline:
            self.endpoint.libHandleEvents(POLL_MS)
        self.audio.stop()
        self._waiting = None
        self._calls.clear()
        self._account.shutdown()
        del self._account
        gc.collect()
        self.endpoint.libDestroy(NO_RX_MSG)

    def _answer(self) -> None:
        call, self._waiting = self._waiting, None
        accepted = pj.CallOpParam()
        accepted.statusCode = 200
        if call is not None:
            call.answer(accepted)


def _say_status(status: AudioStatus) -> None:
    say(
        "status",
        state=status.state,
        capture=status.capture,
        playback=status.playback,
        reason=status.reason,
    )


def _endpoint(media: dict[str, int]) -> Any:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 1
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.threadCnt = 0
    config.medConfig.hasIoqueue = True
    config.medConfig.clockRate = CLOCK_RATE
    config.medConfig.sndClockRate = CLOCK_RATE
    config.medConfig.audioFramePtime = 20
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.medConfig.jbInit = config.medConfig.jbMinPre = JITTER_BUFFER_MS
    config.medConfig.jbDiscardAlgo = _boxed(config.medConfig.jbDiscardAlgo, DISCARD_STATIC)
    for name, value in media.items():
        assert hasattr(config.medConfig, name)
        setattr(config.medConfig, name, value)
    endpoint.libInit(config)
    return endpoint


def _media_queue() -> int:
    endpoint = pjlib.function("pjsua_get_pjmedia_endpt", ctypes.c_void_p)()
    pjlib.function("pjmedia_endpt_stop_threads", ctypes.c_int, ctypes.c_void_p)(endpoint)
    queue_of = pjlib.function("pjmedia_endpt_get_ioqueue", ctypes.c_void_p, ctypes.c_void_p)
    return int(queue_of(endpoint))


def _boxed(box: Any, value: int) -> Any:
    """`box` with another value: pjsua2 hands an enumeration it does not know out as a pointer."""
    box.disown()
    ctypes.c_int.from_address(int(box)).value = value
    return box


def _listen(endpoint: Any, codec: str) -> int:
    transport = pj.TransportConfig()
    transport.port = 0
    transport.boundAddress = "127.0.0.1"
    number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    for info in endpoint.codecEnum2():
        endpoint.codecSetPriority(info.codecId, 255 if info.codecId.startswith(codec) else 0)
    return int(endpoint.transportGetInfo(number).localName.rsplit(":", 1)[1])


def _account_config(port: int) -> Any:
    config = pj.AccountConfig()
    config.idUri = f"sip:peer@127.0.0.1:{port}"
    config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    config.mediaConfig.transportConfig.port = 0
    return config
