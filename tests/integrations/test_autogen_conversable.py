"""AutoGen 0.2 and AG2 beyond the scenarios: agents that are governed alone, code, functions of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scenario import Call, Scenario
from support import Scripted, Server, accept
from test_governed import INJECTION, spans

import execlave
from execlave import Execlave
from execlave.integrations import instrument_autogen_agent

CODE = "```python\nopen({path!r}, 'w').write('ran')\nprint({said!r})\n```"


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The agents of the scenarios, in the environments that have the framework."""
    if "autogen_conversable" not in request.config.getoption("--frameworks").split(","):
        pytest.skip("for AutoGen 0.2 and AG2 only")
    from frameworks import autogen_conversable

    return autogen_conversable


@pytest.fixture
def exe(connect: Callable[..., Execlave], agent: str) -> Execlave:
    client = connect(enforcement_on_outage="fail_closed")
    client.register_agent(agent, agent)
    return client


def alone(module: Any, exe: Execlave, agent: str, scenario: Scenario, mode: str) -> str:
    """Only the assistant is governed; the proxy, which runs the tool, is not."""
    with module.model_server(scenario) as url:
        assistant, proxy = module.agents(scenario, url)
        instrument_autogen_agent(assistant, exe, agent_id=agent)
        said: str = module.chat(assistant, proxy, scenario, mode)
        return said


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_call_that_another_agent_would_make_is_asked_about_before_it_is_handed_over(
    module: Any, exe: Execlave, server: Server, agent: str, mode: str
) -> None:
    server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    scenario = Scenario()
    with pytest.raises(execlave.PolicyBlockedError):
        alone(module, exe, agent, scenario, mode)
    assert scenario.executed == []
    exe.flush()
    assert {row["metadata"]["spanKind"]: row["status"] for row in spans(server, agent)} == {
        "agent": "policy_blocked",
        "llm": "success",
        "tool": "policy_blocked",
    }


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_what_another_agent_got_from_its_tool_is_scanned_before_the_model_sees_it(
    module: Any, exe: Execlave, server: Server, agent: str, mode: str
) -> None:
    server.policy(agent, "tool_output_scan", "block", agent, injection=True)
    scenario = Scenario(tool=lambda key: INJECTION)
    with pytest.raises(execlave.PolicyBlockedError):
        alone(module, exe, agent, scenario, mode)
    assert scenario.executed == ["a"]
    assert len(scenario.seen) == 1


def test_a_tool_of_another_agent_is_named_in_the_scan(
    module: Any, scripted: Scripted, client_of: Callable[..., Execlave]
) -> None:
    scripted.script = accept
    assert "blue" in alone(module, client_of(), "a", Scenario(), "sync")
    asked = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    assert [question["tools"] for question in asked if "tools" in question] == [["lookup"]]
    outputs = [output for question in asked for output in question.get("toolOutputs", [])]
    assert [(o["name"], o["output"]) for o in outputs] == [("lookup", "content of a")]


@pytest.mark.parametrize("all_governed", [True, False])
def test_a_call_in_a_group_is_asked_about_once_by_whoever_is_governed(
    module: Any, scripted: Scripted, client_of: Callable[..., Execlave], all_governed: bool
) -> None:
    from autogen import GroupChat, GroupChatManager

    scripted.script = accept
    scenario, exe = Scenario(), client_of()
    with module.model_server(scenario) as url:
        assistant, proxy = module.agents(scenario, url)
        for made in (assistant, proxy) if all_governed else (assistant,):
            instrument_autogen_agent(made, exe, agent_id="a")
        group = GroupChat(
            agents=[proxy, assistant],
            messages=[],
            max_round=4,
            speaker_selection_method="round_robin",
        )
        manager = GroupChatManager(group, llm_config=False)
        proxy.initiate_chat(manager, message=scenario.prompt, silent=True)
    assert scenario.executed == ["a"]
    asked = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    assert [question["tools"] for question in asked if "tools" in question] == [["lookup"]]
    outputs = [output for question in asked for output in question.get("toolOutputs", [])]
    assert [output["output"] for output in outputs] == ["content of a"]


def code_runner(folder: Path, executor: bool) -> Any:
    """An agent that runs code: by itself, or through an executor of its own."""
    from autogen import ConversableAgent

    config: Any = {"work_dir": str(folder), "use_docker": False}
    if executor:
        from autogen.coding import LocalCommandLineCodeExecutor

        config = {"executor": LocalCommandLineCodeExecutor(work_dir=str(folder))}
    return ConversableAgent(
        "runner", llm_config=False, human_input_mode="NEVER", code_execution_config=config
    )


@pytest.mark.parametrize("executor", [False, True])
def test_blocked_code_does_not_run(
    module: Any, exe: Execlave, server: Server, agent: str, tmp_path: Path, executor: bool
) -> None:
    server.policy(agent, "tool_invocation", "block", agent, deny=["execute_code"])
    ran = tmp_path / "ran"
    runner = instrument_autogen_agent(code_runner(tmp_path, executor), exe, agent_id=agent)
    message = {"role": "user", "content": CODE.format(path=str(ran), said="done")}
    with pytest.raises(execlave.PolicyBlockedError):
        runner.generate_reply(messages=[message])
    assert not ran.exists()


@pytest.mark.parametrize("executor", [False, True])
def test_what_code_prints_is_scanned(
    module: Any, exe: Execlave, server: Server, agent: str, tmp_path: Path, executor: bool
) -> None:
    server.policy(agent, "tool_output_scan", "block", agent, injection=True)
    runner = instrument_autogen_agent(code_runner(tmp_path, executor), exe, agent_id=agent)
    fine = {"role": "user", "content": CODE.format(path=str(tmp_path / "ran"), said="done")}
    assert "done" in str(runner.generate_reply(messages=[fine]))
    assert (tmp_path / "ran").read_text() == "ran"
    # In the code itself nothing is to be found.
    half = len(INJECTION) // 2
    said = CODE.format(path=str(tmp_path / "ran"), said="#").replace(
        "'#'", f"{INJECTION[half:]!r}.join([{INJECTION[:half]!r}, ''])"
    )
    with pytest.raises(execlave.PolicyBlockedError):
        runner.generate_reply(messages=[{"role": "user", "content": said}])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("blocked", [False, True])
def test_an_asynchronous_function_is_governed_in_both_kinds_of_chats(
    module: Any, exe: Execlave, server: Server, agent: str, mode: str, blocked: bool
) -> None:
    if blocked:
        server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    scenario = Scenario()

    async def lookup(key: str) -> str:
        await asyncio.sleep(0)
        return scenario.lookup(key)

    with module.model_server(scenario) as url:
        assistant, proxy = module.agents(scenario, url)
        proxy.register_function({"lookup": lookup})
        for made in (assistant, proxy):
            instrument_autogen_agent(made, exe, agent_id=agent)
        if blocked:
            with pytest.raises(execlave.PolicyBlockedError):
                module.chat(assistant, proxy, scenario, mode)
        else:
            assert "blue" in module.chat(assistant, proxy, scenario, mode)
    assert scenario.executed == ([] if blocked else ["a"])


def test_a_former_function_call_is_governed_too(
    module: Any, exe: Execlave, server: Server, agent: str
) -> None:
    server.policy(agent, "tool_invocation", "block", agent, deny=["lookup"])
    scenario = Scenario(steps=[Call("a")])
    with module.model_server(scenario) as url:
        _, proxy = module.agents(scenario, url)
        instrument_autogen_agent(proxy, exe, agent_id=agent)
        call = {"name": "lookup", "arguments": '{"key": "a"}'}
        message = {"role": "assistant", "content": None, "function_call": call}
        with pytest.raises(execlave.PolicyBlockedError):
            proxy.generate_reply(messages=[message])
    assert scenario.executed == []


def test_what_is_no_agent_is_refused(module: Any, exe: Execlave, agent: str) -> None:
    with pytest.raises(TypeError, match="generate_reply"):
        instrument_autogen_agent(object(), exe, agent_id=agent)
