# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of an Asterisk exchange, in its words."""

from collections.abc import Sequence

from offhookd.config.schema import DeskPhoneConfig
from offhookd.phone.desk import AUTO_ANSWER
from offhookd.phone.errors import InvalidTargetError
from offhookd.phone.parties import user_and_host

Fields = Sequence[tuple[str, str]]

EXTENSION_CHARS = frozenset("0123456789*#+-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
LONGEST_EXTENSION = 80


def extension_of(target: str, phone: str, homes: frozenset[str]) -> str:
    """The extension that a SIP URI means; raises `InvalidTargetError`: an exchange dials what its
    dial plan knows, which is no address of somebody else's."""
    user, host = user_and_host(target)
    is_number = 0 < len(user) <= LONGEST_EXTENSION and EXTENSION_CHARS.issuperset(user)
    if not is_number or host not in {"", *homes}:
        raise InvalidTargetError(
            f"Desk phone '{phone}' dials numbers of its exchange; {target[:80]} is none"
        )
    return user


def existence(config: DeskPhoneConfig, extension: str) -> Fields:
    """Of Getvar: whether the dial plan knows the extension."""
    where = f"{config.context},{extension},{config.priority}"
    return [("Variable", f"DIALPLAN_EXISTS({where})")]


def origination(config: DeskPhoneConfig, extension: str, channel_id: str) -> Fields:
    """Of Originate."""
    return [
        ("Channel", config.channel),
        ("Context", config.context),
        ("Exten", extension),
        ("Priority", str(config.priority)),
        ("Timeout", str(config.ring_seconds * 1000)),
        ("Async", "true"),
        ("ChannelId", channel_id),
        *([("CallerID", config.caller_id)] if config.caller_id else []),
        *(("Variable", f"{name}={value}") for name, value in _variables(config).items()),
    ]


def _variables(config: DeskPhoneConfig) -> dict[str, str]:
    """Those of the configuration, and what makes the phone answer by itself."""
    sip = config.channel.partition("/")[0].upper() == "SIP"
    headers = AUTO_ANSWER[config.auto_answer].items()
    found = {
        (f"SIPADDHEADER{number:02}" if sip else f"PJSIP_HEADER(add,{name})"): (
            f"{name}: {value}" if sip else value
        )
        for number, (name, value) in enumerate(headers, start=1)
    }
    return {**found, **config.variables}
