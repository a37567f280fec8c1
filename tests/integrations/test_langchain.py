"""LangChain's handler: what each callback asks about and records, and that waiting holds nobody else up."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from scenario import Scenario, framework
from support import Request, Scripted, Server, accept, sent_traces

import execlave
from execlave import Execlave
from execlave.integrations._texts import question_of

ClientOf = Callable[..., Execlave]


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The framework's module, in the environments that have a LangChain."""
    if "langchain" not in request.config.getoption("--frameworks").split(","):
        pytest.skip("for LangChain only")
    return framework("langchain")


@pytest.fixture
def exe(scripted: Scripted, client_of: ClientOf) -> Execlave:
    scripted.script = accept
    return client_of(enforcement_on_outage="fail_closed")


@pytest.fixture
def handler(module: Any, exe: Execlave) -> Any:
    from execlave.integrations import ExeclaveCallbackHandler

    return ExeclaveCallbackHandler(exe, agent_id="a")


def questions(scripted: Scripted) -> list[dict[str, Any]]:
    return [request.json for request in scripted.requests("/api/v1/policies/enforce")]


def spans(exe: Execlave, scripted: Scripted) -> dict[str, dict[str, Any]]:
    """What was recorded, by kind."""
    exe.flush()
    return {span["metadata"]["spanKind"]: span for span in sent_traces(scripted)}


def test_a_handler_raises_and_is_inline(handler: Any) -> None:
    assert (handler.raise_error, handler.run_inline) == (True, True)


def test_the_outermost_chain_is_asked_about_and_covers_its_model(
    module: Any, handler: Any, exe: Execlave, scripted: Scripted
) -> None:
    scenario = Scenario(steps=["it is blue"])
    inputs = {"input": scenario.prompt}
    module.invoke(module.runnable(scenario), inputs, {"callbacks": [handler]}, "sync")
    (question,) = questions(scripted)
    assert question["metadata"] == {"chainInputs": inputs}
    assert spans(exe, scripted).keys() == {"chain", "llm"}


@pytest.mark.parametrize("covered", [True, False])
def test_a_chain_without_words_covers_nothing(
    covered: bool, module: Any, handler: Any, scripted: Scripted
) -> None:
    scenario = Scenario(prompt="hi" if covered else " ", steps=["it is blue"])
    config = {"callbacks": [handler]}
    module.invoke(module.runnable(scenario), {"input": scenario.prompt}, config, "sync")
    assert len(questions(scripted)) == (1 if covered else 2)


def test_a_model_that_no_chain_covers_is_asked_about(
    module: Any, handler: Any, scripted: Scripted
) -> None:
    from langchain_core.language_models.fake import FakeListLLM

    module.ScriptedModel(scenario=Scenario(steps=["blue"])).invoke(
        [("user", "hi")], {"callbacks": [handler]}
    )
    FakeListLLM(responses=["blue"]).invoke("ho", {"callbacks": [handler]})
    chat, llm = questions(scripted)
    assert (chat["input"], llm["input"]) == ("hi", "ho")
    assert chat["metadata"]["chatMessages"][0][0]["content"] == "hi"
    assert llm["metadata"] == {"llmPrompts": ["ho"]}


def test_a_tool_is_asked_about_by_name(module: Any, handler: Any, scripted: Scripted) -> None:
    from langchain_core.tools import StructuredTool

    tool = StructuredTool.from_function(Scenario().lookup, name="lookup")
    tool.invoke({"key": "a"}, {"callbacks": [handler]})
    question = questions(scripted)[0]
    assert (question["tools"], question["metadata"]) == (["lookup"], {"toolInput": {"key": "a"}})


def test_of_documents_only_their_origin_is_recorded(
    module: Any, handler: Any, exe: Execlave, scripted: Scripted
) -> None:
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class Shelf(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return [Document("the secret words", id="d-1", metadata={"source": "a.txt", "x": 1})]

    Shelf().invoke("where", {"callbacks": [handler]})
    span = spans(exe, scripted)["retriever"]
    assert span["output"] == [{"id": "d-1", "source": "a.txt", "length": 16}]
    # They are looked at, though, before a model reads them.
    (question,) = questions(scripted)
    assert question["toolOutputs"][0]["output"] == ["the secret words"]


def test_what_an_agent_chose_and_came_to_is_recorded(
    module: Any, handler: Any, exe: Execlave, scripted: Scripted
) -> None:
    from langchain_core.agents import AgentAction, AgentFinish

    run = uuid.uuid4()
    handler.on_chain_start({"name": "c"}, {"input": "hi"}, run_id=run)
    handler.on_agent_action(AgentAction("lookup", "a", ""), run_id=run)
    handler.on_agent_finish(AgentFinish({"output": "blue"}, ""), run_id=run)
    handler.on_chain_end({}, run_id=run)
    exe.flush()
    agents = {s["metadata"]["spanName"]: s["output"] for s in sent_traces(scripted)}
    assert agents["action"] == {"tool": "lookup", "input": "a"}
    assert agents["finish"] == {"output": "blue"}


@pytest.mark.parametrize("key", ["token_usage", "usage"])
def test_tokens_are_found_in_what_a_model_tells(
    key: str, module: Any, handler: Any, exe: Execlave, scripted: Scripted
) -> None:
    from langchain_core.outputs import Generation, LLMResult

    run = uuid.uuid4()
    told = {key: {"prompt_tokens": 7, "completion_tokens": 3}, "model_name": "m-1"}
    handler.on_llm_start({"name": "m"}, ["hi"], run_id=run)
    handler.on_llm_end(LLMResult(generations=[[Generation(text="x")]], llm_output=told), run_id=run)
    span = spans(exe, scripted)["llm"]
    assert (span["promptTokens"], span["completionTokens"], span["modelName"]) == (7, 3, "m-1")


def test_an_error_is_recorded_by_its_class(
    module: Any, handler: Any, exe: Execlave, scripted: Scripted
) -> None:
    from langchain_core.tools import StructuredTool

    def fail(key: str) -> str:
        raise LookupError(key)

    tool = StructuredTool.from_function(Scenario(tool=fail).lookup, name="lookup")
    with pytest.raises(LookupError):
        tool.invoke({"key": "a"}, {"callbacks": [handler]})
    span = spans(exe, scripted)["tool"]
    assert (span["status"], span["errorType"]) == ("error", "LookupError")


@pytest.mark.parametrize(
    ("policy_type", "error"),
    [("content_filter", "ExeclavePolicyError"), ("custom_validator", "ValidatorDeniedError")],
)
def test_a_block_has_a_name_of_its_own(
    policy_type: str, error: str, module: Any, handler: Any, scripted: Scripted
) -> None:
    violations = [{"policyType": policy_type, "message": "no"}]

    def script(request: Request) -> Any:
        if request.path.endswith("/policies/enforce"):
            return 403, {"allowed": False, "violations": violations}
        return accept(request)

    scripted.script = script
    chain = module.runnable(Scenario())
    with pytest.raises(execlave.PolicyBlockedError) as raised:
        chain.invoke({"input": "hi"}, {"callbacks": [handler]})
    assert type(raised.value).__name__ == error
    assert raised.value.violations == violations


def test_waiting_for_a_person_does_not_stop_the_event_loop(
    module: Any, connect: ClientOf, server: Server, agent: str
) -> None:
    from execlave.integrations import ExeclaveCallbackHandler

    exe = connect(enforcement_on_outage="fail_closed")
    exe.register_agent(agent, agent)
    server.policy(agent, "action_approval", "require_approval", agent, tools=["lookup"])
    handler = ExeclaveCallbackHandler(exe, agent_id=agent)
    scenario = Scenario()
    turned: list[bool] = []

    async def run() -> None:
        chain = module.runnable(scenario)
        config = {"callbacks": [handler]}
        running = asyncio.ensure_future(chain.ainvoke({"input": scenario.prompt}, config))
        # Only a loop that turns gets from here to the decision.
        approvals = server.call("GET", f"/api/v1/agents/{agent}")["data"]["id"]
        found = await asyncio.get_running_loop().run_in_executor(None, server.pending, approvals)
        turned.append(not running.done() and scenario.executed == [])
        await asyncio.get_running_loop().run_in_executor(
            None, server.decide, found["id"], "approve", "fine"
        )
        await running

    watchdog = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    watchdog.start()
    watchdog.join(30)
    assert (turned, scenario.executed) == ([True], ["a"])


class NoThreads(ThreadPoolExecutor):
    """An executor of an event loop that has no thread left."""

    def submit(self, *args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a thread was asked for")


def both_forms(scenario: Scenario) -> Any:
    """A tool that is a coroutine in asynchronous runs."""
    from langchain_core.tools import StructuredTool

    async def alookup(key: str) -> str:
        return scenario.lookup(key)

    return StructuredTool.from_function(scenario.lookup, coroutine=alookup, name="lookup")


@pytest.mark.parametrize("blocked", [True, False])
def test_an_asynchronous_run_asks_without_a_thread(
    blocked: bool, module: Any, handler: Any, scripted: Scripted
) -> None:
    scenario = Scenario()
    if blocked:
        scripted.script = lambda request: (403, {"allowed": False, "violations": []})

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(NoThreads())
        await both_forms(scenario).ainvoke({"key": "a"}, {"callbacks": [handler]})

    if blocked:
        with pytest.raises(execlave.PolicyBlockedError):
            asyncio.run(run())
    else:
        asyncio.run(run())
    assert scenario.executed == ([] if blocked else ["a"])


def test_a_synchronous_run_inside_an_event_loop_is_refused_too(
    module: Any, handler: Any, scripted: Scripted
) -> None:
    scripted.script = lambda request: (403, {"allowed": False, "violations": []})
    scenario = Scenario()

    async def run() -> None:
        both_forms(scenario).invoke({"key": "a"}, {"callbacks": [handler]})

    with pytest.raises(execlave.PolicyBlockedError):
        asyncio.run(run())
    assert scenario.executed == []


def test_a_handler_of_the_application_that_extends_ours_is_a_gate_as_well(
    module: Any, exe: Execlave, scripted: Scripted
) -> None:
    from execlave.integrations import ExeclaveCallbackHandler

    class Plain(ExeclaveCallbackHandler):
        def on_tool_start(self, *args: Any, **kwargs: Any) -> None:
            super().on_tool_start(*args, **kwargs)

    class Awaiting(ExeclaveCallbackHandler):
        async def on_tool_start(self, *args: Any, **kwargs: Any) -> None:
            await super().on_tool_start(*args, **kwargs)

    scripted.script = lambda request: (403, {"allowed": False, "violations": []})
    for kind in (Plain, Awaiting):
        scenario = Scenario()
        config = {"callbacks": [kind(exe, agent_id="a")]}
        with pytest.raises(execlave.PolicyBlockedError):
            asyncio.run(both_forms(scenario).ainvoke({"key": "a"}, config))
        assert scenario.executed == []


def test_a_run_that_is_cancelled_while_it_waits_is_recorded(
    module: Any, handler: Any, exe: Execlave, scripted: Scripted
) -> None:
    scenario = Scenario()

    async def run() -> None:
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def script(request: Request) -> Any:
            if request.path.endswith("/policies/enforce"):
                loop.call_soon_threadsafe(asked.set)
                return 202, {"allowed": False, "approvalRequestId": "apr-1"}
            if "/approvals" in request.path:
                return 200, {"data": {"status": "pending"}}
            return accept(request)

        scripted.script = script
        config = {"callbacks": [handler]}
        running = asyncio.ensure_future(both_forms(scenario).ainvoke({"key": "a"}, config))
        await asked.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(run())
    assert scenario.executed == []
    assert spans(exe, scripted)["tool"]["errorType"] == "CancelledError"


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"text": "f", "prompt": "e", "q": "d", "query": "c", "question": "b", "input": "a"}, "a"),
        ({"text": "f", "prompt": "e", "q": "d", "query": "c", "question": "b", "input": " "}, "b"),
        ({"text": "f", "prompt": "e", "q": "d", "query": "c"}, "c"),
        ({"text": "f", "prompt": "e", "q": "d"}, "d"),
        ({"text": "f", "prompt": "e"}, "e"),
        ({"text": "f", "other": "g"}, "f"),
        ({"one": "x", "two": "y", "three": 3}, "x"),
        ("bare", "bare"),
    ],
)
def test_the_question_of_a_chain_comes_first(inputs: Any, text: str) -> None:
    lines = question_of(inputs).split("\n")
    assert lines[0] == text
    # What stands beside it is looked at as well.
    if isinstance(inputs, dict):
        words = {value for value in inputs.values() if isinstance(value, str) and value.strip()}
        assert set(lines) == words


def test_the_text_of_messages_and_documents_is_found(module: Any) -> None:
    from langchain_core.documents import Document
    from langchain_core.messages import HumanMessage

    inputs = {"input": "a", "messages": [HumanMessage("b")], "context": {"found": [Document("c")]}}
    assert question_of(inputs) == "a\nb\nc"
