"""LlamaIndex without agents, and what a handler in a dispatcher governs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from scenario import Call, Scenario, in_background
from support import Scripted, Server, accept
from test_governed import INJECTION, pending, spans

import execlave
from execlave import Execlave

QUESTION = "what is in a"


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The model and the handlers for the tests, in the environments that have the framework."""
    if "llamaindex" not in request.config.getoption("--frameworks"):
        pytest.skip("for LlamaIndex only")
    from frameworks import llamaindex_model

    return llamaindex_model


@pytest.fixture
def exe(connect: Callable[..., Execlave], agent: str) -> Execlave:
    client = connect(enforcement_on_outage="fail_closed")
    client.register_agent(agent, agent)
    return client


def engine(module: Any, scenario: Scenario, document: str = "content of a") -> Any:
    """A query engine over one document."""
    from llama_index.core import MockEmbedding, VectorStoreIndex
    from llama_index.core.schema import TextNode

    index = VectorStoreIndex([TextNode(text=document)], embed_model=MockEmbedding(embed_dim=2))
    return index.as_query_engine(llm=module.model(scenario))


def answering() -> Scenario:
    return Scenario(steps=["it is blue"])


def test_a_query_is_asked_about_once_and_recorded_as_a_tree(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    scenario = answering()
    with module.handler(exe, agent):
        answer = engine(module, scenario).query(QUESTION)
    assert str(answer) == "it is blue"
    assert "content of a" in scenario.seen[0]
    exe.flush()
    rows = spans(server, agent)
    by_id = {row["metadata"]["spanId"]: row["metadata"] for row in rows}
    # The index embeds its document before the query embeds the question.
    (query,) = [row for row in rows if row["metadata"]["spanKind"] == "chain"]
    below = [row for row in rows if row["traceId"] == query["traceId"] and row is not query]
    assert sorted(row["metadata"]["spanKind"] for row in below) == ["llm", "retriever", "retriever"]
    assert all(row["metadata"]["parentSpanId"] in by_id for row in below)
    assert all(row["metadata"]["llamaindexSpanId"] for row in rows)


def test_a_query_asks_one_question_and_scans_the_documents(
    module: Any, scripted: Scripted, client_of: Callable[..., Execlave]
) -> None:
    scripted.script = accept
    with module.handler(client_of(), "a"):
        engine(module, answering()).query(QUESTION)
    asked = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    prompts = [question for question in asked if not question.get("toolOutputs")]
    assert [(p["input"], p["metadata"]) for p in prompts] == [(QUESTION, {"query": QUESTION})]
    (scan,) = [question["toolOutputs"] for question in asked if question.get("toolOutputs")]
    assert "content of a" in str(scan)


def test_a_blocked_query_reaches_neither_index_nor_model(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    server.policy(agent, "content_filter", "block", agent, terms=["forbidden"])
    scenario = answering()
    made = engine(module, scenario)
    with module.handler(exe, agent), pytest.raises(execlave.PolicyBlockedError):
        made.query("a forbidden question")
    assert scenario.seen == []
    exe.flush()
    assert [row["status"] for row in spans(server, agent)] == ["policy_blocked"]


def test_the_model_does_not_see_a_poisoned_document(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    server.policy(agent, "tool_output_scan", "block", agent, injection=True)
    scenario = answering()
    made = engine(module, scenario, INJECTION)
    with module.handler(exe, agent), pytest.raises(execlave.PolicyBlockedError):
        made.query(QUESTION)
    assert scenario.seen == []


def test_the_event_loop_goes_on_while_a_person_decides(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    server.policy(agent, "content_filter", "require_approval", agent, terms=["delicate"])
    made = engine(module, answering())

    async def decide() -> None:
        approval = await asyncio.to_thread(pending, server, agent)
        await asyncio.to_thread(server.decide, approval["id"], "approve", "fine")

    async def both() -> str:
        answer, _ = await asyncio.gather(made.aquery("a delicate question"), decide())
        return str(answer)

    with module.handler(exe, agent):
        assert in_background(lambda: asyncio.run(both()))() == "it is blue"


def test_a_handler_that_was_taken_out_governs_nothing(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    server.policy(agent, "content_filter", "block", agent, terms=["what is"])
    scenario = answering()
    made = engine(module, scenario)
    with module.handler(exe, agent):
        pass
    assert str(made.query(QUESTION)) == "it is blue"


def test_a_handler_governs_what_its_dispatcher_hears_of(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    server.policy(agent, "content_filter", "block", agent, terms=["what is"])
    made = engine(module, answering())
    with module.handler(exe, agent, name="an.application"):
        assert str(made.query(QUESTION)) == "it is blue"
    with (
        module.handler(exe, agent, name="llama_index.core.base.base_query_engine"),
        pytest.raises(execlave.PolicyBlockedError),
    ):
        made.query(QUESTION)


def test_a_tool_that_is_defined_later_is_governed(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    from llama_index.core.tools import AsyncBaseTool, ToolMetadata, ToolOutput

    server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    scenario = Scenario()
    with module.handler(exe, agent):

        class Lookup(AsyncBaseTool):
            @property
            def metadata(self) -> ToolMetadata:
                return ToolMetadata(description="Looks something up.", name="lookup")

            def call(self, key: str) -> ToolOutput:
                found = scenario.lookup(key)
                return ToolOutput(
                    content=found, tool_name="lookup", raw_input={"key": key}, raw_output=found
                )

            async def acall(self, key: str) -> ToolOutput:
                return self.call(key)

        for call in (
            lambda: Lookup()("a"),
            lambda: Lookup().call("a"),
            lambda: asyncio.run(Lookup().acall("a")),
        ):
            with pytest.raises(execlave.PolicyBlockedError):
                call()
    assert scenario.executed == []


def test_an_agent_with_a_handler_around_it_is_asked_about_once(
    request: pytest.FixtureRequest,
    module: Any,
    scripted: Scripted,
    client_of: Callable[..., Execlave],
) -> None:
    name = request.config.getoption("--frameworks")
    from importlib import import_module

    agents = import_module(
        f"frameworks.{'llamaindex_runner' if 'runner' in name else 'llamaindex'}"
    )
    scripted.script = accept
    exe = client_of()
    mode = "instrumented" if "instrumented" in agents.MODES else "async"
    counts = []
    for handled in (False, True):
        before = len(scripted.requests("/api/v1/policies/enforce"))
        if handled:
            with module.handler(exe, "a"):
                agents.play(exe, "a", Scenario(steps=[Call("b"), "it is red"]), mode)
        else:
            agents.play(exe, "a", Scenario(), mode)
        counts.append(len(scripted.requests("/api/v1/policies/enforce")) - before)
    assert counts[0] == counts[1] > 0
