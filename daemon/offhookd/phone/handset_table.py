# SPDX-License-Identifier: GPL-2.0-or-later
"""What each key of a telephone set does in each stage of its use, as one table.

docs/handset.md shows the same table to users; a test holds the two together.
"""

from collections.abc import Mapping
from enum import StrEnum

from .buttons import Button, Press


class Stage(StrEnum):
    """What a set is being used for."""

    ON_HOOK = "on-hook"
    DIAL_TONE = "dial tone"
    DIALLING = "dialling"
    IN_CALL = "in a call"
    SWAPPED = "just swapped"
    """In a call, and a digit still belongs to the flash before it."""
    RELEASED = "line released"
    """Off-hook with nobody at the other end: busy or congestion tone, then silence."""
    LINE_BUSY = "busy elsewhere"
    """In a call of another program."""


class Key(StrEnum):
    """A press, with its direction where that matters."""

    LIFT = "lift"
    PUT_DOWN = "put down"
    DIGIT = "digit"
    FLASH = "flash"
    HOLD = "hold"
    MUTE = "mute"
    REJECT = "reject"
    DROP = "drop"
    REDIAL = "redial"
    SPEED_DIAL = "speed dial"
    LINE = "line"
    SPEAKER = "speaker"
    VOLUME = "volume"
    SEIZED = "other program takes it"
    FREED = "other program is done"


class Action(StrEnum):
    """What may happen; each knows by itself whether it is possible now."""

    ANSWER = "answer the ringing call"
    REFUSE = "refuse the ringing call"
    REFUSE_BY_HOOK = "refuse the ringing call, where configured"
    BUSY_TONE = "busy tone while another set has the line"
    TAKE = "take over the call of no set"
    RESUME = "resume the held call"
    HOLD = "hold"
    CONSULT = "hold, then dial tone"
    SWAP = "swap with the held call"
    MERGE = "3: conference of both calls"
    END_OTHER = "1: end the other call"
    GO_BACK = "cancel an unanswered consultation and resume"
    DIAL_TONE = "dial tone"
    COLLECT = "collect the digit"
    SEND = "dial the collected digits"
    SEND_DTMF = "send DTMF"
    REDIAL = "dial the last number"
    SPEED_DIAL = "dial the stored number"
    SELECT_LINE = "turn to that call, or a new line"
    HANG_UP = "hang up"
    END_CALL = "end the call"
    STAY = "stay, hands-free"
    CHANGE_EAR = "change between handset and hands-free"
    MUTE = "mute or unmute"
    TURN_VOLUME = "turn the volume"
    LEAVE_ALONE = "leave the set alone"
    RETURN = "use the set again"


Row = Mapping[Key, tuple[Action, ...]]

_LIFT = (
    Action.ANSWER,
    Action.BUSY_TONE,
    Action.TAKE,
    Action.SEND,
    Action.RESUME,
    Action.DIAL_TONE,
)

_OFF_HOOK: Row = {
    Key.PUT_DOWN: (Action.STAY, Action.HANG_UP),
    Key.FLASH: (Action.ANSWER, Action.RESUME),
    Key.HOLD: (Action.RESUME,),
    Key.REJECT: (Action.REFUSE,),
    Key.DROP: (Action.REFUSE, Action.END_CALL),
    Key.REDIAL: (Action.REDIAL,),
    Key.SPEED_DIAL: (Action.SPEED_DIAL,),
    Key.LINE: (Action.SELECT_LINE,),
    Key.SPEAKER: (Action.CHANGE_EAR, Action.HANG_UP),
    Key.VOLUME: (Action.TURN_VOLUME,),
}

_IN_CALL: Row = {
    **_OFF_HOOK,
    Key.DIGIT: (Action.SEND_DTMF,),
    Key.FLASH: (
        Action.ANSWER,
        Action.GO_BACK,
        Action.SWAP,
        Action.RESUME,
        Action.CONSULT,
    ),
    Key.HOLD: (Action.RESUME, Action.HOLD),
    Key.MUTE: (Action.MUTE,),
    Key.REDIAL: (),
    Key.SPEED_DIAL: (),
}

TABLE: Mapping[Stage, Row] = {
    Stage.ON_HOOK: {
        Key.LIFT: _LIFT,
        Key.PUT_DOWN: (Action.REFUSE_BY_HOOK,),
        Key.DIGIT: (Action.COLLECT,),
        Key.HOLD: (Action.RESUME,),
        Key.REJECT: (Action.REFUSE,),
        Key.DROP: (Action.REFUSE,),
        Key.REDIAL: (Action.REDIAL,),
        Key.SPEED_DIAL: (Action.SPEED_DIAL,),
        Key.LINE: (Action.SELECT_LINE,),
        Key.SPEAKER: _LIFT,
        Key.VOLUME: (Action.TURN_VOLUME,),
        Key.SEIZED: (Action.LEAVE_ALONE,),
    },
    Stage.DIAL_TONE: {**_OFF_HOOK, Key.DIGIT: (Action.COLLECT,)},
    Stage.DIALLING: {
        **_OFF_HOOK,
        Key.DIGIT: (Action.COLLECT,),
        Key.REDIAL: (),
        Key.SPEED_DIAL: (),
    },
    Stage.IN_CALL: _IN_CALL,
    Stage.SWAPPED: {**_IN_CALL, Key.DIGIT: (Action.MERGE, Action.END_OTHER, Action.SEND_DTMF)},
    Stage.RELEASED: _OFF_HOOK,
    Stage.LINE_BUSY: {Key.FREED: (Action.RETURN,)},
}
"""The first action of a cell that is possible is done; where there is no cell, nothing is."""

_KEYS: Mapping[Button, Key] = {
    Button.DIGIT: Key.DIGIT,
    Button.FLASH: Key.FLASH,
    Button.HOLD: Key.HOLD,
    Button.MUTE: Key.MUTE,
    Button.REJECT: Key.REJECT,
    Button.DROP: Key.DROP,
    Button.REDIAL: Key.REDIAL,
    Button.SPEED_DIAL: Key.SPEED_DIAL,
    Button.VOICE_MAIL: Key.SPEED_DIAL,
    Button.LINE: Key.LINE,
    Button.SPEAKER: Key.SPEAKER,
    Button.VOLUME_UP: Key.VOLUME,
    Button.VOLUME_DOWN: Key.VOLUME,
}


def key_of(press: Press) -> Key:
    if press.button is Button.HOOK:
        return Key.LIFT if press.down else Key.PUT_DOWN
    if press.button is Button.LINE_BUSY:
        return Key.SEIZED if press.down else Key.FREED
    return _KEYS[press.button]
