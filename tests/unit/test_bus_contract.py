# SPDX-License-Identifier: GPL-2.0-or-later
"""The contract file as data, values of D-Bus types, options, path elements."""

from enum import StrEnum

import pytest

from offhookd.bus.contract import Emits, contract, standard
from offhookd.bus.names import path_element
from offhookd.bus.options import options
from offhookd.bus.signature import EncodeError, Typed, absent, encode, split, typed
from offhookd.phone.errors import InvalidArgumentError

PREFIX = "org.offhook.Phone1."


def test_contract_has_the_interfaces_of_every_node() -> None:
    ours = {name.removeprefix(PREFIX) for name in contract() if name.startswith(PREFIX)}
    assert {"Manager", "Telephony", "Account", "Call", "CallMedia", "Device"} <= ours
    assert contract().keys() - {PREFIX + name for name in ours} == {
        "org.freedesktop.DBus.ObjectManager"
    }


def test_contract_knows_signatures_and_names_of_arguments() -> None:
    query = contract()[PREFIX + "History"].methods["Query"]
    assert query.input_signature == "a{sv}su"
    assert [one.name for one in query.inputs] == ["filter", "cursor", "limit"]
    assert [one.signature for one in query.outputs] == ["aa{sv}", "s"]
    levels = contract()[PREFIX + "Audio"].signals["Levels"]
    assert [one.signature for one in levels.arguments] == ["o", "d", "d"]


def test_contract_knows_access_and_announcement_of_properties() -> None:
    call, media = contract()[PREFIX + "Call"], contract()[PREFIX + "CallMedia"]
    assert call.properties["Muted"].writable
    assert not call.properties["State"].writable
    assert call.properties["State"].emits is Emits.VALUE
    assert call.properties["Id"].emits is Emits.NEVER_CHANGES
    assert media.properties["PacketsSent"].emits is Emits.NOTHING


def test_introspection_fragment_keeps_annotations() -> None:
    assert contract()[PREFIX + "Call"].xml.count("EmitsChangedSignal") == len(
        contract()[PREFIX + "Call"].properties
    )


def test_standard_interfaces_are_those_of_the_specification() -> None:
    assert {name.rpartition(".")[2]: set(spec.methods) for name, spec in standard().items()} == {
        "Peer": {"Ping", "GetMachineId"},
        "Introspectable": {"Introspect"},
        "Properties": {"Get", "Set", "GetAll"},
    }


@pytest.mark.parametrize(
    ("signature", "parts"),
    [
        ("", ()),
        ("sa{sv}o", ("s", "a{sv}", "o")),
        ("a(suss)(sss)", ("a(suss)", "(sss)")),
        ("a{oa{sa{sv}}}as", ("a{oa{sa{sv}}}", "as")),
    ],
)
def test_signature_is_split_into_complete_types(signature: str, parts: tuple[str, ...]) -> None:
    assert split(signature) == parts


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("signature", "value", "encoded"),
    [
        ("s", Colour.RED, "red"),
        ("s", "a\0b", "a\ufffdb"),
        ("s", "a\ud800b", "a\ufffdb"),
        ("s", "Zoë 📞", "Zoë 📞"),
        ("o", "/org/offhook", "/org/offhook"),
        ("d", 1, 1.0),
        ("q", 65535, 65535),
        ("as", ("a", "b"), ["a", "b"]),
        ("ay", b"ab", b"ab"),
        ("a(sos)", [("a", "/", "b")], [["a", "/", "b"]]),
        ("a{ss}", {"a": "b"}, {"a": "b"}),
        ("a{sv}", {"a": Typed("u", 1)}, {"a": Typed("u", 1)}),
        ("aa{sv}", [{"a": Typed("(ss)", ("b", "c"))}], [{"a": Typed("(ss)", ["b", "c"])}]),
    ],
)
def test_value_that_fits_is_encoded(signature: str, value: object, encoded: object) -> None:
    result = encode(signature, value)
    assert result == encoded
    assert type(result) is type(encoded)


@pytest.mark.parametrize(
    ("signature", "value"),
    [
        ("s", 1),
        ("s", None),
        ("o", ""),
        ("o", "calls/c1"),
        ("o", "/calls/c 1"),
        ("o", "/calls/"),
        ("b", 1),
        ("u", True),
        ("u", -1),
        ("u", 1.0),
        ("q", 65536),
        ("t", 1 << 64),
        ("d", "1"),
        ("as", "ab"),
        ("as", ["a", 1]),
        ("(ss)", ("a",)),
        ("a{ss}", [("a", "b")]),
        ("ay", [1, 2]),
        ("a{sv}", {"a": "b"}),
    ],
)
def test_value_that_does_not_fit_is_refused(signature: str, value: object) -> None:
    with pytest.raises(EncodeError):
        encode(signature, value)


def test_typed_gives_each_entry_the_type_of_its_schema() -> None:
    assert typed({"id": "t", "peer-uri": "s"}, {"id": 7}) == {"id": Typed("t", 7)}
    with pytest.raises(KeyError):
        typed({"id": "t"}, {"peer": "sip:1@example.com"})


@pytest.mark.parametrize("name", sorted(contract()))
def test_every_property_of_the_contract_has_an_absent_value_of_its_type(name: str) -> None:
    for spec in contract()[name].properties.values():
        encode(spec.signature, absent(spec.signature))


SCHEMA = {"account": "o", "muted": "b", "duration-ms": "u", "headers": "a{ss}"}


def test_options_that_fit_are_plain_values() -> None:
    given = {"account": "/a", "muted": True, "duration-ms": 160, "headers": {"X-A": "b"}}
    assert options(given, SCHEMA) == given
    assert options({}, SCHEMA) == {}


def test_unknown_option_is_named_with_the_likely_one() -> None:
    with pytest.raises(InvalidArgumentError, match=r"unknown option acount .*mean account"):
        options({"acount": "/a"}, SCHEMA)


def test_unknown_option_without_a_likely_one_lists_the_known() -> None:
    with pytest.raises(InvalidArgumentError, match="zzz; known here: account, duration-ms"):
        options({"zzz": 1}, SCHEMA)


@pytest.mark.parametrize(
    ("key", "value"), [("account", "x"), ("muted", 1), ("duration-ms", -1), ("headers", "X: y")]
)
def test_option_of_a_wrong_type_is_named(key: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match=f"option {key}: .* wanted"):
        options({key: value}, SCHEMA)


@pytest.mark.parametrize(
    ("identifier", "element"),  # as sd_bus_path_encode() of systemd 252 gives them
    [
        ("work", "work"),
        ("", "_"),
        ("usb 0b0e", "usb_200b0e"),
        ("1001", "_31001"),
        ("my_phone", "my_5fphone"),
        ("Büro", "B_c3_bcro"),
        ("a.b-c", "a_2eb_2dc"),
    ],
)
def test_path_element_is_escaped_like_sd_bus(identifier: str, element: str) -> None:
    assert path_element(identifier) == element
