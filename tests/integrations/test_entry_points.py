"""Every entry point as older code calls it: where it is imported from, what is positional, and which keywords there are."""

from __future__ import annotations

import importlib
import inspect
import logging
from collections.abc import Callable
from typing import Any

import pytest
from scenario import Scenario, framework
from support import Request, Scripted, accept, sent_traces

import execlave
from execlave import Execlave, integrations

ClientOf = Callable[..., Execlave]

# ADAPTER: the names that it is called by, the modules it is imported from, and what stands before the client, if anything.
ADAPTERS = {
    "langchain": (["ExeclaveCallbackHandler"], ["langchain"], ()),
    "openai_agents": (["ExeclaveTracingProcessor", "ExeclaveRunHooks"], ["openai_agents"], ()),
    "pydantic_ai": (["ExeclaveCapability"], ["pydantic_ai"], ()),
    "openai": (["instrument_openai"], ["openai", "openai_chat"], ("client",)),
    "anthropic": (["instrument_anthropic"], ["anthropic"], ("client",)),
    "mcp": (["instrument_mcp_session", "instrument_mcp_client"], ["mcp"], ("session",)),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "entry" not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption("--frameworks").split(",")
    entries = [
        pytest.param((adapter, name, home, *ADAPTERS[adapter][2]), id=f"{home}.{name}")
        for adapter in wanted
        if adapter in ADAPTERS
        for name in ADAPTERS[adapter][0]
        for home in ADAPTERS[adapter][1]
    ]
    metafunc.parametrize("entry", entries)


@pytest.fixture
def exe(scripted: Scripted, client_of: ClientOf) -> Execlave:
    scripted.script = accept
    return client_of()


def found(entry: Any) -> Any:
    """The entry point."""
    _, name, home, *_ = entry
    point = getattr(importlib.import_module(f"execlave.integrations.{home}"), name)
    assert point is getattr(integrations, name)
    return point


def governed(entry: Any) -> list[Any]:
    """What stands before the client."""
    if entry[0] == "mcp":

        class Session:
            async def call_tool(self, name: str, arguments: Any = None) -> Any:
                """Never called."""

        return [Session()]
    if entry[0] == "openai":
        import openai

        return [openai.OpenAI(api_key="none")]
    if entry[0] == "anthropic":
        import anthropic

        return [anthropic.Anthropic(api_key="none")]
    return []


def test_the_client_may_be_positional_or_named(entry: Any, exe: Execlave) -> None:
    point, (_, _, _, *before) = found(entry), entry
    for positional in (True, False):
        target = governed(entry)
        named = {} if positional else {**dict(zip(before, target, strict=True)), "exe": exe}
        made = point(*([*target, exe] if positional else []), **named, agent_id="a")
        assert made is (target[0] if target else made)


def test_all_else_is_named(entry: Any, exe: Execlave) -> None:
    point = found(entry)
    options = {"enforce": False, "session_id": "s", "user_id": "u"}
    assert point(*governed(entry), exe, agent_id="a", **options) is not None
    parameters = inspect.signature(point).parameters
    named = [n for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY]
    assert named[:4] == ["agent_id", "enforce", "session_id", "user_id"]
    with pytest.raises(TypeError):
        point(*governed(entry), exe, "a")
    with pytest.raises(TypeError):
        point(*governed(entry), exe)


@pytest.mark.parametrize("agent_id", ["", "  ", None, 7])
def test_an_agent_is_needed(entry: Any, agent_id: Any, exe: Execlave) -> None:
    with pytest.raises(ValueError, match="agent_id"):
        found(entry)(*governed(entry), exe, agent_id=agent_id)


# Of scenarios that are not called like their adapter.
ADAPTER_OF = {
    "autogen_conversable": "autogen",
    "crewai_litellm": "crewai",
    "langgraph": "langchain",
    "llamaindex_runner": "llamaindex",
}


def test_what_went_ahead_is_logged_by_adapter(
    played: Any, scripted: Scripted, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    module, mode = played

    def script(request: Request) -> Any:
        if request.path.endswith("/policies/enforce"):
            return 401, {"error": {"code": "UNAUTHENTICATED", "message": "no such key"}}
        return accept(request)

    scripted.script = script
    with caplog.at_level(logging.WARNING):
        module.play(client_of(), "a", Scenario(), mode)
    names = {record.name for record in caplog.records if record.name.startswith("Execlave.")}
    scenario = module.__name__.removeprefix("frameworks.")
    adapter = ADAPTER_OF.get(scenario, scenario)
    assert names == {f"Execlave.{adapter}"}


def wanted(request: pytest.FixtureRequest, name: str) -> Any:
    if name not in request.config.getoption("--frameworks").split(","):
        pytest.skip(f"for {name} only")
    return framework(name)


def test_run_openai_chat_calls_the_real_client(
    request: pytest.FixtureRequest, exe: Execlave, scripted: Scripted
) -> None:
    module = wanted(request, "openai")
    scenario = Scenario(steps=["it is blue"])
    messages: Any = [{"role": "user", "content": "what is in a"}]
    asked = {"agent_id": "a", "input_text": "what is in a", "model": "m", "messages": messages}
    with module.model_server(scenario) as url, pytest.warns(DeprecationWarning):
        answer = execlave.run_openai_chat(exe, module.made(False, url), **asked)
    assert answer.choices[0].message.content == "it is blue"
    exe.flush()
    (trace,) = sent_traces(scripted)
    assert (trace["metadata"]["connector"], trace["output"]) == ("openai", "it is blue")
    assert (trace["promptTokens"], trace["completionTokens"]) == (7, 3)
    with pytest.warns(DeprecationWarning), pytest.raises(TypeError, match="synchronous"):
        execlave.run_openai_chat(exe, module.made(True, "http://127.0.0.1:9"), **asked)


def test_run_langchain_calls_the_real_runnable(
    request: pytest.FixtureRequest, exe: Execlave, scripted: Scripted
) -> None:
    module = wanted(request, "langchain")
    model = module.ScriptedModel(scenario=Scenario(steps=["it is blue"]))
    with pytest.warns(DeprecationWarning):
        answer = execlave.run_langchain(exe, model, agent_id="a", input_text="what is in a")
    assert answer.content == "it is blue"
    exe.flush()
    (trace,) = sent_traces(scripted)
    assert (trace["metadata"]["connector"], trace["output"]) == ("langchain", "it is blue")
