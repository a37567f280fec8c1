"""The package of adapters where no framework is installed."""

from __future__ import annotations

import importlib

import pytest

import execlave
from execlave import integrations

NEEDED = {
    "langchain": "langchain",
    "llamaindex": "llamaindex",
    "openai_agents": "openai-agents",
    "pydantic_ai": "pydantic-ai",
}


@pytest.mark.parametrize("home", NEEDED)
def test_a_missing_framework_is_named_with_its_extra(home: str) -> None:
    with pytest.raises(ImportError, match=rf"pip install 'execlave-sdk\[{NEEDED[home]}\]'"):
        importlib.import_module(f"execlave.integrations.{home}")


@pytest.mark.parametrize("name", integrations.__all__)
def test_every_name_is_there_or_says_what_is_missing(name: str) -> None:
    try:
        assert callable(getattr(integrations, name))
    except ImportError as error:
        # What derives from a class of its framework.
        assert integrations._HOMES[name] in NEEDED and "pip install" in str(error)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="instrument_nothing"):
        _ = integrations.instrument_nothing
    assert "record_tool_call" in dir(integrations)


def test_the_package_offers_what_older_code_imports() -> None:
    for name in execlave.__all__:
        assert getattr(execlave, name) is not None
    with pytest.raises(AttributeError, match="run_nothing"):
        _ = execlave.run_nothing  # type: ignore[attr-defined]
