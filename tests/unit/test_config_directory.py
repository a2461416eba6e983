# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``directory`` section."""

from pathlib import Path

import pytest

from offhookd.config.load import load
from offhookd.config.problems import ConfigError
from offhookd.phone.contacts import SourceKind
from tests.support import config_file


def sources(tmp_path: Path, text: str) -> Path:
    return config_file.write(
        tmp_path / "offhook.yaml", f"directory:\n  sources:\n    book: {{{text}}}\n"
    )


def test_the_keys_of_every_kind(tmp_path: Path) -> None:
    text = """
directory:
  refresh_minutes: 5
  sources:
    team: {kind: vcard, path: ~/team.vcf}
    crm: {kind: csv, path: crm.csv, columns: {name: Firma, work: Tel}}
    office: {kind: carddav, url: https://dav.example.com/ada, username: ada, password: x}
    company: {kind: ldap, url: ldap://ldap.example.com, base: "dc=example", start_tls: true,
              filter: "(cn=*{text}*)", attributes: {work: phone}, timeout_seconds: 1}
    web: {kind: http, url: "https://x.example/?n={number}", fields: {name: a.0.b}}
"""
    config = load([config_file.write(tmp_path / "offhook.yaml", text)]).directory
    assert config.refresh_minutes == 5
    assert [one.kind for one in config.sources.values()] == [
        SourceKind.VCARD,
        SourceKind.CSV,
        SourceKind.CARDDAV,
        SourceKind.LDAP,
        SourceKind.HTTP,
    ]
    assert config.sources["team"].path == Path.home() / "team.vcf"
    assert config.sources["crm"].path == tmp_path / "crm.csv"
    assert config.sources["crm"].columns == {"name": "Firma", "work": "Tel"}
    assert config.sources["company"].attributes == {"work": "phone"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("path: x", "book: must have kind: one of vcard, carddav, ldap, csv, http"),
        ("kind: vcrad", "book.kind: must be one of"),
        ("kind: vcard", "book.path: is missing for kind: vcard"),
        ("kind: vcard, path: x, url: y", "book.url: unknown key"),
        ("kind: carddav, url: ftp://x", "must begin with https://HOST or http://HOST"),
        ("kind: carddav, url: http://dav.example.com", "must begin with https://: anybody"),
        ("kind: carddav, url: 'https://a:b@x/'", "must have no user or password in it"),
        ("kind: http, url: https://x.example/", "must contain {number}"),
        ("kind: ldap, url: ldap://x", "book.base: is missing"),
        ("kind: ldap, url: ldap://x, base: b, filter: 'cn=x'", "must be an LDAP filter"),
        ("kind: csv, path: x, columns: {nmae: y}", "'nmae' is none of id, name"),
        ("kind: csv, path: x, columns: y", "must be a table such as name: Title"),
        ("kind: carddav, url: https://x, password: a, password_command: b", "already given"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as told:
        load([sources(tmp_path, text)])
    assert reason in str(told.value)


def test_a_server_on_this_machine_needs_no_encryption(tmp_path: Path) -> None:
    path = sources(tmp_path, "kind: carddav, url: 'http://localhost:5232/'")
    assert load([path]).directory.sources["book"].url == "http://localhost:5232/"
