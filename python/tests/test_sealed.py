"""Metadata of questions: plain values, and the same for the same action."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from execlave import MetadataContractError
from execlave.integrations._sealed import recorded_value, sealed, sealed_text, sealed_value


class Bare:
    """An object that has nothing but its address."""


class Described:
    """An object that describes itself."""

    def __repr__(self) -> str:
        return "Described(1)"


class Point(NamedTuple):
    x: int
    y: int


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Order:
    when: datetime.date
    thing: Any


class Hostile:
    """An object that pretends, and fails whoever asks."""

    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("ask somebody else")

    def __repr__(self) -> str:
        raise RuntimeError("ask somebody else")


class Broken(dict[str, Any]):
    """A dict whose own methods fail."""

    def items(self) -> Any:
        raise RuntimeError("no")


def cycle() -> Any:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (
            Order(datetime.date(2026, 1, 2), Bare()),
            {"when": "2026-01-02", "thing": "[unserializable:Bare]"},
        ),
        (Colour.RED, "red"),
        ({3, 1, 2}, [1, 2, 3]),
        (b"text", "text"),
        ((1, None, True, 0.5), [1, None, True, 0.5]),
        ({1: "a", Colour.RED: "b"}, {"1": "a", "red": "b"}),
        (Bare(), "[unserializable:Bare]"),
        (Described(), "Described(1)"),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Point(1, 2), [1, 2]),
        (print, "<built-in function print>"),
        (lambda: None, "[unserializable:function]"),
        (cycle(), ["[unserializable:cycle]"]),
        ("a text about <x at 0x12>", "a text about <x at 0x12>"),
    ],
)
def test_every_value_becomes_a_plain_one(value: Any, plain: Any) -> None:
    assert sealed({"value": value}) == {"value": plain}


def test_a_record_does_not_fail_because_of_what_it_records() -> None:
    hostile = sealed({"object": Hostile(), "dict": Broken(a=[1])})
    assert hostile == {"object": "[unserializable:Hostile]", "dict": {"a": [1]}}


def test_what_lies_too_deep_is_refused_in_a_question_and_cut_off_in_a_record() -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = [deep]
    assert "bottom" in sealed_text(deep)
    assert "[unserializable:depth]" in str(recorded_value(deep))
    for _ in range(100):
        deep = [deep]
    for seal in (sealed_text, sealed_value):
        with pytest.raises(MetadataContractError, match="levels deep"):
            seal(deep)
    assert "[unserializable:depth]" in str(recorded_value(deep))


def test_what_would_be_used_up_is_refused_in_a_question() -> None:
    items = iter([1])
    with pytest.raises(MetadataContractError, match="used up"):
        sealed({"items": items})
    assert recorded_value({"items": items}) == {"items": "[unserializable:list_iterator]"}
    assert next(items) == 1


def test_a_copy_is_asked_about() -> None:
    given = {"list": [1]}
    copied = sealed(given)
    given["list"].append(2)
    assert copied == {"list": [1]}
    assert sealed(copied) is copied


def test_the_same_thing_twice_is_no_cycle() -> None:
    shared = [1]
    assert sealed({"a": shared, "b": shared}) == {"a": [1], "b": [1]}


@pytest.mark.parametrize("metadata", [None, [], "text", 1, {1: 2}])
def test_what_is_no_metadata_is_refused(metadata: Any) -> None:
    with pytest.raises(MetadataContractError, match="metadata must be a mapping"):
        sealed(metadata)
