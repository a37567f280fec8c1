"""The two deprecated calls that ask, act and record in one."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from support import Server

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]


@dataclasses.dataclass
class Usage:
    prompt_tokens: int = 3
    completion_tokens: int = 4


@dataclasses.dataclass
class Completion:
    text: str
    usage: Usage = dataclasses.field(default_factory=Usage)


class OpenAi:
    """The part of an OpenAI client that is called."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.failure = failure
        self.chat = self
        self.completions = self

    def create(self, **request: Any) -> Completion:
        self.asked.append(request)
        if self.failure is not None:
            raise self.failure
        return Completion("hi")


class Runnable:
    """A LangChain runnable."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def invoke(self, input: Any) -> dict[str, Any]:
        self.asked.append(input)
        return {"answer": 42}


MESSAGES = [{"role": "user", "content": "May I?"}]


def chat(exe: Execlave, client: Any, agent: str, text: str = "May I?", **more: Any) -> Any:
    with pytest.warns(DeprecationWarning, match="instrument_openai"):
        return execlave.run_openai_chat(
            exe, client, agent_id=agent, input_text=text, model="gpt-4o", messages=MESSAGES, **more
        )


def run(exe: Execlave, runnable: Any, agent: str, text: str = "May I?", **more: Any) -> Any:
    with pytest.warns(DeprecationWarning, match="ExeclaveCallbackHandler"):
        return execlave.run_langchain(exe, runnable, agent_id=agent, input_text=text, **more)


def test_a_chat_is_asked_about_made_and_recorded(connect: Make, server: Server, name: str) -> None:
    exe, client = connect(), OpenAi()
    exe.register_agent(name, name)
    about = {"metadata": {"k": 1}, "tools": ["t"], "estimated_cost": 0.5}
    assert chat(exe, client, name, **about) == Completion("hi")
    assert client.asked == [{"model": "gpt-4o", "messages": MESSAGES}]
    exe.flush()
    (trace,) = server.traces(name)
    assert (trace["input"], trace["modelName"], trace["status"]) == ("May I?", "gpt-4o", "success")
    assert trace["output"] == {"text": "hi", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}
    assert (trace["promptTokens"], trace["completionTokens"]) == (3, 4)
    assert (trace["metadata"]["connector"], trace["metadata"]["k"]) == ("openai", 1)


def test_a_runnable_is_asked_about_invoked_and_recorded(
    connect: Make, server: Server, name: str
) -> None:
    exe, runnable = connect(), Runnable()
    exe.register_agent(name, name)
    assert run(exe, runnable, name, metadata={"connector": "mine"}) == {"answer": 42}
    assert runnable.asked == ["May I?"]
    exe.flush()
    (trace,) = server.traces(name)
    assert (trace["input"], trace["output"]) == ("May I?", {"answer": 42})
    assert trace["metadata"]["connector"] == "mine"


def test_what_is_refused_does_not_happen(connect: Make, server: Server, name: str) -> None:
    exe, client, runnable = connect(enforcement_on_outage="fail_closed"), OpenAi(), Runnable()
    exe.register_agent(name, name)
    server.policy(name, "access_control", "block", name, deniedTools=["rm"])
    for call, one in ((chat, client), (run, runnable)):
        with pytest.raises(execlave.PolicyBlockedError):
            call(exe, one, name, tools=["rm"])
    gone = Execlave("k", "http://127.0.0.1:1", enforcement_on_outage="fail_closed")
    with gone, pytest.raises(execlave.EnforcementUnavailableError):
        chat(gone, client, name)
    assert (client.asked, runnable.asked) == ([], [])


def test_what_fails_is_recorded_and_raised(connect: Make, server: Server, name: str) -> None:
    exe = connect()
    exe.register_agent(name, name)
    with pytest.raises(ConnectionError, match="no model"):
        chat(exe, OpenAi(ConnectionError("no model")), name)
    exe.flush()
    (trace,) = server.traces(name)
    assert (trace["status"], trace["errorType"]) == ("error", "ConnectionError")


def test_a_client_that_is_awaited_is_refused_before_anything_is_asked(connect: Make) -> None:
    class Awaited(OpenAi):
        async def create(self, **request: Any) -> Completion:  # type: ignore[override]
            return Completion("hi")

    with pytest.raises(TypeError, match="instrument_openai"):
        chat(connect(), Awaited(), "a")


def test_the_arguments_are_those_of_the_published_calls() -> None:
    shared = ["exe", "agent_id", "input_text", "metadata", "tools", "estimated_cost"]
    for call, own in (
        (execlave.run_openai_chat, ["openai_client", "model", "messages"]),
        (execlave.run_langchain, ["runnable"]),
    ):
        parameters = inspect.signature(call).parameters
        assert sorted(parameters) == sorted(shared + own)
        given = [p.name for p in parameters.values() if p.kind is not p.KEYWORD_ONLY]
        assert given == ["exe", own[0]]
