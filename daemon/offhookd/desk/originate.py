# SPDX-License-Identifier: GPL-2.0-or-later
"""What Asterisk's events say about one call that it was asked to originate.

The desk phone's channel and the request have the identity that we gave them; the far end's channels
are known from the dialling that begins there.  Asterisk tells of the call to the desk phone as a
dialling, too, but as one without a source.
"""

from collections.abc import Callable
from dataclasses import dataclass

from offhookd.phone.desk import DeskNews

from .ami import Message


@dataclass(frozen=True, slots=True)
class End:
    """As `phone.endings` has it, with a sentence."""

    cause: str
    code: int
    text: str


RINGING, UP = "5", "6"
"""Of ChannelState (Asterisk's channelstate.h)."""

REASONS = {
    "0": End("", 503, "The exchange cannot reach desk phone '{}'"),
    "1": End("", 480, "Nobody picked up desk phone '{}'"),
    "3": End("", 480, "Nobody picked up desk phone '{}'"),
    "5": End("", 486, "Desk phone '{}' is busy"),
    "8": End("", 503, "Desk phone '{}' cannot be reached"),
}
"""Reason of OriginateResponse: a control frame's number (frame.h), 0 for none."""
NO_REASON = End("error", 0, "The exchange could not call desk phone '{}'")

UNLIFTED = {480: REASONS["1"], 486: REASONS["5"], 503: REASONS["8"]}

DIAL_ENDS = {
    "BUSY": 486,
    "NOANSWER": 480,
    "CANCEL": 487,
    "CHANUNAVAIL": 480,
    "CONGESTION": 503,
    "DONTCALL": 603,
    "TORTURE": 603,
    "INVALIDARGS": 404,
}
"""DialStatus, as SIP would say it."""

CAUSES = {
    1: 404,
    2: 404,
    3: 404,
    17: 486,
    18: 480,
    19: 480,
    20: 480,
    21: 603,
    22: 410,
    27: 502,
    28: 484,
    34: 503,
    38: 503,
    41: 503,
    42: 503,
}
"""Q.850, as SIP would say it (RFC 3398 section 7.2.4.1)."""

MOST_FAR_CHANNELS = 64
"""A number may ring on many telephones at once."""

HANDED_OVER = End("replaced", 0, "")
HUNG_UP_FIRST = End("cancelled", 487, "Desk phone '{}' hung up before anybody answered")


class Originated:
    """`channel_id` is ours; `news` and `over` are told.  `channel`: its name, once known, and
    `far_channel` that of who answered; `lifted`: the desk phone was picked up."""

    def __init__(
        self,
        phone: str,
        channel_id: str,
        news: Callable[[DeskNews], None],
        over: Callable[[End], None],
    ) -> None:
        self.channel = ""
        self.far_channel = ""
        self._phone = phone
        self._id = channel_id
        self._news = news
        self._over = over
        self._far: set[str] = set()
        self.lifted = False
        self._answered = False
        self._handed_over = False
        self._failure: int = 0

    def take(self, event: Message) -> None:
        """One event; those of other calls are passed over."""
        match event["event"].lower():
            case "newchannel" if self._is_ours(event):
                self.channel = event.get("channel", "")
            case "newstate" if self._is_ours(event):
                self._state(event.get("channelstate", ""))
            case "newstate" if event.get("uniqueid") in self._far:
                if event.get("channelstate") == RINGING:
                    self._news(DeskNews.FAR_RINGS)
            case "originateresponse" if event.get("actionid") == self._id:
                self._response(event)
            case "dialbegin" | "dialstate" | "dialend" if self._is_ours(event):
                self._dialling(event)
            case "bridgeenter" if self._is_ours(event):
                self._talk()
            case "blindtransfer" if event.get("transfereruniqueid") == self._id:
                self._handed_over = event.get("result", "").lower() == "success"
            case "hangup" if self._is_ours(event):
                self._hung_up(event)

    def _is_ours(self, event: Message) -> bool:
        return event.get("uniqueid") == self._id

    def _state(self, state: str) -> None:
        if state == RINGING:
            self._news(DeskNews.DESK_RINGS)
        elif state == UP:
            self._picked_up()

    def _picked_up(self) -> None:
        self.lifted = True
        self._news(DeskNews.DESK_ANSWERED)

    def _response(self, event: Message) -> None:
        if event.get("response", "").lower() == "success":
            self._picked_up()
        else:
            self._end(REASONS.get(event.get("reason", ""), NO_REASON))

    def _dialling(self, event: Message) -> None:
        if len(self._far) < MOST_FAR_CHANNELS:
            self._far.add(event.get("destuniqueid", ""))
        status = event.get("dialstatus", "").upper()
        if status in {"RINGING", "PROGRESS"}:
            self._news(DeskNews.FAR_RINGS)
        elif status == "ANSWER":
            self.far_channel = event.get("destchannel", "")
            self._talk()
        elif status in DIAL_ENDS:
            self._failure = DIAL_ENDS[status]

    def _talk(self) -> None:
        """Also to a queue or a conference, which nobody dials."""
        self._answered = True
        self._news(DeskNews.FAR_ANSWERED)

    @property
    def dialled(self) -> bool:
        """Whether the exchange has begun to call the far end; an announcement is not called."""
        return bool(self._far)

    def _hung_up(self, event: Message) -> None:
        cause = event.get("cause", "")
        code = CAUSES.get(int(cause) if cause.isascii() and cause.isdigit() else 0, 0)
        words = event.get("cause-txt", "")
        if self._handed_over:
            self._end(HANDED_OVER)
        elif self._answered:
            self._end(End("remote", 0, ""))
        elif not self.lifted:
            self._end(UNLIFTED.get(code, NO_REASON))
        elif self._failure or code:
            self._end(End("", self._failure or code, words))
        else:
            self._end(HUNG_UP_FIRST)

    def _end(self, end: End) -> None:
        self._over(End(end.cause, end.code, end.text.replace("{}", self._phone)))
