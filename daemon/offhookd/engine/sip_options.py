# SPDX-License-Identifier: GPL-2.0-or-later
"""What is added to requests and answers of a call, and what the stack's refusals mean."""

from collections.abc import Mapping
from typing import Any

import pjsua2 as pj

from .refusal import Refused, check_headers, check_text
from .sip_headers import clean

PJ_ETOOMANY = 70_010
NOBODY = "sip:anonymous@anonymous.invalid"
ANONYMOUS = f'"Anonymous" <{NOBODY}>'


def header(name: str, value: str) -> Any:
    made = pj.SipHeader()
    made.hName = name
    made.hValue = value
    return made


def set_headers(option: Any, headers: Mapping[str, str]) -> None:
    check_headers(headers)
    for name, value in headers.items():
        option.headers.append(header(name, value))


def hide_caller(option: Any, uri: str) -> None:
    """RFC 3323 and RFC 3325: the provider knows who calls, the called person does not."""
    option.localUri = ANONYMOUS
    option.headers.append(header("Privacy", "id"))
    option.headers.append(header("P-Preferred-Identity", f"<{check_text('uri', uri, 512)}>"))


def refusal_of(error: Any) -> Refused:
    if error.status == PJ_ETOOMANY:
        return Refused("There are too many calls; end one first.", error.status)
    return Refused(f"The SIP stack refused: {clean(error.reason).rstrip('.')}.", error.status)
