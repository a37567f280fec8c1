"""What is traced inside a trace belongs to it: across calls, tasks, threads and suspended generators."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, Scripted, accept, eventually, sent_traces

from execlave import Execlave, carry

Make = Callable[..., Execlave]


@pytest.fixture
def exe(scripted: Scripted, client_of: Make) -> Execlave:
    scripted.script = accept
    return client_of()


def sent(exe: Execlave, scripted: Scripted) -> dict[str, dict[str, Any]]:
    """The traces by their input, which the tests make unique."""
    exe.flush()
    return {str(trace.get("input", trace["traceId"])): trace for trace in sent_traces(scripted)}


def assert_child(child: dict[str, Any], parent: dict[str, Any]) -> None:
    assert child["parentTraceId"] == parent["traceId"] != child["traceId"]
    assert child["metadata"]["parentSpanId"] == parent["metadata"]["spanId"]


def test_a_trace_in_a_trace_gets_its_parent_agent_session_and_user(
    exe: Execlave, scripted: Scripted
) -> None:
    @exe.trace(span_type="tool", agent_id="helper")
    def inner(x: int) -> int:
        return x

    with exe.trace(agent_id="boss", session_id="s", user_id="u") as outer:
        outer.set_input("outer")
        exe.start_trace().set_input("middle").finish()
        inner(1)
    exe.start_trace().set_input("after").finish()
    traces = sent(exe, scripted)
    assert_child(traces["middle"], traces["outer"])
    tool = traces["{'x': 1}"]
    assert_child(tool, traces["outer"])
    assert (tool["agentId"], tool["sessionId"], tool["userId"]) == ("helper", "s", "u")
    assert traces["middle"]["agentId"] == "boss"
    assert (tool["metadata"]["spanKind"], tool["metadata"]["rootTraceId"]) == (
        "tool",
        outer.trace_id,
    )
    assert tool["metadata"]["spanName"].endswith("inner")
    assert not {"parentTraceId", "metadata"} & set(traces["after"])


def test_explicit_arguments_win(exe: Execlave, scripted: Scripted) -> None:
    with exe.trace() as outer:
        outer.set_input("outer")
        exe.start_trace(parent_trace_id="tr_mine").set_input("a").finish()
        own = {"spanId": "sp_a", "parentSpanId": "sp_b", "spanName": "n"}
        exe.start_trace(trace_id=outer.trace_id, metadata=own).set_input("b").finish()
    traces = sent(exe, scripted)
    assert traces["a"]["parentTraceId"] == "tr_mine" and "metadata" not in traces["a"]
    assert "parentTraceId" not in traces["b"]
    assert {key: traces["b"]["metadata"][key] for key in own} == own


def test_another_client_is_not_a_parent(exe: Execlave, scripted: Scripted, client_of: Make) -> None:
    other = client_of()
    with exe.trace() as outer, other.trace() as second:
        outer.set_input("outer")
        second.set_input("second")
        exe.start_trace().set_input("child").finish()
    other.flush()
    traces = sent(exe, scripted)
    assert_child(traces["child"], traces["outer"])
    assert "parentTraceId" not in traces["second"]


def test_tasks_and_threads_with_a_copied_context_inherit(exe: Execlave, scripted: Scripted) -> None:
    def record(text: str) -> None:
        exe.start_trace().set_input(text).finish()

    async def task(text: str) -> None:
        async with exe.trace() as trace:
            trace.set_input(text)
            await asyncio.sleep(0)
            record(f"in {text}")

    async def main() -> None:
        with exe.trace() as outer:
            outer.set_input("outer")
            await asyncio.gather(task("one"), task("two"), asyncio.to_thread(record, "thread"))
            context = contextvars.copy_context()
            started = threading.Thread(target=context.run, args=(record, "copied"))
            plain = threading.Thread(target=record, args=("plain",))
            for thread in (started, plain):
                thread.start()
                thread.join()

    asyncio.run(main())
    traces = sent(exe, scripted)
    for name in ("one", "two", "thread", "copied"):
        assert_child(traces[name], traces["outer"])
    for name in ("one", "two"):
        assert_child(traces[f"in {name}"], traces[name])
        assert traces[f"in {name}"]["metadata"]["rootTraceId"] == traces["outer"]["traceId"]
    assert "parentTraceId" not in traces["plain"]


def test_threads_are_given_the_trace_around_them(exe: Execlave, scripted: Scripted) -> None:
    def work(name: str) -> str:
        exe.start_trace().set_input(name).finish()
        return name

    with exe.trace(agent_id="boss") as outer:
        outer.set_input("outer")
        thread = threading.Thread(target=carry(work), args=("thread",))
        thread.start()
        thread.join()
        with ThreadPoolExecutor(4) as pool:
            names = [f"pool {n}" for n in range(8)]
            assert list(pool.map(carry(work), names)) == names
        threading.Thread(target=work, args=("stranger",)).start()
    traces = eventually(lambda: len(found := sent(exe, scripted)) == 11 and found)
    for name in ["thread", *names]:
        assert_child(traces[name], traces["outer"])
        assert traces[name]["agentId"] == "boss"
    assert "parentTraceId" not in traces["stranger"]


def test_tasks_that_share_a_scope_leave_what_they_entered(
    exe: Execlave, scripted: Scripted
) -> None:
    scope = exe.trace(agent_id="x")

    async def block(name: str, fails: bool, entered: asyncio.Event, leave: asyncio.Event) -> None:
        async with scope as trace:
            trace.set_input(name)
            entered.set()
            await leave.wait()
            if fails:
                raise ValueError(name)

    async def main() -> None:
        a_in, b_in, a_leaves, b_leaves = (asyncio.Event() for _ in range(4))
        a = asyncio.create_task(block("a", True, a_in, a_leaves))
        await a_in.wait()
        b = asyncio.create_task(block("b", False, b_in, b_leaves))
        await b_in.wait()
        a_leaves.set()
        with pytest.raises(ValueError):
            await a
        b_leaves.set()
        await b

    asyncio.run(main())
    traces = sent(exe, scripted)
    assert {name: traces[name]["status"] for name in "ab"} == {"a": "error", "b": "success"}
    assert traces["a"]["errorMessage"] == "a"


def test_what_returns_a_coroutine_or_a_future_is_traced_to_its_end(
    exe: Execlave, scripted: Scripted
) -> None:
    async def late(x: str) -> str:
        await asyncio.sleep(0.01)
        exe.start_trace().set_input(f"in {x}").finish()
        if x == "wrong":
            raise RuntimeError(x)
        return x.upper()

    class Callable_:
        async def __call__(self, x: str) -> str:
            return await late(x)

    async def main() -> None:
        assert await exe.trace(lambda x: late(x))("plain") == "PLAIN"
        assert await exe.trace(Callable_())("object") == "OBJECT"
        with pytest.raises(RuntimeError):
            await exe.trace(lambda x: late(x))("wrong")
        task = exe.trace(lambda x: asyncio.create_task(late(x)))("task")
        assert isinstance(task, asyncio.Task) and await task == "TASK"
        gone = exe.trace(lambda x: asyncio.create_task(late(x)))("gone")
        gone.cancel()
        await asyncio.wait([gone])

    asyncio.run(main())
    traces = sent(exe, scripted)
    outputs = {name: traces[str({"x": name})].get("output") for name in ("plain", "object", "task")}
    assert outputs == {"plain": "PLAIN", "object": "OBJECT", "task": "TASK"}
    assert traces["{'x': 'plain'}"]["durationMs"] >= 10
    assert_child(traces["in plain"], traces["{'x': 'plain'}"])
    assert traces["{'x': 'wrong'}"]["errorType"] == "RuntimeError"
    assert traces["{'x': 'gone'}"]["errorType"] == "CancelledError"


def test_a_generator_is_traced_until_it_is_exhausted(exe: Execlave, scripted: Scripted) -> None:
    @exe.trace
    def numbers(n: int) -> Iterator[int]:
        for i in range(n):
            exe.start_trace().set_input(f"step {i}").finish()
            yield i

    consumed = []
    for i in numbers(2):
        # While the generator is suspended, its consumer is not a part of it.
        exe.start_trace().set_input(f"consumer {i}").finish()
        consumed.append(i)
    traces = sent(exe, scripted)
    assert consumed == traces["{'n': 2}"]["output"] == [0, 1]
    for i in range(2):
        assert_child(traces[f"step {i}"], traces["{'n': 2}"])
        assert "parentTraceId" not in traces[f"consumer {i}"]


def test_a_generator_is_still_one(exe: Execlave, scripted: Scripted) -> None:
    @exe.trace
    def echo(name: str) -> Any:
        said = []
        while True:
            try:
                heard = yield name
            except KeyError:
                return said
            said.append(heard)

    ear: Any = echo("a")
    assert next(ear) == "a" and ear.send(1) == "a" and ear.send(2) == "a"
    with pytest.raises(StopIteration) as stopped:
        ear.throw(KeyError("enough"))
    assert stopped.value.value == [1, 2]
    closed: Any = echo("closed")
    next(closed)
    closed.close()
    failed: Any = echo("failed")
    next(failed)
    with pytest.raises(ZeroDivisionError):
        failed.throw(ZeroDivisionError("no"))
    never: Any = echo("never")
    del never
    traces = sent(exe, scripted)
    assert len(traces) == 3
    by_name = {trace["input"]["name"]: trace for trace in traces.values()}
    assert (by_name["a"]["status"], by_name["a"]["output"]) == ("success", ["a"] * 3)
    assert (by_name["closed"]["status"], by_name["closed"]["output"]) == ("success", ["closed"])
    assert (by_name["failed"]["status"], by_name["failed"]["errorType"]) == (
        "error",
        "ZeroDivisionError",
    )


def test_the_output_of_a_long_generator_is_bounded(exe: Execlave, scripted: Scripted) -> None:
    @exe.trace(capture_input=False)
    def many() -> Iterator[int]:
        yield from range(1_500)

    assert sum(1 for _ in many()) == 1_500
    exe.flush()
    trace = sent_traces(scripted)[-1]
    assert len(trace["output"]) == 1_000
    assert trace["metadata"]["itemsYielded"] == 1_500


def test_an_async_generator_is_traced_until_it_ends(exe: Execlave, scripted: Scripted) -> None:
    @exe.trace
    async def numbers(n: int) -> AsyncIterator[int]:
        for i in range(n):
            await asyncio.sleep(0)
            exe.start_trace().set_input(f"step {n} {i}").finish()
            yield i
        if n == 3:
            raise RuntimeError("broken")

    async def main() -> None:
        assert [i async for i in numbers(2)] == [0, 1]
        with pytest.raises(RuntimeError):
            assert [i async for i in numbers(3)]
        closed: Any = numbers(4)
        async for _ in closed:
            exe.start_trace().set_input("consumer").finish()
            break
        await closed.aclose()

    asyncio.run(main())
    traces = sent(exe, scripted)
    two, three, four = (traces[f"{{'n': {n}}}"] for n in (2, 3, 4))
    assert (two["status"], two["output"]) == ("success", [0, 1])
    assert (three["status"], three["errorMessage"], three["output"]) == (
        "error",
        "broken",
        [0, 1, 2],
    )
    assert (four["status"], four["output"]) == ("success", [0])
    assert_child(traces["step 2 1"], two)
    assert "parentTraceId" not in traces["consumer"]


def test_blocks_that_are_left_in_another_order_restore_the_context(
    exe: Execlave, scripted: Scripted
) -> None:
    def block(name: str) -> Iterator[None]:
        with exe.trace() as trace:
            trace.set_input(name)
            yield

    first, second = block("first"), block("second")
    next(first)
    next(second)
    first.close()
    exe.start_trace().set_input("inside").finish()
    second.close()
    exe.start_trace().set_input("after").finish()
    traces = sent(exe, scripted)
    assert_child(traces["inside"], traces["second"])
    assert "parentTraceId" not in traces["after"]


@pytest.mark.parametrize("order", ["method outside", "trace outside"])
def test_methods_of_every_kind(order: str, exe: Execlave, scripted: Scripted) -> None:
    outside = order == "trace outside"

    class Service:
        @exe.trace
        def plain(self, x: int) -> int:
            return x

        def _made(cls, x: int) -> int:
            return x + 1

        def _static(x: int) -> int:  # type: ignore[misc]
            return x + 2

        made: Any = exe.trace(classmethod(_made)) if outside else classmethod(exe.trace(_made))  # type: ignore[type-var, arg-type]
        static: Any = (
            exe.trace(staticmethod(_static)) if outside else staticmethod(exe.trace(_static))
        )  # type: ignore[type-var, arg-type]

    assert (Service().plain(1), Service.made(1), Service.static(1)) == (1, 2, 3)
    exe.flush()
    assert [(t["input"], t["output"]) for t in sent_traces(scripted)] == [
        ({"x": 1}, 1),
        ({"x": 1}, 2),
        ({"x": 1}, 3),
    ]


TYPED = """
from collections.abc import AsyncIterator, Iterator
from execlave import Execlave

exe = Execlave()

@exe.trace
def plain(x: int, *, y: str = "") -> float:
    return x

@exe.trace(agent_id="a")
async def later(x: int) -> str:
    return ""

@exe.trace
def numbers(n: int) -> Iterator[int]:
    yield n

@exe.wrap
async def stream(n: int) -> AsyncIterator[int]:
    yield n

class Service:
    @exe.trace
    def method(self, x: int) -> int:
        return x

    @classmethod
    @exe.trace
    def made(cls, x: int) -> "Service":
        return cls()

reveal_type(plain)
reveal_type(later)
reveal_type(numbers)
reveal_type(stream)
reveal_type(Service().method)
reveal_type(Service.made)
plain("no")
"""


def test_a_decorated_function_keeps_its_type(tmp_path: Path) -> None:
    program = tmp_path / "typed.py"
    program.write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path, program],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT / "python",
    )
    revealed = [line.split('"')[1] for line in done.stdout.splitlines() if "Revealed" in line]
    assert [text.replace("builtins.", "").replace("*", "") for text in revealed] == [
        "def (x: int, *, y: str =) -> float".replace("*, ", ", "),
        "def (x: int) -> typing.Coroutine[Any, Any, str]",
        "def (n: int) -> typing.Iterator[int]",
        "def (n: int) -> typing.AsyncIterator[int]",
        "def (x: int) -> int",
        "def (x: int) -> typed.Service",
    ], done.stdout
    assert done.stdout.count("error:") == 1 and 'Argument 1 to "plain"' in done.stdout
