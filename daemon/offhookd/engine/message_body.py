# SPDX-License-Identifier: GPL-2.0-or-later
"""The text in a MESSAGE, whatever it is wrapped in.

text/plain (RFC 3428) in any charset that Python knows, by itself or inside a message/cpim
(RFC 3862).  A cpim may also hold a report that a message was read (IMDN, RFC 5438), which is no
text.  Nothing here trusts its input.
"""

import codecs
import re

ACCEPTED = ("text/plain", "message/cpim")
"""Other types are refused with 415, so that the sender can choose one of these."""

TEXT_CHARS = 4096

_PLAIN = "text/plain"
_CPIM = "message/cpim"
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([A-Za-z0-9._-]{1,40})', re.IGNORECASE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTENT_TYPE = re.compile(rb"^content-type[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


def text_of(content_type: str, body: bytes) -> str:
    """What the body says to a person; "" when that is nothing."""
    kind = media_type(content_type)
    if kind == _CPIM:
        return _text_of_cpim(body)
    if kind == _PLAIN or not kind:
        return _decoded(content_type, body)
    return ""


def media_type(content_type: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return "".join(content_type.partition(";")[0].split()).lower()


def _text_of_cpim(body: bytes) -> str:
    """Message headers, an empty line, headers of the content, an empty line, the content.

    The headers name a sender too; whoever wrote the request can write anything there.
    """
    parts = _HEADER_END.split(body, maxsplit=2)
    if len(parts) < 3:  # noqa: PLR2004 - as above
        return ""
    _message_headers, content_headers, content = parts
    match = _CONTENT_TYPE.search(content_headers)
    inner = match[1].decode("ascii", "replace") if match else _PLAIN
    return _decoded(inner, content) if media_type(inner) == _PLAIN else ""


def _decoded(content_type: str, body: bytes) -> str:
    """UTF-8 is the default of RFC 3428, also for a charset that nobody knows."""
    match = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(match[1]).name if match else "utf-8"
        return body.decode(name, "replace")[:TEXT_CHARS]
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")[:TEXT_CHARS]
