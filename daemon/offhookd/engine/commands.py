# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out the daemon's commands and sees that each gets exactly one reply."""

from collections.abc import Callable, Mapping
from typing import Any

import pjsua2 as pj

from . import protocol as p
from .audio.thread import AudioThread
from .refusal import Refused, check_range, check_text, check_uri
from .sip_account import Account
from .sip_accounts import Accounts
from .sip_calls import Calls
from .sip_dtmf import DtmfSender, Method, Tones
from .sip_endpoint import SipEndpoint
from .sip_errands import Errands
from .sip_farewells import Farewells
from .sip_headers import clean
from .sip_jitter import JitterBuffer
from .sip_messages import Post
from .sip_outside import Outside
from .sip_presence import Presence
from .sip_quality import all_statistics
from .sip_thread import SipThread
from .walls import Walls

LONGEST_TONE_S = 3_600
LONGEST_TEST_S = 60
LONGEST_NAME = 512
MOST_RINGERS = 16
REMOVAL_CHECK_S = 0.05

Data = Mapping[str, p.Value]


class _Later:
    """Returned by what replies itself, later."""


LATER = _Later()
Outcome = Data | _Later | None


class Commands:
    """`stopped` is true after `Stop`, which has no reply but the end of the socket."""

    def __init__(
        self,
        thread: SipThread,
        endpoint: SipEndpoint,
        accounts: Accounts,
        calls: Calls,
        sound: AudioThread,
        walls: Walls,
        presence: Presence,
        post: Post,
        errands: Errands,
        outside: Outside,
        farewells: Farewells,
    ) -> None:
        self.stopped = False
        self._thread = thread
        self._endpoint = endpoint
        self._accounts = accounts
        self._calls = calls
        self._sound = sound
        self._walls = walls
        self._presence = presence
        self._post = post
        self._errands = errands
        self._handlers: dict[type[p.Command], Callable[[Any], Outcome]] = {
            p.SetAccount: self._set_account,
            p.RemoveAccount: self._remove_account,
            p.SetHosts: self._set_hosts,
            p.SetStun: lambda c: calls.nat.use(c.servers),
            p.SetTurn: accounts.relays.use,
            p.Register: self._register,
            p.Unregister: lambda c: accounts.find(c.account).unregister(),
            p.Dial: self._dial,
            p.Ring: lambda c: calls.ring(c.leg),
            p.Answer: lambda c: calls.answer(c.leg),
            p.Refuse: lambda c: calls.refuse(c.leg, c.code, c.contact, c.headers),
            p.Hangup: lambda c: calls.hang_up(c.leg),
            p.Hold: self._hold,
            p.Transfer: lambda c: calls.transfer(c.leg, c.target, c.replaces),
            p.RefuseTransfers: self._refuse_transfers,
            p.AnswerOptions: lambda c: outside.stand(c.account, c.code),
            p.EndDialog: farewells.say,
            p.EndReferral: lambda c: calls.referrals.end(c.referral, c.code),
            p.Follow: self._follow,
            p.Mute: lambda c: calls.mute(c.leg, muted=c.muted),
            p.SendDtmf: self._send_dtmf,
            p.Flash: self._flash,
            p.Focus: lambda c: calls.mixer.focus(c.leg),
            p.PlayTone: self._play_tone,
            p.Progress: lambda c: calls.progress(c.leg),
            p.Confer: lambda c: calls.mixer.confer(c.conference, frozenset(c.legs)),
            p.StartRecording: self._start_recording,
            p.StopRecording: lambda c: calls.recorder.stop(c.recording),
            p.LoadSound: calls.player.load,
            p.PlaySound: self._play_sound,
            p.HoldMusic: calls.player.hold_music,
            p.StopSound: lambda c: calls.player.stop(c.sound),
            p.StartRinger: self._start_ringer,
            p.StopRinger: lambda _: sound.stop_ringer(),
            p.SetAudio: self._set_audio,
            p.MonitorLevels: self._monitor_levels,
            p.TestAudio: self._test_audio,
            p.SendMessage: self._send_message,
            p.GetStatistics: self._get_statistics,
            p.Loop: lambda c: calls.loop(c.leg, enabled=c.enabled),
            p.Ping: lambda _: None,
            p.Stop: self._stop,
            p.Start: self._start,
            **presence.handlers,
            **errands.handlers,
        }

    def carry_out(self, command: p.Command) -> None:
        """Never raises: what goes wrong is in the reply."""
        reply = self._replier(command)
        try:
            outcome = self._handlers[type(command)](command)
        except Refused as refusal:
            reply(str(refusal), refusal.code)
        except pj.Error as error:
            reply(f"The SIP stack refused {command.kind}: {clean(error.reason)}.", error.status)
        else:
            if not isinstance(outcome, _Later):
                reply("", 0, outcome or {})

    def _replier(self, command: p.Command) -> Callable[..., None]:
        def reply(error: str, code: int = 0, data: Data | None = None) -> None:
            event = p.Reply(request=command.request, error=error, code=code, data=data or {})
            self._thread.send(event)

        return reply

    @staticmethod
    def _start(_command: p.Start) -> Outcome:
        raise Refused("The engine has been started already.")

    def _stop(self, _command: p.Stop) -> Outcome:
        self.stopped = True
        return LATER

    # ------------------------------------------------------------ accounts

    def _set_account(self, command: p.SetAccount) -> Outcome:
        self._accounts.apply(command)
        self._walls.admit(self._accounts.servers())
        if command.transport != "udp":
            self._walls.deafen()
        return None

    def _remove_account(self, command: p.RemoveAccount) -> Outcome:
        account = self._accounts.find(command.account)
        self._calls.leave(account)
        self._remove_when_free(account, self._replier(command))
        return LATER

    def _remove_when_free(self, account: Account, reply: Callable[..., None]) -> None:
        """pjsua aborts when an account goes before its calls."""
        if self._calls.hold_slots(account):
            self._thread.schedule.after(
                REMOVAL_CHECK_S, lambda: self._remove_when_free(account, reply)
            )
            return
        self._presence.forget(account)
        self._errands.forget(account)
        self._accounts.remove(account)
        self._walls.admit(self._accounts.servers())
        reply("")

    def _set_hosts(self, command: p.SetHosts) -> Outcome:
        self._walls.set_hosts(command.hosts)
        self._walls.admit(self._accounts.servers())
        return None

    def _register(self, command: p.Register) -> Outcome:
        account = self._accounts.find(command.account)
        server = account.settings.proxy or account.settings.registrar
        account.register(reachable=self._walls.knows(server))
        return None

    # ------------------------------------------------------------ calls

    def _dial(self, command: p.Dial) -> Outcome:
        account = self._accounts.find(command.account)
        self._open_way(account, command.target)
        self._calls.dial(account, command)
        return None

    def _refuse_transfers(self, command: p.RefuseTransfers) -> Outcome:
        self._calls.referrals.refused = command.refused
        return None

    def _follow(self, command: p.Follow) -> Outcome:
        leg = self._calls.find(command.leg)
        self._open_way(leg.account, command.target)
        leg.follow(command.target)
        return None

    def _open_way(self, account: Account, target: str) -> None:
        """Let an INVITE out through the walls; refuse one whose next hop has no known address."""
        next_hop = account.settings.proxy or check_uri("The target", target)
        if not self._walls.knows(next_hop):
            raise Refused(f"No address is known for {clean(next_hop, 80)}.")
        self._walls.admit_target(next_hop)

    def _hold(self, command: p.Hold) -> Outcome:
        reply = self._replier(command)
        self._calls.find(command.leg).holding.ask(held=command.held, done=reply)
        return LATER

    def _send_dtmf(self, command: p.SendDtmf) -> Outcome:
        leg = self._calls.find(command.leg)
        if not leg.media.connected:
            raise Refused(f"Call {command.leg} has no sound yet, so DTMF cannot be sent.")
        tones = Tones(command.tones, command.duration_ms)
        method = leg.ways.choose(command.method or leg.account.settings.dtmf, leg.media, leg.call)
        if method is Method.INBAND:
            self._calls.listener.deafen(leg, tones.whole_s())
        DtmfSender(
            self._thread.schedule,
            tones,
            method,
            lambda: leg.call,
            lambda: self._calls.mixer.digits(leg),
            self._replier(command),
        ).start()
        return LATER

    def _flash(self, command: p.Flash) -> Outcome:
        leg = self._calls.find(command.leg)
        leg.flash.send(leg.call, leg.media, leg.account.settings.flash, self._replier(command))
        return LATER

    def _send_message(self, command: p.SendMessage) -> Outcome:
        self._post.send(command, self._replier(command))
        return LATER

    def _get_statistics(self, command: p.GetStatistics) -> Outcome:
        leg = self._calls.find(command.leg)
        if not leg.media.connected:
            raise Refused(f"Call {command.leg} has no sound yet.")
        return {**all_statistics(leg), **self._sound.statistics()}

    def _monitor_levels(self, command: p.MonitorLevels) -> Outcome:
        self._calls.monitor.watch_levels(self._calls.find(command.leg), command.interval_ms)
        return None

    # ------------------------------------------------------------ sound

    def _play_tone(self, command: p.PlayTone) -> Outcome:
        check_range("seconds", command.seconds, 0, LONGEST_TONE_S)
        self._calls.mixer.play_tone(command.tone, command.seconds)
        return None

    def _start_recording(self, command: p.StartRecording) -> Outcome:
        leg = self._calls.find(command.leg)
        return {"rate": self._calls.recorder.start(command, leg)}

    def _play_sound(self, command: p.PlaySound) -> Outcome:
        self._calls.player.play(command, self._calls.find(command.leg), self._replier(command))
        return LATER

    def _start_ringer(self, command: p.StartRinger) -> Outcome:
        check_range("sinks", len(command.sinks), 1, MOST_RINGERS)
        for sink in command.sinks:
            check_text("sink", sink, LONGEST_NAME)
        check_text("sound", command.sound, LONGEST_NAME)
        check_range("volume", command.volume, 0, 1)
        fault = self._sound.start_ringer(command.sinks, command.sound, command.volume)
        return {"fault": fault} if fault else None

    def _set_audio(self, command: p.SetAudio) -> Outcome:
        check_text("capture", command.capture, LONGEST_NAME)
        check_text("playback", command.playback, LONGEST_NAME)
        self._endpoint.jitter_buffer = JitterBuffer(command.jitter_min_ms, command.jitter_max_ms)
        try:
            self._sound.configure(
                command.backend, command.capture, command.playback, command.on_unplug
            )
        except ValueError as error:
            raise Refused(f"There is no such setting: {error}.") from None
        return None

    def _test_audio(self, command: p.TestAudio) -> Outcome:
        check_range("seconds", command.seconds, 1, LONGEST_TEST_S)
        check_text("sink", command.sink, LONGEST_NAME)
        check_range("volume", command.volume, 0, 1)
        reply = self._replier(command)

        def done(result: float | str) -> None:
            """On the audio thread."""
            if isinstance(result, str):
                self._thread.post(lambda: reply(result))
            else:
                self._thread.post(lambda: reply("", 0, {"peak": result}))

        try:
            self._sound.test(command.what, command.sink, command.seconds, command.volume, done)
        except ValueError:
            raise Refused(f"There is no audio test {command.what[:20]!r}.") from None
        return LATER
