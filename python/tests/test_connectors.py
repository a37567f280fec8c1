"""The two calls that are older than the adapters: they say so, and are governed all the same."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from support import Request, Scripted, accept, sent_traces

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]
MESSAGES = [{"role": "user", "content": "hi"}]


class Answer:
    """What a client returns: an object that is no JSON."""

    model = "answered-1"
    usage = SimpleNamespace(prompt_tokens=7, completion_tokens=3)

    def __init__(self, content: str | None) -> None:
        self.choices = [SimpleNamespace(message=SimpleNamespace(content=content))]


class Framework:
    """A client and a runnable, which count how often they were called."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.calls: list[Any] = []
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=self._call))

    def _call(self, **request: Any) -> Any:
        self.calls.append(request)
        return self.result

    def invoke(self, value: Any) -> Any:
        self.calls.append(value)
        return self.result


def run_openai_chat(exe: Execlave, framework: Any, agent_id: str = "a", **more: Any) -> Any:
    with pytest.warns(DeprecationWarning, match=r"removal in 2\.0.*instrument_openai"):
        return execlave.run_openai_chat(
            exe, framework, agent_id=agent_id, input_text="hi", model="m", messages=MESSAGES, **more
        )


def run_langchain(exe: Execlave, framework: Any, agent_id: str = "a", **more: Any) -> Any:
    with pytest.warns(DeprecationWarning, match=r"removal in 2\.0.*ExeclaveCallbackHandler"):
        return execlave.run_langchain(exe, framework, agent_id=agent_id, input_text="hi", **more)


BOTH = pytest.mark.parametrize("run", [run_openai_chat, run_langchain])


@pytest.fixture
def exe(scripted: Scripted, client_of: Make) -> Execlave:
    scripted.script = accept
    return client_of(enforcement_on_outage="fail_closed")


def recorded(exe: Execlave, scripted: Scripted) -> dict[str, Any]:
    """The one trace."""
    exe.flush()
    (trace,) = sent_traces(scripted)
    return trace


def test_a_chat_returns_the_answer_and_records_its_text(exe: Execlave, scripted: Scripted) -> None:
    framework = Framework(Answer("hello"))
    answer = run_openai_chat(
        exe, framework, metadata={"team": "b"}, estimated_cost=0.5, tools=["search"]
    )
    assert answer is framework.result
    assert framework.calls == [{"model": "m", "messages": MESSAGES}]
    (asked,) = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    assert (asked["input"], asked["estimatedCost"], asked["tools"]) == ("hi", 0.5, ["search"])
    assert asked["metadata"] == {"team": "b"}
    trace = recorded(exe, scripted)
    assert (trace["metadata"]["connector"], trace["metadata"]["team"]) == ("openai", "b")
    assert (trace["input"], trace["output"]) == (MESSAGES, "hello")
    assert (trace["modelName"], trace["promptTokens"], trace["completionTokens"]) == (
        "answered-1",
        7,
        3,
    )


def test_a_chain_returns_its_result_and_records_it(exe: Execlave, scripted: Scripted) -> None:
    framework = Framework(SimpleNamespace(content="hello"))
    assert run_langchain(exe, framework) is framework.result
    assert framework.calls == ["hi"]
    trace = recorded(exe, scripted)
    assert trace["metadata"]["connector"] == "langchain"
    assert (trace["input"], trace["output"]) == ("hi", "hello")


@BOTH
def test_what_has_no_words_is_recorded_as_far_as_it_can_be(
    run: Any, exe: Execlave, scripted: Scripted
) -> None:
    run(exe, Framework(object()))
    assert recorded(exe, scripted)["output"] == "[unserializable:object]"


@BOTH
def test_the_gate_is_before_the_call(run: Any, exe: Execlave, scripted: Scripted) -> None:
    violations = [{"policyType": "content_filter", "message": "no"}]

    def script(request: Request) -> Any:
        if request.path.endswith("/policies/enforce"):
            return 403, {"allowed": False, "violations": violations}
        return accept(request)

    scripted.script = script
    framework = Framework("x")
    with pytest.raises(execlave.PolicyBlockedError):
        run(exe, framework)
    assert framework.calls == []
    assert recorded(exe, scripted)["status"] == "policy_blocked"


@BOTH
@pytest.mark.parametrize("status", [400, 401, 429])
def test_closed_means_closed(run: Any, status: int, exe: Execlave, scripted: Scripted) -> None:
    scripted.script = lambda request: (status, {"error": {"code": "X", "message": "no"}})
    framework = Framework("x")
    with pytest.raises(execlave.ExeclaveError):
        run(exe, framework)
    assert framework.calls == []


@BOTH
def test_an_error_of_the_call_is_recorded_and_raised(
    run: Any, exe: Execlave, scripted: Scripted
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise KeyError("missing")

    create = SimpleNamespace(completions=SimpleNamespace(create=fail))
    with pytest.raises(KeyError):
        run(exe, SimpleNamespace(chat=create, invoke=fail))
    assert recorded(exe, scripted)["errorType"] == "KeyError"


@BOTH
def test_an_agent_and_something_to_call_are_needed(run: Any, exe: Execlave) -> None:
    with pytest.raises(ValueError, match="agent_id"):
        run(exe, Framework("x"), agent_id="")
    with pytest.raises(TypeError, match=r"create|invoke"):
        run(exe, object())


def test_an_asynchronous_client_is_refused(exe: Execlave) -> None:
    async def create(**request: Any) -> None:
        """Never called."""

    client = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
    with pytest.raises(TypeError, match="synchronous"):
        run_openai_chat(exe, client)


@BOTH
def test_metadata_must_be_a_mapping(run: Any, exe: Execlave) -> None:
    with pytest.raises(execlave.MetadataContractError):
        run(exe, Framework("x"), metadata=["a"])
