# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operation can answer instead of "done".

One class for each error name of the D-Bus contract.  The bus layer sends ``PREFIX + name``
with the message; everything below it only raises.
"""


class PhoneError(Exception):
    """An operation was not done; the message is one sentence for a person."""

    name = "Failed"


class InvalidArgumentError(PhoneError):
    """An argument or option has no meaning here; the message names it."""

    name = "InvalidArgument"


class InvalidTargetError(PhoneError):
    """The dial string cannot be made into a SIP or tel URI."""

    name = "InvalidTarget"


class InvalidStateError(PhoneError):
    """The object is in a state that rules the operation out."""

    name = "InvalidState"


class NoAccountError(PhoneError):
    """No enabled account fits."""

    name = "NoAccount"


class NotRegisteredError(PhoneError):
    """The account cannot place calls now."""

    name = "NotRegistered"


class AmbiguousError(PhoneError):
    """No call was named and more than one fits."""

    name = "Ambiguous"


class NotFoundError(PhoneError):
    """No such history row, contact or watch."""

    name = "NotFound"


class LimitReachedError(PhoneError):
    """Too many calls, watches or level monitors."""

    name = "LimitReached"


class NotSupportedError(PhoneError):
    """The account, the peer, the device or this version cannot do it."""

    name = "NotSupported"


class AudioUnavailableError(PhoneError):
    """No usable capture or playback endpoint."""

    name = "AudioUnavailable"


class RejectedError(PhoneError):
    """The network refused; the message starts with the SIP code."""

    name = "Rejected"


class RequestTimeoutError(PhoneError):
    """Nobody answered the request in time."""

    name = "Timeout"


class InvalidConfigError(PhoneError):
    """The configuration was rejected; the message is ``FILE:LINE: KEY: reason``."""

    name = "InvalidConfig"


class NotAllowedError(PhoneError):
    """Policy refuses this client or this call."""

    name = "NotAllowed"


class EngineError(PhoneError):
    """The SIP engine refused a command or is not running."""


class EngineGoneError(EngineError):
    """Nobody answers: the SIP engine has gone, and another one will be told everything."""
