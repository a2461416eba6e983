# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages as bytes, against a foreign writer of them: that of dbus-next."""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhookd.bus.marshal import Field, Kind, Variant, message
from offhookd.bus.signature import RANGES, split

_next: Any = import_module("dbus_next")

BASIC = "ybnqiuxtdsog"
PATH, INTERFACE, MEMBER = "/org/example/One", "org.example.One", "Changed"
SERIAL = 77

types = st.recursive(
    st.sampled_from([*BASIC, "v"]),
    lambda inner: st.one_of(
        inner.map(lambda one: f"a{one}"),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: f"({''.join(some)})"),
        st.tuples(st.sampled_from(BASIC), inner).map(lambda pair: f"a{{{pair[0]}{pair[1]}}}"),
    ),
    max_leaves=5,
)


def values(signature: str) -> st.SearchStrategy[Any]:
    """Encoded ones, as `encode` makes them."""
    if signature == "ay":
        return st.binary(max_size=9)
    if signature.startswith("a{"):
        key, value = split(signature[2:-1])
        return st.dictionaries(values(key), values(value), max_size=3)
    if signature.startswith("a"):
        return st.lists(values(signature[1:]), max_size=3)
    if signature.startswith("("):
        return st.tuples(*map(values, split(signature[1:-1]))).map(list)
    return basic_values[signature]


def variants_of(signature: str) -> st.SearchStrategy[Variant]:
    return values(signature).map(lambda value: Variant(signature, value))


basic_values: dict[str, st.SearchStrategy[Any]] = {
    **{code: st.integers(*limits) for code, limits in RANGES.items()},
    "s": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
    "o": st.sampled_from(["/", "/a", "/org/example/Two_2"]),
    "g": st.sampled_from(["", "s", "a{sv}(ii)"]),
    "b": st.booleans(),
    "d": st.floats(),
    "v": types.filter(lambda one: "v" not in one).flatmap(variants_of),
}

bodies = st.lists(types, max_size=3).flatmap(
    lambda signatures: st.tuples(
        st.just("".join(signatures)), st.tuples(*map(values, signatures)).map(list)
    )
)


def theirs(value: Any) -> Any:
    """With variants as dbus-next has them."""
    if isinstance(value, Variant):
        return _next.Variant(value.signature, theirs(value.value))
    if isinstance(value, list):
        return [theirs(item) for item in value]
    if isinstance(value, dict):
        return {key: theirs(item) for key, item in value.items()}
    return value


def written_by_them(kind: Kind, signature: str, body: list[Any], **fields: Any) -> bytes:
    flags = _next.MessageFlag.NO_REPLY_EXPECTED
    one = _next.Message(
        message_type=_next.MessageType(kind),
        flags=flags,
        serial=SERIAL,
        signature=signature,
        body=theirs(body),
        **fields,
    )
    return bytes(one._marshall())


@given(bodies)
def test_every_value_is_written_as_another_library_writes_it(body: tuple[str, list[Any]]) -> None:
    fields: dict[Field, object] = {
        Field.PATH: PATH,
        Field.INTERFACE: INTERFACE,
        Field.MEMBER: MEMBER,
    }
    named: dict[str, Any] = {"path": PATH, "interface": INTERFACE, "member": MEMBER}
    assert message(Kind.SIGNAL, SERIAL, fields, *body) == written_by_them(
        Kind.SIGNAL, *body, **named
    )


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        (Kind.METHOD_RETURN, {}, {}),
        (Kind.ERROR, {Field.ERROR_NAME: "org.example.Error"}, {"error_name": "org.example.Error"}),
    ],
)
def test_replies_are_addressed_as_another_library_does(
    kind: Kind, fields: dict[Field, object], named: dict[str, str]
) -> None:
    address: dict[Field, object] = {Field.REPLY_SERIAL: 9, Field.DESTINATION: ":1.7"}
    ours = message(kind, SERIAL, {**fields, **address}, "s", ["Why"])
    assert ours == written_by_them(kind, "s", ["Why"], **named, reply_serial=9, destination=":1.7")
