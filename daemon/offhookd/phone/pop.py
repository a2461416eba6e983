# SPDX-License-Identifier: GPL-2.0-or-later
"""The page that belongs to a caller, from the user's template."""

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from .call import Call

WORDS = ("number", "uri", "name", "organization", "contact", "account")
"""What may stand in braces in a template."""


def page_for(template: str, call: Call, number: str) -> str:
    """The URL of `call`; `number` is the far end's in E.164 form, or whatever it calls itself.
    Every word is escaped, so that no caller can lead elsewhere."""
    contact = call.contact
    words = {
        "number": number,
        "uri": call.far_uri,
        "name": contact.name if contact else call.far_name,
        "organization": contact.organization if contact else "",
        "contact": contact.id if contact else "",
        "account": call.account,
    }
    url = template
    for word, value in words.items():
        url = url.replace(f"{{{word}}}", quote(value, safe=""))
    return url


def is_trusted(url: str, sites: Sequence[str]) -> bool:
    """Whether the page may open without a click: its host is one of `sites`, to the letter."""
    return (urlsplit(url).hostname or "") in {site.lower() for site in sites}
