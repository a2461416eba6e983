# SPDX-License-Identifier: GPL-2.0-or-later
"""Address books on real servers, and a daemon that says who calls while it rings."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from offhookd.directory.client import ReaderClient
from offhookd.directory.errors import SourceError
from offhookd.directory.index import Index
from offhookd.directory.jobs import Book, Job
from offhookd.directory.keys import key_of
from offhookd.phone.contacts import SourceKind
from tests.support import slapd as ldap_server
from tests.support.certificates import Certificates
from tests.support.cli import CommandLine
from tests.support.daemon import DIRECT, running_phone
from tests.support.dbus import PrivateBus
from tests.support.party import STRANGER, Party
from tests.support.processes import PATIENCE_S, free_port, until
from tests.support.radicale import PASSWORD, USER, Radicale, radicale
from tests.support.raw_sip import SDP, Dialog
from tests.support.slapd import Slapd, slapd
from tests.support.web_service import WebService, web_service

RINGING = 180


def card(name: str, *numbers: str) -> str:
    lines = [f"TEL;TYPE=work:{number}" for number in numbers]
    first = name.partition(" ")[0]
    body = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{first}", f"FN:{name}", f"N:;{first};;;", *lines]
    return "\r\n".join([*body, "END:VCARD", ""])


@pytest.fixture
async def reader() -> AsyncIterator[ReaderClient]:
    made = ReaderClient()
    yield made
    await made.stop()


@pytest.fixture
def carddav(tmp_path: Path) -> Iterator[Radicale]:
    with radicale(tmp_path / "radicale") as server:
        yield server


@pytest.fixture(scope="module")
def ldap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd") / "server") as server:
        yield server


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as service:
        yield service


class Books:
    """An index and the reader that fills it."""

    def __init__(self, path: Path, reader: ReaderClient) -> None:
        self.path = path
        self.reader = reader

    async def sync(self, book: Book) -> str:
        job = Job(request=0, do="sync", book=book, index=str(self.path), country="de")
        return (await self.reader.ask(job, PATIENCE_S)).remark

    def names(self, text: str, source: str = "team") -> list[str]:
        with Index(self.path, partial(key_of, country="de")) as index:
            return [one.name for one in index.search(text, 10, [source])]


@pytest.fixture
def books(tmp_path: Path, reader: ReaderClient) -> Books:
    return Books(tmp_path / "contacts.sqlite", reader)


def dav(url: str, password: str = PASSWORD) -> Book:
    return Book(
        id="team", kind=SourceKind.CARDDAV, url=url, username=USER, password=password, seconds=5
    )


async def ask(reader: ReaderClient, do: str, text: str, book: Book) -> list[str]:
    job = Job(request=0, do=do, book=book, text=text, limit=10, country="de")
    return [one.name for one in (await reader.ask(job, PATIENCE_S)).contacts]


# ---------------------------------------------------------------- CardDAV


@pytest.mark.parametrize("where", ["book", "url"])
async def test_an_address_book_is_followed_by_its_differences(
    carddav: Radicale, books: Books, where: str
) -> None:
    book = dav(getattr(carddav, where))
    carddav.put("ada.vcf", card("Ada Lovelace", "+49 30 1234"))
    carddav.put("a b.vcf", card("Charles Babbage", "+49 30 99"))
    assert await books.sync(book) == ""
    assert books.names("ada") == ["Ada Lovelace"]
    carddav.put("ada.vcf", card("Ada King", "+49 30 1234"))
    carddav.delete("a b.vcf")
    carddav.put("grace.vcf", card("Grace Hopper", "030 77"))
    await books.sync(book)
    assert (books.names("lovelace"), books.names("king")) == ([], ["Ada King"])
    assert (books.names("babbage"), books.names("hopper")) == ([], ["Grace Hopper"])


async def test_what_a_server_said_is_there_when_it_is_away(tmp_path: Path, books: Books) -> None:
    with radicale(tmp_path / "radicale") as server:
        server.put("ada.vcf", card("Ada Lovelace", "+49 30 1234"))
        await books.sync(dav(server.book))
    with pytest.raises(SourceError, match="cannot be reached"):
        await books.sync(dav(server.book))
    assert books.names("ada") == ["Ada Lovelace"]


async def test_who_cannot_be_called_is_left_out(carddav: Radicale, books: Books) -> None:
    carddav.put("ada.vcf", card("Ada", "+49 30 1234"))
    carddav.put("nobody.vcf", card("No Number"))
    await books.sync(dav(carddav.book))
    assert (books.names("ada"), books.names("no")) == (["Ada"], [])


async def test_a_wrong_password_is_told(carddav: Radicale, books: Books) -> None:
    with pytest.raises(SourceError, match="refuses the user 'ada' or the password"):
        await books.sync(dav(carddav.url, "wrong"))


async def test_a_server_that_is_none_is_told(books: Books, web: WebService) -> None:
    with pytest.raises(SourceError, match="CardDAV server"):
        await books.sync(dav(web.url.partition("?")[0]))
    with pytest.raises(SourceError, match="cannot be reached"):
        await books.sync(dav("http://127.0.0.1:9/"))


# ---------------------------------------------------------------- LDAP


def people(server: Slapd, password: str = ldap_server.PASSWORD, **more: str) -> Book:
    return Book(
        id="company",
        kind=SourceKind.LDAP,
        url=server.url,
        base=ldap_server.BASE,
        username=ldap_server.USER,
        password=password,
        ca_file=str(server.authority),
        **more,  # type: ignore[arg-type]  # texts only
    )


async def test_people_are_found_by_their_names(ldap: Slapd, reader: ReaderClient) -> None:
    assert await ask(reader, "search", "love", people(ldap)) == ["Ada Lovelace"]
    assert await ask(reader, "search", "babb", people(ldap)) == []  # nothing to dial


async def test_what_is_typed_is_no_filter(ldap: Slapd, reader: ReaderClient) -> None:
    assert await ask(reader, "search", "(Hopper)", people(ldap)) == ["Grace (Hopper)"]
    assert await ask(reader, "search", "*)(cn=*", people(ldap)) == []


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("+49301234567", "Ada Lovelace"),
        ("sip:+491712345678@provider.example", "Ada Lovelace"),
        ("0307654321", "Grace (Hopper)"),
        ("+43307654321", ""),
        ("sip:ada@example.com", ""),
    ],
)
async def test_numbers_are_found_however_they_are_written(
    ldap: Slapd, reader: ReaderClient, number: str, name: str
) -> None:
    assert await ask(reader, "lookup", number, people(ldap)) == ([name] if name else [])


async def test_a_caller_has_a_photo(ldap: Slapd, reader: ReaderClient, tmp_path: Path) -> None:
    index = str(tmp_path / "contacts.sqlite")
    job = Job(
        request=0, do="lookup", book=people(ldap), text="030 1234567", index=index, country="de"
    )
    (ada,) = (await reader.ask(job, PATIENCE_S)).contacts
    (photo,) = (tmp_path / "photos-of-callers").iterdir()
    assert ada.photo_path == str(photo)
    assert base64.b64encode(photo.read_bytes()).decode() == ldap_server.PORTRAIT
    (ada,) = (await reader.ask(replace(job, do="search", text="ada"), PATIENCE_S)).contacts
    assert ada.photo_path == ""


async def test_a_filter_of_ones_own(ldap: Slapd, reader: ReaderClient) -> None:
    book = people(ldap, filter="(&(sn={text})(mobile=*))")
    assert await ask(reader, "search", "Lovelace", book) == ["Ada Lovelace"]
    assert await ask(reader, "search", "Hopper", book) == []


async def test_what_the_server_refuses_is_told(
    ldap: Slapd, reader: ReaderClient, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="refuses the user or the password"):
        await ask(reader, "search", "ada", people(ldap, "wrong"))
    others = Certificates(tmp_path).authority
    with pytest.raises(SourceError, match="certificate is not trusted"):
        await ask(reader, "search", "ada", replace(people(ldap), ca_file=str(others)))


# ---------------------------------------------------------------- HTTP


async def test_a_web_service_knows_a_caller(web: WebService, reader: ReaderClient) -> None:
    web.answers["+49301234567"] = {"hits": [{"title": "Ada", "firm": 7, "x": None}]}
    fields = {"name": "hits.0.title", "organization": "hits.0.firm", "note": "hits.0.x"}
    book = Book(id="crm", kind=SourceKind.HTTP, url=web.url, fields=fields)
    assert await ask(reader, "lookup", "030 1234567", book) == ["Ada"]
    assert await ask(reader, "lookup", "030 7654321", book) == []
    assert web.asked == ["+49301234567", "+49307654321"]


# ---------------------------------------------------------------- the daemon


@pytest.fixture
def team(tmp_path: Path) -> Path:
    path = tmp_path / "team.vcf"
    path.write_text(card("Ada Lovelace", "030 1234567"))
    return path


def with_books(sources: str, port: int = 0) -> str:
    direct = DIRECT.replace("bind: 127.0.0.1", f"bind: 127.0.0.1, port: {port}")
    return f"{direct}tones: {{country: de}}\ndirectory: {{sources: {sources}}}\n"


async def test_books_are_searched_by_every_client(
    session_bus: PrivateBus, tmp_path: Path, team: Path
) -> None:
    config = with_books(f"{{team: {{kind: vcard, path: {team}}}}}")
    async with running_phone(session_bus, tmp_path, config) as phone:
        await phone.until("Contacts", "Sources", [["team", "vcard", "ready"]])
        (found,) = await phone.call("Contacts", "Search", "('love', uint32 5, @a{sv} {})")
        assert [(one["name"], one["uris"]) for one in found] == [
            ("Ada Lovelace", [["work", "030 1234567"]])
        ]
        (known,) = await phone.call("Contacts", "Lookup", "('tel:+49301234567',)")
        assert known["name"] == "Ada Lovelace"
        name, text = await phone.refused("Contacts", "Lookup", "('030 99',)")
        assert (name, text) == ("NotFound", "No address book knows 030 99")
        said = await CommandLine(session_bus.address)("contacts", "search", "ada", "--json")
        assert json.loads(said.out)[0]["name"] == "Ada Lovelace"


async def test_a_file_that_is_missing_is_a_problem_until_it_is_there(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    path = tmp_path / "late.vcf"
    config = with_books(f"{{team: {{kind: vcard, path: {path}}}}}")
    async with running_phone(session_bus, tmp_path, config) as phone:
        await phone.until("Contacts", "Sources", [["team", "vcard", "failed"]])
        problems = await phone.get("Manager", "Problems")
        assert ("directory-source", f"team: {path}: No such file or directory") in [
            (code, text)
            for code, _, text in problems  # type: ignore[attr-defined]
        ]
        path.write_text(card("Ada", "123"))
        await phone.call("Contacts", "Refresh", "('team',)")
        assert await phone.get("Manager", "Problems") == []
        assert (await phone.refused("Contacts", "Refresh", "('other',)"))[0] == "NotFound"


async def test_a_book_that_is_configured_no_more_leaves_the_disc(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    photo = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
    portrait = f"PHOTO;ENCODING=b;TYPE=PNG:{photo}\r\nEND:"
    team = tmp_path / "portraits.vcf"
    team.write_text(card("Ada Lovelace", "030 1234567").replace("END:", portrait))
    directory = tmp_path / "cache" / "offhook"
    config = with_books(f"{{team: {{kind: vcard, path: {team}}}}}")
    async with running_phone(session_bus, tmp_path, config) as phone:
        await phone.until("Contacts", "Sources", [["team", "vcard", "ready"]])
        (kept,) = (directory / "photos").iterdir()
        phone.daemon.write_config(DIRECT)
        await phone.call("Manager", "Reload")
        await until(lambda: not kept.exists(), PATIENCE_S, "the photo to go")
    with Index(directory / "contacts.sqlite", partial(key_of, country="de")) as index:
        assert (index.sources, index.versions("team")) == ([], {})


async def test_a_book_taken_out_while_nothing_ran_leaves_the_disc(
    session_bus: PrivateBus, tmp_path: Path, team: Path
) -> None:
    config = with_books(f"{{team: {{kind: vcard, path: {team}}}}}")
    async with running_phone(session_bus, tmp_path, config) as phone:
        await phone.until("Contacts", "Sources", [["team", "vcard", "ready"]])
    path = tmp_path / "cache" / "offhook" / "contacts.sqlite"
    async with running_phone(session_bus, tmp_path, DIRECT):
        with Index(path, partial(key_of, country="de")) as index:
            await until(lambda: index.sources == [], PATIENCE_S, "the book to be forgotten")


async def test_other_columns_of_a_table_are_read_at_once(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    table = tmp_path / "people.csv"
    table.write_text("who,nick,tel\nAda Lovelace,Countess,030 1234567\n")
    source = f"{{t: {{kind: csv, path: {table}, columns: {{name: who, work: tel}}}}}}"
    async with running_phone(session_bus, tmp_path, with_books(source)) as phone:
        await phone.until("Contacts", "Sources", [["t", "csv", "ready"]])
        phone.daemon.write_config(with_books(source.replace("who", "nick")))
        await phone.call("Manager", "Reload")
        await phone.call("Contacts", "Refresh", "('t',)")
        (known,) = await phone.call("Contacts", "Lookup", "('030 1234567',)")
        assert known["name"] == "Countess"


async def test_a_server_that_hangs_never_delays_the_ring(
    session_bus: PrivateBus, tmp_path: Path, web: WebService
) -> None:
    web.answer.clear()
    port = free_port()
    config = with_books(f"{{crm: {{kind: http, url: '{web.url}', timeout_seconds: 10}}}}", port)
    async with running_phone(session_bus, tmp_path, config) as phone:
        with Party(STRANGER, port) as party:
            party.raw.send(party.raw.request("INVITE", Dialog(), party.contact_line, SDP))
            await party.hears(RINGING)
            path = str(await phone.get("Telephony", "RingingCall"))
            assert (await phone.properties("Call", path))["Caller"] == {}
            await until(lambda: web.asked, PATIENCE_S, "the web service to be asked")
            web.answers[web.asked[0]] = {"name": "Ada", "url": "https://crm.example/7"}
            web.answer.set()
            await phone.until("Call", "ContactName", "Ada", path)
            caller = await phone.get("Call", "Caller", path)
            assert caller == {"name": "Ada", "url": "https://crm.example/7", "source": "crm"}
            await phone.call("Telephony", "HangupAll")
            (row,) = await phone.call("History", "Get", f"(uint64 {path.rpartition('c')[2]},)")
            assert row["contact-name"] == "Ada"
