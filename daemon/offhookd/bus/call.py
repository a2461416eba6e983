# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Call and org.offhook.Phone1.CallMedia."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

from offhookd.phone.call import Call
from offhookd.phone.call_sound import CallSound
from offhookd.phone.calls import Calls
from offhookd.phone.errors import InvalidArgumentError, InvalidStateError, PhoneError
from offhookd.phone.handovers import Handovers
from offhookd.phone.ports import Done
from offhookd.phone.service import AudioControl, Fact
from offhookd.phone.values import AccountId, CallState, DtmfMethod

from .completion import completion
from .exported import Exported, method, setter
from .options import options
from .paths import NOTHING, account_path, call_id, call_path, conference_path
from .signature import Typed

DEFAULT_DTMF_MS = 160
"""Recognised everywhere, and still quick to hear (RFC 4733 example durations)."""

Targets = Callable[[AccountId, str], str]
"""The SIP URI that the account would dial for what a person entered."""

_DTMF_OPTIONS = {"method": "s", "duration-ms": "u"}


class CallInterface(Exported):
    interface = "org.offhook.Phone1.Call"

    def __init__(
        self, call: Call, calls: Calls, sound: CallSound, handovers: Handovers, targets: Targets
    ) -> None:
        self._call = call
        self._calls = calls
        self._recordings = sound.recordings
        self._playing = sound.playing
        self._transfers = handovers.transfers
        self._relays = handovers.relays
        self._targets = targets
        call.dtmf_received.connect(partial(self.emit, "DtmfReceived"))

    def values(self) -> Mapping[str, object]:
        call = self._call
        return {
            "Id": call.id,
            "SipCallId": call.sip_call_id,
            "Account": account_path(call.account) if call.account else NOTHING,
            "Direction": call.direction,
            "State": call.state,
            "Actions": call.actions,
            "PeerUri": call.far_uri,
            "PeerName": call.far_name,
            "ContactName": call.contact.name if call.contact else "",
            "Caller": _caller(call),
            "CalledUri": call.called_uri,
            "DiversionUri": call.diversion_uri,
            "CreatedAt": call.created_us,
            "AnsweredAt": call.answered_us,
            "EndedAt": call.ended_us,
            "EndReason": call.end_reason if call.state is CallState.ENDED else "",
            "EndCode": call.end_code,
            "EndText": call.end_text,
            "TransferState": call.transfer,
            "ReferredBy": call.referred_by,
            "Replaces": call_path(call.replaces) if call.replaces else NOTHING,
            "LocalHold": call.local_hold,
            "RemoteHold": call.remote_hold,
            "ConnectedTo": call_path(call.connected_to) if call.connected_to else NOTHING,
            "Through": call.desk.phone if call.desk else "",
            "Muted": call.muted,
            "Conference": conference_path(call.conference),
        }

    @method("Start")
    def start(self) -> Awaitable[None]:
        return completion(partial(self._calls.start, self._call))

    @method("Ring")
    def ring(self) -> None:
        """Every call that this version lets through is rung already."""
        self._call.require(CallState.INCOMING)

    @method("Answer")
    def answer(self) -> Awaitable[None]:
        return completion(partial(self._calls.answer, self._call))

    @method("Hangup")
    def hangup(self) -> Awaitable[None]:
        return completion(partial(self._calls.hangup, self._call))

    @method("Decline")
    def decline(self, reason: str) -> Awaitable[None]:
        return completion(partial(self._calls.decline, self._call, reason))

    @method("Hold")
    def hold(self) -> Awaitable[None]:
        return completion(partial(self._calls.hold, self._call, True))

    @method("Resume")
    def resume(self) -> Awaitable[None]:
        return completion(partial(self._calls.hold, self._call, False))

    @method("Redirect")
    def redirect(self, target: str) -> Awaitable[None]:
        uri = self._targets(self._call.account, target)
        return completion(partial(self._relays.redirect, self._call, uri))

    @method("Transfer")
    def transfer(self, target: str) -> Awaitable[None]:
        uri = self._targets(self._call.account, target)
        return completion(partial(self._transfers.blind, self._call, uri))

    @method("TransferTo")
    def transfer_to(self, path: str) -> Awaitable[None]:
        other = self._calls.get(call_id(path))
        if other is None:
            raise InvalidArgumentError(f"The call {path} is gone")
        return completion(partial(self._transfers.attended, self._call, other))

    @method("SendDtmf")
    def send_dtmf(self, tones: str, given: dict[str, object]) -> Awaitable[None]:
        chosen = options(given, _DTMF_OPTIONS)
        how = _dtmf_method(str(chosen.get("method", "")))
        duration_ms = chosen.get("duration-ms", DEFAULT_DTMF_MS)
        assert isinstance(duration_ms, int)  # noqa: S101 - checked by `options`

        def send(done: Done) -> None:
            self._calls.send_dtmf(self._call, tones, how, duration_ms, done)

        return completion(send)

    @method("SetRecording")
    async def set_recording(self, enable: bool) -> str:
        path = self._call.recording
        record = self._recordings.start if enable else self._recordings.stop
        await completion(partial(record, self._call))
        return self._call.recording if enable else path

    @method("PauseRecording")
    def pause_recording(self, paused: bool) -> None:
        self._recordings.pause(self._call, paused)

    @method("Play")
    def play(self, path: str, given: dict[str, object]) -> Awaitable[None]:
        options(given, {})
        return completion(partial(self._playing.start, self._call, path))

    @method("StopPlaying")
    def stop_playing(self) -> None:
        self._playing.stop(self._call)

    @method("Flash")
    def flash(self) -> Awaitable[None]:
        return completion(partial(self._calls.flash, self._call))

    @setter("Muted")
    def set_muted(self, muted: bool) -> None:
        self._calls.mute(self._call, muted)


class CallMediaInterface(Exported):
    interface = "org.offhook.Phone1.CallMedia"

    def __init__(self, call: Call, audio: AudioControl) -> None:
        self._call = call
        self._audio = audio
        self._packets = (0, 0)

    def refresh(self) -> Awaitable[None] | None:
        return self._count_packets() if self._call.on_line else None

    async def _count_packets(self) -> None:
        """The counters are not announced; a client that reads them wants those of now."""
        with suppress(PhoneError):  # over in the meantime: the last ones stand
            facts = await self._audio.statistics(self._call.id)
            sent, received = facts.get("sent_packets"), facts.get("received_packets")
            if isinstance(sent, int) and isinstance(received, int):
                self._packets = (sent, received)

    def values(self) -> Mapping[str, object]:
        media, figures = self._call.media, self._call.statistics
        return {
            "Codec": media.codec,
            "ClockRate": media.clock_rate,
            "Encryption": media.encryption,
            "Flow": media.flow,
            "Recording": self._call.recording,
            "RecordingPaused": self._call.recording_paused,
            "Playing": self._call.playing,
            "Quality": figures.quality,
            "Mos": figures.mos,
            "RoundTripUsec": figures.round_trip_us,
            "JitterUsec": figures.jitter_us,
            "LossSent": figures.loss_sent,
            "LossReceived": figures.loss_received,
            "PacketsSent": max(figures.packets_sent, self._packets[0]),
            "PacketsReceived": max(figures.packets_received, self._packets[1]),
        }

    @method("GetStatistics")
    async def get_statistics(self) -> dict[str, object]:
        if not (self._call.up and self._call.media.codec):
            raise InvalidStateError("The call has no sound; there is nothing to count")
        facts = await self._audio.statistics(self._call.id)
        return {name: Typed(fact_signature(fact), fact) for name, fact in facts.items()}


def _caller(call: Call) -> dict[str, Typed]:
    facts = {"screen-pop": call.page}
    if contact := call.contact:
        facts |= {
            "name": contact.name,
            "organization": contact.organization,
            "note": contact.note,
            "url": contact.url,
            "photo-path": contact.photo_path,
            "source": contact.source,
        }
    return {name: Typed("s", fact) for name, fact in facts.items() if fact}


def fact_signature(fact: Fact) -> str:
    """The D-Bus type for a fact of the engine."""
    match fact:
        case bool():
            return "b"
        case int():
            return "x"
        case float():
            return "d"
        case str():
            return "s"
        case _:
            return "as"


def _dtmf_method(name: str) -> DtmfMethod | None:
    if not name:
        return None
    if name not in set(DtmfMethod):
        raise InvalidArgumentError(f"option method: '{name}' is none of {', '.join(DtmfMethod)}")
    return DtmfMethod(name)
