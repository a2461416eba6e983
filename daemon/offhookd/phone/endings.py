# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a call ended, in the words of the D-Bus contract."""

from .values import CallState, Direction, EndReason

_BY_CODE: dict[int, EndReason] = {
    301: EndReason.FORWARDED,
    302: EndReason.FORWARDED,
    380: EndReason.FORWARDED,
    401: EndReason.AUTH,
    403: EndReason.AUTH,
    404: EndReason.NOT_FOUND,
    407: EndReason.AUTH,
    408: EndReason.NO_ANSWER,
    410: EndReason.NOT_FOUND,
    415: EndReason.MEDIA,
    416: EndReason.NOT_FOUND,
    433: EndReason.DECLINED,
    480: EndReason.NO_ANSWER,
    484: EndReason.NOT_FOUND,
    485: EndReason.NOT_FOUND,
    486: EndReason.BUSY,
    487: EndReason.CANCELLED,
    488: EndReason.MEDIA,
    503: EndReason.NETWORK,
    504: EndReason.NETWORK,
    600: EndReason.BUSY,
    603: EndReason.DECLINED,
    604: EndReason.NOT_FOUND,
    606: EndReason.MEDIA,
    607: EndReason.DECLINED,
    608: EndReason.DECLINED,
}
"""SIP status codes (RFC 3261 section 21, RFC 5079, RFC 8197, RFC 8688); all others are
EndReason.ERROR."""

_BY_CAUSE: dict[str, EndReason] = {
    "remote": EndReason.REMOTE,
    "local": EndReason.LOCAL,
    "cancelled": EndReason.CANCELLED,
    "elsewhere": EndReason.ELSEWHERE,
    "declined": EndReason.DECLINED,
    "forwarded": EndReason.FORWARDED,
    "replaced": EndReason.TRANSFERRED,
    "media": EndReason.MEDIA,
    "no-ack": EndReason.NETWORK,
    "network": EndReason.NETWORK,
    "dns": EndReason.NETWORK,
    "tls": EndReason.NETWORK,
}


def end_reason(direction: Direction, state: CallState, cause: str, code: int) -> EndReason:
    """`state`: the one the call was in; `cause`: what the engine knows beyond the status `code`.

    For a call that was never answered the status says most: the far end that sends 486 did not
    just "end" the call.
    """
    unanswered = direction is Direction.OUTGOING and state is not CallState.ACTIVE
    if unanswered and code in _BY_CODE and cause in {"", "remote"}:
        return _BY_CODE[code]
    return _BY_CAUSE.get(cause, EndReason.ERROR)


TONE_SECONDS = 4.0
"""How long the ear is told that an outgoing call failed, before the line goes quiet."""


def tone_of(reason: EndReason) -> str:
    """The call-progress tone (ITU-T E.180) for an outgoing call that failed; "" for none."""
    if reason in {EndReason.BUSY, EndReason.DECLINED}:
        return "busy"
    if reason in {EndReason.LOCAL, EndReason.REMOTE, EndReason.CANCELLED, EndReason.FORWARDED}:
        return ""
    return "congestion"
