"""Puts the gate and the record into agent frameworks, one module for each; other modules hold the steps that no framework runs.

A module imports its framework when it is imported itself, or not at all; this package imports neither. The names below are found in
the modules when they are first asked for, so `from execlave.integrations import instrument_crew` needs CrewAI only.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "ExeclaveCallbackHandler": "langchain",
    "ExeclavePolicyError": "langchain",
    "ExeclaveTracingProcessor": "openai_agents",
    "ExeclaveRunHooks": "openai_agents",
    "instrument_crew": "crewai",
    "instrument_openai": "openai",
    "instrument_anthropic": "anthropic",
    "instrument_mcp_session": "mcp",
    "instrument_mcp_client": "mcp",
    "ExeclaveLlamaIndexHandler": "llamaindex",
    "instrument_llamaindex_agent": "llamaindex",
    "instrument_autogen_agent": "autogen",
    "ExeclaveCapability": "pydantic_ai",
    "record_llm_call": "llm_call",
    "arecord_llm_call": "llm_call",
    "record_tool_call": "tool_call",
    "arecord_tool_call": "tool_call",
    "record_agent_action": "agent_action",
    "arecord_agent_action": "agent_action",
    "record_retrieval": "retrieval",
    "arecord_retrieval": "retrieval",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
