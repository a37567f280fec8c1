"""What a test plays through a framework: a prompt, what the model answers, and one tool; and what came of it."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

MODEL = "scripted-1"


@dataclass
class Call:
    """The model asks for the tool `lookup` with this key."""

    key: str


@dataclass
class Scenario:
    """One run of an agent."""

    prompt: str = "what is in a"
    steps: list[Call | str] = field(default_factory=lambda: [Call("a"), "it is blue"])
    tool: Callable[[str], str] = lambda key: f"content of {key}"
    executed: list[str] = field(default_factory=list)
    """The keys that the tool was really called with."""
    seen: list[str] = field(default_factory=list)
    """What the model was shown, one text for each call."""
    heard: list[str] = field(default_factory=list)
    """What the application's own callbacks heard."""

    def __post_init__(self) -> None:
        self._answers: Iterator[Call | str] = iter(self.steps)

    def lookup(self, key: str) -> str:
        """Look something up."""
        self.executed.append(key)
        return self.tool(key)

    def answer(self, shown: Any) -> Call | str:
        """Answer as the model."""
        self.seen.append(str(shown))
        answer = next(self._answers, None)
        # Not StopIteration: raised into a future, that would never arrive.
        assert answer is not None, "the model was asked once too often"
        return answer


class Framework(Protocol):
    """One framework with its adapter, as a module of `frameworks/`."""

    MODES: tuple[str, ...]
    GATES: frozenset[str]

    def play(self, exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
        """Play the scenario, governed; `twice` instruments twice. Returns what the agent came to."""


def framework(name: str) -> Framework:
    """The module for a framework; a missing package is an error, not a reason to skip."""
    module: Any = importlib.import_module(f"frameworks.{name}")
    return module


def in_background(call: Callable[[], Any]) -> Callable[[], Any]:
    """Run `call` in a thread; the returned function waits for it and gives what it gave or raised."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append((call(), None))
        except BaseException as error:
            result.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> Any:
        thread.join(30)
        assert result, "it never ended"
        value, error = result[0]
        if error is not None:
            raise error
        return value

    return wait
