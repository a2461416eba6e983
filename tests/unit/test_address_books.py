# SPDX-License-Identifier: GPL-2.0-or-later
"""What vCards, tables and numbers become, and how they are found again."""

import base64
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.directory.cards import read_cards
from offhookd.directory.errors import SourceError
from offhookd.directory.index import Index
from offhookd.directory.jobs import Book, Job, Result
from offhookd.directory.keys import key_of
from offhookd.directory.tables import read_table
from offhookd.directory.web import _at
from offhookd.phone.contacts import Contact, SourceKind

german = partial(key_of, country="de")

PNG = b"\x89PNG\r\n\x1a\n and more"


def vcard(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def only(text: str, photos: Path = Path("/nonexistent")) -> Contact:
    (contact,), unreadable = read_cards(text, "team", photos)
    assert not unreadable
    return contact


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("030 1234567", "+49301234567"),
        ("(030) 12-34.567", "+49301234567"),
        ("+49 30 1234567", "+49301234567"),
        ("0049301234567", "+49301234567"),
        ("tel:+49-30-1234567;phone-context=x", "+49301234567"),
        ("sip:+49301234567@provider.example;user=phone", "+49301234567"),
        ("sip:1001@pbx.example", "1001"),
        ("1001", "1001"),
        ("*97", "*97"),
        ("+1 650 253 0000", "+16502530000"),
        ("sip:Ada@Example.COM:5070", "ada@example.com"),
        ("ada", "ada"),
    ],
)
def test_equal_numbers_have_one_key(uri: str, key: str) -> None:
    assert german(uri) == key


def test_without_a_country_only_international_numbers_are_told_apart() -> None:
    assert key_of("+49 30 1234567", "") == "+49301234567"
    assert key_of("030 1234567", "") == "0301234567"


@given(st.text(max_size=40))
def test_every_text_has_a_key(text: str) -> None:
    assert isinstance(german(text), str)


# ---------------------------------------------------------------- vCards


def test_a_card_of_version_3() -> None:
    contact = only(
        vcard(
            "UID:u1",
            "FN:Ada Lovelace",
            "N:Lovelace;Ada;;;",
            "ORG:Engines;Analytical",
            "NOTE:first\\nsecond",
            "URL:https://example.com/ada",
            "TEL;TYPE=home:030 1",
            "TEL;TYPE=cell,pref:0171 2",
            "TEL;TYPE=work,fax:030 3",
            "IMPP:sip:ada@example.com",
            "IMPP:xmpp:ada@example.com",
        )
    )
    assert contact == Contact(
        "u1",
        "team",
        "Ada Lovelace",
        "Engines, Analytical",
        "first second",
        "https://example.com/ada",
        "",
        (("cell", "0171 2"), ("home", "030 1"), ("sip", "sip:ada@example.com")),
    )


def test_a_card_of_version_4_prefers_by_number() -> None:
    contact = only(
        vcard(
            "FN:Ada",
            "TEL;VALUE=uri;PREF=2;TYPE=work:tel:+49-30-1;ext=7",
            "TEL;VALUE=uri;PREF=1;TYPE=cell:tel:+49-171-2",
            version="4.0",
        )
    )
    assert contact.uris == (("cell", "+49-171-2"), ("work", "+49-30-1"))


def test_a_card_of_version_2_1() -> None:
    contact = only(
        vcard(
            "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;",
            "TEL;CELL;VOICE:0171 2",
            version="2.1",
        )
    )
    assert (contact.name, contact.uris) == ("J\u00f6rg M\u00fcller", (("cell", "0171 2"),))


def test_a_company_is_named_by_itself() -> None:
    assert only(vcard("FN:", "N:;;;;", "ORG:Engines", "TEL:1")).name == "Engines"


def test_a_broken_card_leaves_its_neighbours() -> None:
    text = vcard("FN:Ada", "TEL:1") + vcard("N:a;b", "\x00;;;=") + vcard("FN:Bob", "TEL:2")
    contacts, unreadable = read_cards(text, "team", Path("/nonexistent"))
    assert [one.name for one in contacts] == ["Ada", "Bob"]
    assert unreadable <= 1


def test_hostile_text_becomes_one_clean_line() -> None:
    contact = only(vcard("FN:Ada\u202e\\nBell\x07", "NOTE:" + "x" * 5000, "TEL:1"))
    assert contact.name == "Ada Bell"
    assert len(contact.note) == 1000


def test_a_photo_in_the_card_is_kept(tmp_path: Path) -> None:
    data = base64.b64encode(PNG).decode()
    contact = only(vcard("FN:Ada", "TEL:1", f"PHOTO;ENCODING=b;TYPE=PNG:{data}"), tmp_path)
    assert Path(contact.photo_path).read_bytes() == PNG
    modern = vcard("FN:Ada", "TEL:1", f"PHOTO:data:image/png;base64,{data}", version="4.0")
    assert only(modern, tmp_path).photo_path == contact.photo_path


@pytest.mark.parametrize(
    "photo", ["PHOTO:https://example.com/a.png", "PHOTO;ENCODING=b:UGxhaW4=", "PHOTO:data:,x"]
)
def test_what_is_no_photo_is_left_out(tmp_path: Path, photo: str) -> None:
    assert only(vcard("FN:Ada", "TEL:1", photo), tmp_path).photo_path == ""


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_of_cards(text: str) -> None:
    read_cards(f"BEGIN:VCARD\n{text}\nEND:VCARD\n", "team", Path("/nonexistent"))


# ---------------------------------------------------------------- tables


def test_a_table_with_usual_headings() -> None:
    text = "Name;Company;Phone;Mobile Phone\nAda;Engines;030 1;0171 2\nNobody;;;\n"
    assert read_table(text, "crm", {}) == [
        Contact("2", "crm", "Ada", "Engines", "", "", "", (("work", "030 1"), ("cell", "0171 2")))
    ]


def test_a_table_with_headings_of_its_own() -> None:
    text = "KdNr,Firma,Tel\n7,Engines,030 1\n"
    columns = {"id": "KdNr", "name": "Firma", "work": "Tel"}
    (contact,) = read_table(text, "crm", columns)
    assert (contact.id, contact.name) == ("7", "Engines")


@pytest.mark.parametrize(
    ("text", "columns", "reason"),
    [
        ("a,b\n", {"name": "c", "work": "b"}, "has no column 'c'; it has a, b"),
        ("a,b\n", {}, "has no columns for a name and a number"),
        ("", {}, "no headings"),
    ],
)
def test_a_table_that_lacks_columns(text: str, columns: dict[str, str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read_table(text, "crm", columns)


# ---------------------------------------------------------------- the index


def person(name: str, *numbers: str, organization: str = "", source: str = "team") -> Contact:
    return Contact(name, source, name, organization, uris=tuple(("work", one) for one in numbers))


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path / "contacts.sqlite", german)
    made.replace(
        "team",
        [
            person("Ada Lovelace", "030 1234567", organization="Engines"),
            person("J\u00f6rg M\u00fcller", "+43 1 9999999"),
            person("Engine Room", "1001"),
        ],
    )
    return made


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("ada", ["Ada Lovelace"]),
        ("LOVE a", ["Ada Lovelace"]),
        ("jorg mul", ["J\u00f6rg M\u00fcller"]),
        ("engin", ["Engine Room", "Ada Lovelace"]),  # by name before by organization
        ("030 12", ["Ada Lovelace"]),
        ("+49 30", ["Ada Lovelace"]),
        ("4567", ["Ada Lovelace"]),
        ("1001", ["Engine Room"]),
        ("zzz", []),
        ("", []),
        ('"; DROP', []),
        ("NEAR(", []),
    ],
)
def test_words_and_numbers_are_found_as_they_are_typed(
    index: Index, typed: str, names: list[str]
) -> None:
    with index:
        assert [one.name for one in index.search(typed, 10, ["team"])] == names


def test_a_search_ends_at_its_limit(index: Index) -> None:
    with index:
        assert len(index.search("e", 1, ["team"])) == 1
        assert index.search("e", 0, ["team"]) == []


def test_the_first_source_that_knows_a_number_names_it(index: Index) -> None:
    with index:
        index.replace("crm", [person("Customer 7", "+49 30 1234567", source="crm")])
        for sources in (["team", "crm"], ["crm", "team"], ["crm"]):
            found = index.lookup("sip:+49301234567@host", sources)
            assert found
            assert found.source == sources[0]
        assert index.lookup("030 99", ["team", "crm"]) is None
        assert index.lookup("030 1234567", []) is None


def test_replacing_a_source_leaves_nothing_of_it(index: Index) -> None:
    with index:
        before = index.revision
        index.replace("team", [person("Bob", "2")])
        assert index.search("ada", 5, ["team"]) == []
        assert index.lookup("030 1234567", ["team"]) is None
        assert index.revision > before


def test_updating_changes_what_changed(index: Index) -> None:
    with index:
        changed = Contact("Ada Lovelace", "team", "Ada King", uris=(("work", "5"),))
        index.update("team", [(changed, "v2")], ["Engine Room"], "token")
        assert [one.name for one in index.search("ada", 5, ["team"])] == ["Ada King"]
        assert index.search("engine", 5, ["team"]) == []
        assert index.versions("team")["Ada Lovelace"] == "v2"
        assert index.mark("team") == "token"


def test_a_source_from_elsewhere_begins_empty(index: Index) -> None:
    with index:
        index.begin("team", "here")
        assert index.search("ada", 5, ["team"]) == []
        index.update("team", [(person("Bob", "2"), "v1")], [], "token")
        index.begin("team", "here")
        assert (index.versions("team"), index.mark("team")) == ({"Bob": "v1"}, "token")
        index.begin("team", "there")
        assert (index.versions("team"), index.mark("team")) == ({}, "")


def test_a_forgotten_source_leaves_nothing(index: Index) -> None:
    with index:
        index.replace("other", [replace(person("Bob", "2", source="other"), photo_path="/b.png")])
        assert set(index.sources) == {"team", "other"}
        assert "/b.png" in index.photos
        index.forget("other")
        assert index.sources == ["team"]
        assert index.photos == {""}
        assert index.lookup("2", ["other"]) is None


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "contacts.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with Index(path, german) as index:
        assert index.search("ada", 5, ["team"]) == []
    assert path.stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- the rest


def test_jobs_and_results_survive_the_way() -> None:
    book = Book(id="crm", kind=SourceKind.HTTP, url="https://x/{number}", fields={"name": "a.b"})
    job = Job(request=1, do="lookup", book=book, text="1")
    assert Job.decode(job.encode()) == job
    result = Result(request=1, contacts=(person("Ada", "1"),), count=1)
    assert Result.decode(result.encode()) == result


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(Book(id="x", kind=SourceKind.LDAP, password="s3cret"))


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.0.b", "7"), ("a.1.b", ""), ("a.0.c", ""), ("t", ""), ("l", "x y"), ("a", ""), ("", "")],
)
def test_paths_into_an_answer(path: str, text: str) -> None:
    assert _at({"a": [{"b": 7}], "t": True, "l": "x\ny"}, path) == text
