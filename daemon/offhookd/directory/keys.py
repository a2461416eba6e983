# SPDX-License-Identifier: GPL-2.0-or-later
"""One spelling for each number and address, so that equal ones are found equal."""

import re

from offhookd.phone.numbering import Numbering

_SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2013\u00a0]+")
_NUMBER = re.compile(r"\+?[0-9*#]+")


def key_of(uri: str, country: str) -> str:
    """What `uri` is found by: a number in E.164 form ("+4930123456") when it is one of `country`
    (ISO 3166, "" unknown) or an international one, else its digits; other addresses as
    "user@host" in small letters."""
    text = uri.strip()
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in {"sip", "sips", "tel", "callto"}:
        text = rest.removeprefix("//")
    text = text.partition(";")[0].partition("?")[0]
    user, at, host = text.rpartition("@")
    number = _SEPARATORS.sub("", user if at else host)
    if _NUMBER.fullmatch(number):
        return Numbering(country).e164(number) or number
    return f"{user}@{host.partition(':')[0]}".lower() if at else text.lower()
