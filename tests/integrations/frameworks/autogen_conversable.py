"""Two agents of AutoGen 0.2 or AG2 that talk: one has the model, the other runs the tools."""

from __future__ import annotations

import asyncio
from typing import Any

from autogen import Agent, ConversableAgent
from frameworks.model_server import model_server
from scenario import MODEL, Scenario

from execlave.integrations import instrument_autogen_agent

MODES = ("sync", "async")
GATES = frozenset({"prompt", "tool", "output", "error"})
KINDS = {"chain", "agent", "llm", "tool"}
HEARD = ["reply", "reply"]
TREE = True


def play(exe: Any, agent: str, scenario: Scenario, mode: str, **options: Any) -> str:
    with model_server(scenario) as url:
        assistant, proxy = agents(scenario, url)
        for _ in range(2 if options.get("twice") else 1):
            for made in (assistant, proxy):
                instrument_autogen_agent(made, exe, agent_id=agent, session_id="s-1", user_id="u-1")
        return chat(assistant, proxy, scenario, mode)


def chat(assistant: Any, proxy: Any, scenario: Scenario, mode: str) -> str:
    """Let the proxy ask the assistant; gives what the assistant said last."""
    if mode == "async":
        asyncio.run(proxy.a_initiate_chat(assistant, message=scenario.prompt, silent=True))
    else:
        proxy.initiate_chat(assistant, message=scenario.prompt, silent=True)
    return str(assistant.last_message(proxy)["content"])


def agents(scenario: Scenario, url: str) -> tuple[Any, Any]:
    """An assistant with the scenario's model, and a proxy with its tool."""
    model = {"model": MODEL, "api_key": "none", "base_url": url}
    config: Any = {"config_list": [model], "cache_seed": None}
    assistant = ConversableAgent("assistant", llm_config=config, human_input_mode="NEVER")
    proxy = ConversableAgent(
        "proxy",
        llm_config=False,
        human_input_mode="NEVER",
        is_termination_msg=lambda message: "blue" in str(message.get("content")),
    )

    lookup = function(scenario)
    assistant.register_for_llm(name="lookup", description="Looks something up.")(lookup)
    proxy.register_for_execution(name="lookup")(lookup)

    def listen(recipient: Any, messages: Any, sender: Any, config: Any) -> tuple[bool, None]:
        scenario.heard.append("reply")
        return False, None

    assistant.register_reply([Agent, None], listen)
    return assistant, proxy


def function(scenario: Scenario) -> Any:
    """The scenario's tool; a method does not take the marks that AutoGen puts on it."""

    def lookup(key: str) -> str:
        return scenario.lookup(key)

    return lookup


def example(scenario: Scenario) -> dict[str, Any]:
    """What the guide's example finds in place."""
    return {"model": MODEL, "lookup": function(scenario)}


example_server = model_server
