# SPDX-License-Identifier: GPL-2.0-or-later
"""Our `dataclass` does what the standard library's does, as far as we use it."""

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from offhookd import dataclass as ours

makers = pytest.mark.parametrize("make", [dataclasses.dataclass, ours.dataclass])
Make = Callable[..., Callable[[type], Any]]


def point(make: Make, **options: bool) -> Any:
    @make(slots=True, **options)
    class Point:
        x: int
        y: int = 2
        tags: list[str] = field(default_factory=list, repr=False, compare=False)

    return Point


@makers
def test_fields_are_taken_in_order_by_name_or_from_their_defaults(make: Make) -> None:
    made = point(make, frozen=True)(1, tags=["a"])
    assert (made.x, made.y, made.tags) == (1, 2, ["a"])
    assert point(make)(1).tags is not point(make)(1).tags


@makers
@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1, 2, [], 4), {}), ((1,), {"z": 3}), ((), {"y": 1})]
)
def test_what_does_not_fit_is_a_type_error(
    make: Make, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        point(make)(*args, **kwargs)


@makers
def test_equality_hash_and_text_follow_the_fields_that_count(make: Make) -> None:
    kind = point(make, frozen=True)
    assert kind(1, 2, ["a"]) == kind(1, 2, ["b"]) != kind(1, 3)
    assert kind(1) != (1, 2)
    assert hash(kind(1, 2, ["a"])) == hash(kind(1))
    assert repr(kind(1)).endswith("Point(x=1, y=2)")
    assert point(make).__hash__ is None


@makers
def test_identity_counts_where_equality_is_not_wanted(make: Make) -> None:
    kind = point(make, eq=False)
    one = kind(1)
    assert one == one != kind(1)  # noqa: PLR0124 - that is the question
    assert {one}


@makers
def test_a_frozen_one_never_changes(make: Make) -> None:
    one = point(make, frozen=True)(1)
    with pytest.raises(FrozenInstanceError):
        one.x = 2
    with pytest.raises(FrozenInstanceError):
        del one.x
    changeable = point(make)(1)
    changeable.x = 2
    assert changeable.x == 2


@makers
def test_the_tools_of_the_standard_library_work(make: Make) -> None:
    one = point(make, frozen=True)(1)
    assert dataclasses.replace(one, y=5) == type(one)(1, 5)
    assert dataclasses.asdict(one) == {"x": 1, "y": 2, "tags": []}
    assert type(one).__match_args__ == ("x", "y", "tags")


@makers
def test_an_heir_has_the_fields_of_both_and_is_told_when_it_is_complete(make: Make) -> None:
    @make(slots=True, kw_only=True)
    class Heir(point(make)):  # type: ignore[misc]  # a base that is made at run time
        z: int = 0

        def __post_init__(self) -> None:
            self.z += self.x

    assert Heir(1, z=2).z == 3
    with pytest.raises(TypeError):
        Heir(1, 2, [], 3)
