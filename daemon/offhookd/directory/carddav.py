# SPDX-License-Identifier: GPL-2.0-or-later
"""Address books of a CardDAV server (RFC 6352), fetched by difference (RFC 6578) where the server
can, else by comparing entity tags."""

import json
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from offhookd.phone.contacts import Contact

from .cards import read_card
from .errors import SourceError
from .index import Index
from .jobs import Book
from .web import body_of

DAV = "{DAV:}"
CARD = "{urn:ietf:params:xml:ns:carddav}"
NAMESPACES = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'

CARDS_A_REQUEST = 100
MOST_COLLECTIONS = 64
MOST_ANSWER_BYTES = 64_000_000
REQUEST_LIMIT_S = 30.0
"""A server that has to put a hundred cards with photos together takes some seconds."""

MULTI_STATUS = 207
UNAUTHORIZED = 401
TOKEN_REFUSED = frozenset({400, 403, 405, 409, 412, 415, 501})
"""The server does not know this token any more (RFC 6578, 3.2), or no tokens at all."""


class Listed(NamedTuple):
    """What a collection has, or what became different in it; `token` names its state."""

    etags: dict[str, str]
    gone: tuple[str, ...]
    token: str
    whole: bool


class CardDav:
    """One server.  Every method blocks, and raises `SourceError`."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._http = httpx.Client(
            auth=httpx.BasicAuth(book.username, book.password) if book.username else None,
            verify=ssl.create_default_context(cafile=book.ca_file or None),
            timeout=REQUEST_LIMIT_S,
            follow_redirects=True,
        )

    def sync(self, index: Index, photos: Path) -> str:
        """Bring the source in `index` up to date; a remark on cards that cannot be read."""
        try:
            with self._http:
                return self._sync(index, photos)
        except ValueError as error:
            raise SourceError(f"{self._book.url} names what is no address: {error}") from None

    def _sync(self, index: Index, photos: Path) -> str:
        tokens: dict[str, str] = json.loads(index.mark(self._book.id) or "{}")
        versions = index.versions(self._book.id)
        fresh: dict[str, str] = {}
        changed: list[tuple[Contact, str]] = []
        gone = list(versions)
        unreadable = 0
        for collection in self._collections():
            listed = self._list(collection, tokens.get(collection, ""))
            fresh[collection] = listed.token
            known = {one for one in versions if one.startswith(urlsplit(collection).path)}
            gone = [one for one in gone if one not in known]
            gone += known - listed.etags.keys() if listed.whole else listed.gone
            wanted = [one for one, tag in listed.etags.items() if versions.get(one) != tag]
            for href, etag, card in self._cards(collection, wanted):
                try:
                    contact = read_card(card, self._book.id, photos, href)
                except SourceError:
                    unreadable += 1
                    continue
                if contact is None:
                    gone.append(href)
                else:
                    changed.append((contact, etag))
        if changed or gone or fresh != tokens:
            index.update(self._book.id, changed, gone, json.dumps(fresh))
        return f"{unreadable} cards cannot be read" if unreadable else ""

    # ------------------------------------------------------------ finding the collections

    def _collections(self) -> list[str]:
        """The address books behind the configured URL: itself, or those of the user."""
        props = "<resourcetype/><current-user-principal/><C:addressbook-home-set/>"
        found = self._propfind(self._book.url, props, 0)
        if any(_is_book(one) for one in found):
            return [self._book.url]
        home = _href(found, f"{CARD}addressbook-home-set")
        if not home and (principal := _href(found, f"{DAV}current-user-principal")):
            at = urljoin(self._book.url, principal)
            home = _href(
                self._propfind(at, "<C:addressbook-home-set/>", 0), f"{CARD}addressbook-home-set"
            )
        at = urljoin(self._book.url, home or "")
        listed = self._propfind(at, "<resourcetype/>", 1)
        books = [urljoin(at, _text(one, f"{DAV}href")) for one in listed if _is_book(one)]
        del books[MOST_COLLECTIONS:]
        if not books:
            raise SourceError(f"{self._book.url} is no address book and leads to none")
        return books

    # ------------------------------------------------------------ what is in one

    def _list(self, collection: str, token: str) -> Listed:
        try:
            return self._differences(collection, token)
        except _TokenRefusedError:
            pass
        if token:
            try:
                return self._differences(collection, "")
            except _TokenRefusedError:
                pass
        found = self._propfind(collection, "<getetag/><resourcetype/>", 1)
        return Listed(dict(_etags(found)), (), "", whole=True)

    def _differences(self, collection: str, token: str) -> Listed:
        body = (
            f"<sync-collection {NAMESPACES}><sync-token>{_escaped(token)}</sync-token>"
            "<sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"
        )
        root = self._ask("REPORT", collection, body, None, may_refuse=True)
        answers = root.findall(f"{DAV}response")
        gone = tuple(
            _path(_text(one, f"{DAV}href"))
            for one in answers
            if " 404 " in _text(one, f"{DAV}status")
        )
        return Listed(dict(_etags(answers)), gone, _text(root, f"{DAV}sync-token"), not token)

    def _cards(self, collection: str, hrefs: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """Path, entity tag and text of each card."""
        for start in range(0, len(hrefs), CARDS_A_REQUEST):
            some = hrefs[start : start + CARDS_A_REQUEST]
            wanted = "".join(f"<href>{_escaped(quote(one))}</href>" for one in some)
            body = (
                f"<C:addressbook-multiget {NAMESPACES}><prop><getetag/><C:address-data/></prop>"
                f"{wanted}</C:addressbook-multiget>"
            )
            root = self._ask("REPORT", collection, body, 1)
            for answer in root.findall(f"{DAV}response"):
                if card := _text(answer, f".//{CARD}address-data"):
                    path = _path(_text(answer, f"{DAV}href"))
                    yield path, _text(answer, f".//{DAV}getetag"), card

    # ------------------------------------------------------------ one request

    def _propfind(self, url: str, props: str, depth: int) -> list[Element]:
        body = f"<propfind {NAMESPACES}><prop>{props}</prop></propfind>"
        return self._ask("PROPFIND", url, body, depth).findall(f"{DAV}response")

    def _ask(
        self, method: str, url: str, body: str, depth: int | None, *, may_refuse: bool = False
    ) -> Element:
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        if depth is not None:
            headers["Depth"] = str(depth)
        try:
            with self._http.stream(method, url, content=body.encode(), headers=headers) as answer:
                if may_refuse and answer.status_code in TOKEN_REFUSED:
                    raise _TokenRefusedError
                self._check(answer)
                content = body_of(answer, url, MOST_ANSWER_BYTES)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{url} cannot be reached: {error or type(error).__name__}") from None
        try:
            root: Element = fromstring(content)
        except (ParseError, DefusedXmlException, LookupError) as error:
            raise SourceError(f"{url} answers with something that is no XML: {error}") from None
        return root

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code == UNAUTHORIZED:
            raise SourceError(
                f"{self._book.url} refuses the user {self._book.username!r} or the password"
            )
        if answer.status_code != MULTI_STATUS:
            raise SourceError(
                f"{answer.url} answers {answer.status_code} {answer.reason_phrase}; "
                "is it the address of a CardDAV server?"
            )


class _TokenRefusedError(Exception):
    """The collection has to be listed as a whole."""


def _etags(answers: Sequence[Element]) -> Iterator[tuple[str, str]]:
    """Path and entity tag of each card; collections have none of their own."""
    for answer in answers:
        tag = _text(answer, f".//{DAV}getetag")
        if tag and answer.find(f".//{DAV}collection") is None:
            yield _path(_text(answer, f"{DAV}href")), tag


def _is_book(answer: Element) -> bool:
    return answer.find(f".//{DAV}resourcetype/{CARD}addressbook") is not None


def _href(answers: Sequence[Element], prop: str) -> str:
    found = (_text(one, f".//{prop}/{DAV}href") for one in answers)
    return next(filter(None, found), "")


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _path(href: str) -> str:
    """Servers write the same path absolute or with the host, escaped in different ways."""
    return unquote(urlsplit(href).path)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
