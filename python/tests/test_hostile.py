"""Arguments that raise whatever is done with them: the trace is kept, and nothing but the documented errors comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from support import Scripted, accept, sent_traces

from execlave import Execlave

Make = Callable[..., Execlave]


class Undecided:
    """What an array of several numbers does when it is asked whether it is true."""

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")

    def __eq__(self, other: object) -> Any:
        return self

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "[1 2]"


class Unreadable(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("getitem")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("iter")

    def __len__(self) -> int:
        raise RuntimeError("len")

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Pretender(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError("items")

    def keys(self) -> Any:
        raise RuntimeError("keys")

    def get(self, *_: Any) -> Any:
        raise RuntimeError("get")


class Mute:
    def __str__(self) -> str:
        raise RuntimeError("str")


ODD: list[Any] = [Undecided(), Unreadable(), Pretender(spanId="x"), Mute(), 5, b"\xff", ["x"], {}]

NAMES = [
    "trace_id",
    "session_id",
    "user_id",
    "agent_id",
    "metadata",
    "tags",
    "environment",
    "parent_trace_id",
    "span_type",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_object_may_be_passed_wherever_a_trace_is_started(
    name: str, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = accept
    exe = client_of()
    count = 0
    for odd in ODD:
        given = {name: odd}
        exe.start_trace(**given).finish()
        with exe.start_trace(agent_id="p"), exe.start_trace(**given):
            exe.start_trace(**given).finish()
        count += 4
        if name != "trace_id":
            with exe.trace(**given):
                pass
            assert exe.trace(**given)(lambda: "result")() == "result"
            count += 2
    assert exe.flush()["sent"] == count
    assert len(sent_traces(scripted)) == count


def test_odd_values_are_recorded_by_their_text(scripted: Scripted, client_of: Make) -> None:
    scripted.script = accept
    exe = client_of()
    with exe.start_trace(session_id=Undecided(), agent_id="a"):  # type: ignore[arg-type]
        exe.start_trace(user_id=0, tags="one").finish()  # type: ignore[arg-type]
    exe.trace(tags="one")(lambda: None)()
    exe.flush()
    inner, outer, decorated = sent_traces(scripted)
    assert outer["sessionId"] == inner["sessionId"] == "[1 2]"
    assert inner["userId"] == "0" and inner["tags"] == decorated["tags"] == ["one"]


@pytest.mark.parametrize(
    "odd", [*ODD[:4], Pretender(basis="callback"), {Mute(): 1}, {"basis": Mute()}]
)
def test_evidence_that_cannot_be_read_costs_itself(
    odd: Any, scripted: Scripted, client_of: Make
) -> None:
    scripted.script = accept
    exe = client_of()
    with pytest.raises(ValueError, match="effect_evidence"):
        exe.start_trace().set_output("done").finish(effect_evidence=odd)
    assert exe.flush()["sent"] == 1
    (trace,) = sent_traces(scripted)
    assert trace["output"] == "done" and trace["status"] == "success"
    assert "effectEvidence" not in trace
