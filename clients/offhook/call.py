# SPDX-License-Identifier: GPL-2.0-or-later
"""One call, and the sound in it."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Any

from .audio import AUDIO
from .bus import variant
from .changes import Changed, Event
from .objects import ROOT, PhoneObject, Property

CALL = "org.offhook.Phone1.Call"
MEDIA = "org.offhook.Phone1.CallMedia"


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud the call is now, in dBFS; -120 is silence."""

    sent: float
    received: float


class Call(PhoneObject):
    """Times are microseconds since 1970, 0 until it happens; states are those of the contract."""

    id = Property(CALL, "Id", 0)
    sip_call_id = Property(CALL, "SipCallId", "")
    account_path = Property(CALL, "Account", "/")
    direction = Property(CALL, "Direction", "")
    state = Property(CALL, "State", "active")
    actions = Property[list[str]](CALL, "Actions", [])
    peer_uri = Property(CALL, "PeerUri", "")
    peer_name = Property(CALL, "PeerName", "")
    contact_name = Property(CALL, "ContactName", "")
    caller = Property[dict[str, str]](CALL, "Caller", {})
    """What the address books know: name, organization, note, url, photo-path, source; and
    screen-pop, the page of the user's own that is to be offered."""
    called_uri = Property(CALL, "CalledUri", "")
    diversion_uri = Property(CALL, "DiversionUri", "")
    created_at = Property(CALL, "CreatedAt", 0)
    answered_at = Property(CALL, "AnsweredAt", 0)
    ended_at = Property(CALL, "EndedAt", 0)
    end_reason = Property(CALL, "EndReason", "")
    end_code = Property(CALL, "EndCode", 0)
    end_text = Property(CALL, "EndText", "")
    local_hold = Property(CALL, "LocalHold", False)
    remote_hold = Property(CALL, "RemoteHold", False)
    transfer_state = Property(CALL, "TransferState", "")
    referred_by = Property(CALL, "ReferredBy", "")
    replaces_path = Property(CALL, "Replaces", "/")
    """The call whose conversation this one goes on with; "/" for none."""
    connected_path = Property(CALL, "ConnectedTo", "/")
    """The other call that the phone forwards it to or from; "/" for none."""
    through = Property(CALL, "Through", "")
    """The desk phone that carries it, "" for this machine."""
    muted = Property(CALL, "Muted", False)
    conference_path = Property(CALL, "Conference", "/")
    recording = Property(MEDIA, "Recording", "")
    recording_paused = Property(MEDIA, "RecordingPaused", False)
    playing = Property(MEDIA, "Playing", "")
    codec = Property(MEDIA, "Codec", "")
    clock_rate = Property(MEDIA, "ClockRate", 0)
    encryption = Property(MEDIA, "Encryption", "none")
    flow = Property(MEDIA, "Flow", "none")
    quality = Property(MEDIA, "Quality", "unknown")
    mos = Property(MEDIA, "Mos", 0.0)
    """Mean opinion score, 1.0 to 4.5; 0.0 is unknown."""
    round_trip_usec = Property(MEDIA, "RoundTripUsec", 0)
    jitter_usec = Property(MEDIA, "JitterUsec", 0)
    loss_sent = Property(MEDIA, "LossSent", 0.0)
    """Of the packets of the last interval, 0.0 to 1.0."""
    loss_received = Property(MEDIA, "LossReceived", 0.0)

    @property
    def up(self) -> bool:
        """Whether it still goes on, or may begin."""
        return self.state != "ended"

    @property
    def forwarded(self) -> bool:
        """Whether its far end is connected with somebody else, and nobody here takes part."""
        return self.connected_path != "/"

    async def start(self) -> None:
        """Dial a call that was made with `confirm`."""
        await self._call(CALL, "Start")

    async def ring(self) -> None:
        """Tell the caller that a person is being alerted (180)."""
        await self._call(CALL, "Ring")

    async def answer(self) -> None:
        """Take it; other calls are put on hold first."""
        await self._call(CALL, "Answer")

    async def hangup(self) -> None:
        """End, cancel or decline it, whichever its state needs."""
        await self._call(CALL, "Hangup")

    async def decline(self, reason: str = "declined") -> None:
        """Refuse it: "busy" (486), "declined" (603, everywhere) or "not-here" (480)."""
        await self._call(CALL, "Decline", "s", reason)

    async def hold(self) -> None:
        """Put it on hold, with its conference; returns when the far end has agreed."""
        await self._call(CALL, "Hold")

    async def resume(self) -> None:
        """Talk to it again; other calls are put on hold."""
        await self._call(CALL, "Resume")

    async def transfer(self, target: str) -> None:
        """Send the far end to `target`; returns when that call was answered."""
        await self._call(CALL, "Transfer", "s", target)

    async def transfer_to(self, other: "Call") -> None:
        """Join the parties of this call and of `other`, and leave both."""
        await self._call(CALL, "TransferTo", "o", other.path)

    async def redirect(self, target: str) -> None:
        """Send the caller to `target` without answering."""
        await self._call(CALL, "Redirect", "s", target)

    async def mute(self, muted: bool = True) -> None:
        """Close the microphone for this call, or open it."""
        await self._set(CALL, "Muted", "b", muted)

    async def send_dtmf(self, tones: str, method: str = "", duration_ms: int = 0) -> None:
        """Send 0-9*#A-D, a comma for a pause; by "rfc4733", "info", "inband" or what fits."""
        options = {}
        if method:
            options["method"] = variant("s", method)
        if duration_ms:
            options["duration-ms"] = variant("u", duration_ms)
        await self._call(CALL, "SendDtmf", "sa{sv}", tones, options)

    async def record(self, enable: bool = True) -> str:
        """Write both directions into a WAV file, or end that; the path, "" for none."""
        (path,) = await self._call(CALL, "SetRecording", "b", enable)
        return str(path)

    async def pause_recording(self, paused: bool = True) -> None:
        """Leave out what follows, or go on in the same file."""
        await self._call(CALL, "PauseRecording", "b", paused)

    async def play(self, path: str) -> None:
        """Play a WAV file into the call; returns when it begins.  `playing` tells the end."""
        await self._call(CALL, "Play", "sa{sv}", path, {})

    async def stop_playing(self) -> None:
        """End what `play` began, if that goes on."""
        await self._call(CALL, "StopPlaying")

    async def flash(self) -> None:
        """A hook flash to the far end."""
        await self._call(CALL, "Flash")

    async def packets(self) -> tuple[int, int]:
        """RTP packets sent and received so far."""
        names = ("PacketsSent", "PacketsReceived")
        sent, received = [await self._get(MEDIA, name) for name in names]
        return sent, received

    async def statistics(self) -> dict[str, Any]:
        """Everything the engine knows of the sound, for a bug report."""
        (statistics,) = await self._call(MEDIA, "GetStatistics")
        known: dict[str, Any] = statistics
        return known

    async def answered(self) -> bool:
        """Wait until somebody answers, or the call is over; whether somebody did."""
        await self.until(lambda: self.answered_at or not self.up)
        return bool(self.answered_at)

    async def over(self) -> None:
        """Wait until it has ended."""
        await self.until(lambda: not self.up)

    async def keys(self) -> AsyncIterator[str]:
        """Each key that the far end presses from now on, until the call has ended: one of
        0-9*#A-D, or "R" for a hook flash."""
        async for change in self._phone.changes():
            match change:
                case Event(subject=call, member="DtmfReceived", arguments=[key, _]) if call is self:
                    yield key
                case Changed(subject=call) if call is self and not self.up:
                    return

    async def states(self) -> AsyncIterator[str]:
        """The state now and each one after it, none left out, until the call has ended."""
        changes = self._phone.changes()
        state = self.state
        yield state
        while state != "ended":
            match await anext(changes):
                case Changed(subject=call, properties={"State": state}) if call is self:
                    yield state

    async def levels(self, interval_ms: int = 50) -> AsyncGenerator[Levels, None]:
        """The levels every `interval_ms`, until the call ends or the iteration is closed."""
        changes = self._phone.changes()
        await self._monitor(interval_ms)
        try:
            async for change in changes:
                match change:
                    case Event(member="Levels", arguments=[self.path, sent, received]):
                        yield Levels(sent, received)
                    case Changed(subject=call) if call is self and not self.up:
                        return
        finally:
            if self.up:
                await self._monitor(0)

    async def _monitor(self, interval_ms: int) -> None:
        await self._phone.request(ROOT, AUDIO, "MonitorLevels", "ou", self.path, interval_ms)
