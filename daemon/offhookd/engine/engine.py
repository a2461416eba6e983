# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine: its parts in the order in which pjsip wants them made and unmade."""

import logging
import os
import time

from . import sip_session
from .audio.errors import AudioError
from .audio.thread import AudioThread
from .channel import Channel
from .commands import Commands
from .gate import Source
from .gate_message import SipMessage
from .protocol import VERSION, AudioStatus, Reply, Start
from .refusal import Refused
from .sip_accounts import Accounts
from .sip_answers import Unusable
from .sip_calls import Calls
from .sip_dtls import Dtls
from .sip_endpoint import CLOCK_RATE, FRAME_MS, SipEndpoint
from .sip_errands import Errands
from .sip_farewells import Farewells
from .sip_inside import Inside
from .sip_messages import Post
from .sip_outside import Outside
from .sip_over import Over
from .sip_presence import Presence
from .sip_relays import Relays
from .sip_remote import RemoteControl
from .sip_requests import Requests
from .sip_thread import LONGEST_SLEEP_S, SipThread
from .sip_too_early import TooEarly
from .walls import Walls

LAST_WORDS_S = 0.6
"""For the answers to BYE and REGISTER at the end; a dead server must not hold up the daemon."""

LAST_WORDS_POLL_S = 0.02


class Engine:
    """One in a process.  Raises `Refused` when the stack cannot be started."""

    def __init__(self, thread: SipThread, start: Start) -> None:
        self._thread = thread
        self._endpoint = SipEndpoint(thread, start)
        self._endpoint.start()
        self._walls = Walls(thread, self._endpoint)
        faults = [
            thread.watch(self._endpoint.handle_events),
            *self._walls.install(),
            sip_session.fault(),
        ]
        self._sound = self._start_sound()
        relays = Relays(thread, self._endpoint)
        self._calls = Calls(thread, self._endpoint, self._sound, self._walls, relays, start.country)
        self._accounts = Accounts(thread, self._endpoint, relays, self._calls.arrive)
        self._endpoint.select_account = self._accounts.select
        self._requests = Requests(thread, start.user_agent)
        self._presence = Presence(thread, self._accounts, self._walls, self._requests)
        self._post = Post(thread, self._accounts, self._walls, self._requests, time.monotonic)
        self._errands = Errands(thread, self._accounts, self._walls, self._requests)
        self._remote = RemoteControl(thread, self._accounts, self._walls, self._calls.all)
        self._dtls = Dtls(self._walls, self._accounts)
        self._too_early = TooEarly(self._walls, self._calls.all)
        self._unusable = Unusable(self._calls.all)
        self._over = Over(self._walls, self._calls)
        self._outside = Outside(thread, self._accounts, self._walls, self._presence)
        self._inside = Inside(self._walls, self._calls.all)
        self._walls.claim = self._claim
        self._commands = Commands(
            thread,
            self._endpoint,
            self._accounts,
            self._calls,
            self._sound,
            self._walls,
            self._presence,
            self._post,
            self._errands,
            self._outside,
            Farewells(thread, self._accounts, self._walls, self._requests),
        )
        facts = self._endpoint.facts()
        thread.send(
            Reply(
                request=start.request,
                data={
                    **facts,
                    "protocol": VERSION,
                    "pid": os.getpid(),
                    "faults": tuple(fault for fault in faults if fault),
                },
            )
        )

    def _claim(self, message: SipMessage, source: Source) -> bool:
        """Whether one of our own parts has dealt with a message; see `Gate.claim`."""
        parts = (
            self._errands,
            self._presence,
            self._post,
            self._remote,
            self._dtls,
            self._unusable,
            self._over,
            self._too_early,
            self._outside,
            self._inside,
        )
        return any(part.take(message, source) for part in parts)

    def _start_sound(self) -> AudioThread:
        logging.getLogger().addHandler(_ToDaemon(self._thread))
        try:
            port = self._endpoint.master_port()
            sound = AudioThread(port, CLOCK_RATE, FRAME_MS, on_status=self._sound_status)
        except AudioError as error:
            raise Refused(str(error)) from None
        sound.start()
        return sound

    def _sound_status(self, status: AudioStatus) -> None:
        """On the audio thread."""
        self._thread.post(lambda: self._thread.send(status))

    def run(self, channel: Channel) -> None:
        """Until the daemon says stop or is gone; then everything is taken down."""
        while not (channel.closed or self._commands.stopped):
            self._thread.turn(self._endpoint.handle_events, LONGEST_SLEEP_S)
            for command in channel.commands():
                self._commands.carry_out(command)
        self._say_goodbye()
        self._take_down()

    def _say_goodbye(self) -> None:
        self._calls.hang_up_all()
        for account in self._accounts:
            account.leave()
        deadline_s = time.monotonic() + LAST_WORDS_S
        while time.monotonic() < deadline_s and not self._is_silent():
            self._thread.turn(self._endpoint.handle_events, LAST_WORDS_POLL_S)

    def _is_silent(self) -> bool:
        busy = any(account.is_busy for account in self._accounts)
        busy = busy or not self._requests.idle
        return not busy and self._calls.idle and self._endpoint.calls_in_stack() == 0

    def _take_down(self) -> None:
        # The order matters: any other aborts the process.
        self._sound.stop()
        self._calls.release()
        self._accounts.close()
        self._walls.close()
        self._thread.close()
        self._endpoint.destroy()


class _ToDaemon(logging.Handler):
    """What our own modules log; from any thread."""

    def __init__(self, thread: SipThread) -> None:
        super().__init__()
        self._thread = thread

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        self._thread.post(lambda: self._thread.log(record.levelno, text))
