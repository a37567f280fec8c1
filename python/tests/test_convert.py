"""Any object can be recorded; one that cannot costs itself and nothing else."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from support import Scripted, accept, sent_traces

from execlave import Execlave, MetadataContractError

Make = Callable[..., Execlave]


@dataclasses.dataclass
class Point:
    x: int
    tags: set[str]


class Model:
    """Describes itself as pydantic's models do."""

    def model_dump(self) -> dict[str, Any]:
        return {"when": datetime.date(2026, 1, 2)}


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Pair(NamedTuple):
    a: int
    b: int


class Text(str):
    def __str__(self) -> str:
        return "overridden"


class OnlyRepr:
    def __repr__(self) -> str:
        return "<only repr>"


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no")


class Liar:
    """Pretends to have every method."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: Liar()

    def __repr__(self) -> str:
        return "<liar>"


class Endless:
    def model_dump(self) -> Any:
        return Endless()


def circular() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    return items


CASES: dict[str, tuple[Any, Any]] = {
    "scalars": ([None, True, 1, 1.5, "x"], [None, True, 1, 1.5, "x"]),
    "large": (
        [2**63 - 1, 2**64 - 1, 2**64, -(2**70)],
        [2**63 - 1, 2**64 - 1, str(2**64), str(-(2**70))],
    ),
    "not numbers": ([float("nan"), float("inf"), -float("inf")], ["NaN", "Infinity", "-Infinity"]),
    "dataclass": (Point(1, {"b", "a"}), {"x": 1, "tags": ["a", "b"]}),
    "pydantic": (Model(), {"when": "2026-01-02"}),
    "dates": (
        [
            datetime.datetime(2026, 1, 2, 3, 4, 5, 6000),
            datetime.time(1, 2),
            datetime.timedelta(seconds=90),
        ],
        ["2026-01-02T03:04:05.006000", "01:02:00", 90.0],
    ),
    "enums": ([Color.RED, Level.HIGH], ["red", 3]),
    "subclasses": (
        [Text("text"), Pair(1, 2), collections.OrderedDict(k=1)],
        ["text", [1, 2], {"k": 1}],
    ),
    "bytes": ([b"abc", b"\xff", bytearray(b"x"), memoryview(b"y")], ["abc", "/w==", "x", "y"]),
    "sets": ([{2, 1}, frozenset("a"), {1, "a"}], [[1, 2], ["a"], ["a", 1]]),
    "names": (
        [uuid.UUID(int=1), decimal.Decimal("1.10"), pathlib.PurePosixPath("/a")],
        ["00000000-0000-0000-0000-000000000001", "1.10", "/a"],
    ),
    "keys": (
        {1: "a", None: "b", False: "c", (1, 2): "d"},
        {"1": "a", "false": "c", "null": "b", "(1, 2)": "d"},
    ),
    "exception": (ValueError("bad"), "ValueError: bad"),
    "repr": ([OnlyRepr(), Liar()], ["<only repr>", "<liar>"]),
    "hostile": ([Hostile(), 1], ["[unserializable:Hostile]", 1]),
    "circular": (circular(), [1, "[CIRCULAR]"]),
    "surrogates": (["a\ud800b", "\U0001f600", "nul\0"], ["a\ufffdb", "\U0001f600", "nul\ufffd"]),
    "shared": ([[1]] * 2, [[1], [1]]),
}


@pytest.mark.parametrize("case", CASES)
def test_any_object_is_recorded(case: str, scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    given, expected = CASES[case]
    client = client_of()
    client.start_trace().set_input(given).set_output({"o": given}).add_metadata(
        {"m": given}
    ).finish()
    assert client.flush()["sent"] == 1
    [trace] = sent_traces(scripted)
    assert trace["input"] == expected
    assert trace["output"] == {"o": expected}
    assert trace["metadata"] == {"m": expected}


@pytest.mark.parametrize("case", sorted(set(CASES) - {"hostile"}))
def test_any_object_is_asked_about(case: str, scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    given, expected = CASES[case]
    assert client_of().enforce_policy("a", "x", metadata={"m": given}) == {
        "allowed": True,
        "source": "server",
    }
    [asked] = scripted.requests("/api/v1/policies/enforce")
    assert asked.json["metadata"] == {"m": expected}


def test_what_cannot_be_described_is_not_asked_about(client_of: Make) -> None:
    for odd in (Hostile(), {Hostile(): 1}, Endless(), 10**5_000):
        with pytest.raises(MetadataContractError, match=r"`metadata\.m"):
            client_of().enforce_policy("a", "x", metadata={"m": odd})


def test_depth_is_limited(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    deep: Any = "bottom"
    for _ in range(40):
        deep = [deep]
    client = client_of()
    client.start_trace().set_input(deep).set_output(Endless()).finish()
    client.flush()
    [trace] = sent_traces(scripted)
    value, levels = trace["input"], 0
    while isinstance(value, list):
        value, levels = value[0], levels + 1
    assert (value, levels) == ("[REDACTED_DEPTH_LIMIT]", 32)
    assert trace["output"] == "[REDACTED_DEPTH_LIMIT]"


def test_an_interrupt_is_not_swallowed(client_of: Make) -> None:
    class Interrupting:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client_of().enforce_policy("a", "x", metadata={"m": Interrupting()})


def test_what_changes_later_does_not_change_what_was_recorded(
    scripted: Scripted, client_of: Make
) -> None:
    scripted.script = accept
    client = client_of()
    given = {"a": [1]}
    trace = client.start_trace(metadata=given).set_input(given)
    given["a"].append(2)
    trace.finish()
    client.flush()
    [sent] = sent_traces(scripted)
    assert sent["input"] == sent["metadata"] == {"a": [1]}
