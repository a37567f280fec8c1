"""Metadata of questions: plain values, and the same for the same action."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Any

import pytest

from execlave import MetadataContractError
from execlave.integrations._sealed import sealed, sealed_text


class Bare:
    """An object that has nothing but its address."""


class Described:
    """An object that describes itself."""

    def __repr__(self) -> str:
        return "Described(1)"


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Order:
    when: datetime.date
    thing: Any


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
        (print, "<built-in function print>"),
        (lambda: None, "[unserializable:function]"),
        (cycle(), ["[unserializable:cycle]"]),
        ("a text about <x at 0x12>", "a text about <x at 0x12>"),
    ],
)
def test_every_value_becomes_a_plain_one(value: Any, plain: Any) -> None:
    assert sealed({"value": value}) == {"value": plain}


def test_what_lies_too_deep_is_cut_off() -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = [deep]
    text = sealed_text(deep)
    assert "bottom" not in text and "[unserializable:depth]" in text


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
