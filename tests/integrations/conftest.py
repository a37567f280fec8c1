"""Every scenario with every framework of this environment, in every mode that the framework has."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "python" / "tests")]

# Nothing here may look for a service of its vendor.
os.environ.update(
    {
        "ANONYMIZED_TELEMETRY": "false",
        "CREWAI_DISABLE_TELEMETRY": "true",
        "CREWAI_DISABLE_TRACKING": "true",
        "CREWAI_TRACING_ENABLED": "false",
        "CREWAI_TESTING": "true",
        "LANGCHAIN_TRACING_V2": "false",
        "LANGSMITH_TRACING": "false",
        "OPENAI_AGENTS_DISABLE_TRACING": "0",
        "OTEL_SDK_DISABLED": "true",
        "PYDANTIC_AI_NO_TELEMETRY": "1",
    }
)
# CrewAI keeps what its tasks said in the user's data, where another run would find it.
DATA = tempfile.TemporaryDirectory(prefix="execlave-frameworks-")
os.environ["XDG_DATA_HOME"] = DATA.name
for name in [n for n in os.environ if n.endswith(("_API_KEY", "_PROXY", "_proxy"))]:
    del os.environ[name]

import pytest  # noqa: E402
from scenario import framework  # noqa: E402

FIXTURES = HERE.parents[1] / "python" / "tests" / "conftest.py"
fixtures = module_from_spec(spec := spec_from_file_location("sdk_fixtures", FIXTURES))  # type: ignore[arg-type]
spec.loader.exec_module(fixtures)  # type: ignore[union-attr]
# The servers of the Python tests, real and scripted, and clients of them.
server, own_server, name = fixtures.server, fixtures.own_server, fixtures.name
connect, scripted, client_of = fixtures.connect, fixtures.scripted, fixtures.client_of


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--frameworks", required=True, help="names of modules of frameworks/")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gate(name): what the framework must be able to stop")
    config.addinivalue_line("markers", "trouble(names): what the server does instead of deciding")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `played` runs for each framework and mode; `gate` marks what the framework must be able to stop.

    A test that also takes `trouble` meets all of it in a framework's first mode, and in the others only what stands first.
    """
    if "played" not in metafunc.fixturenames:
        return
    needed = {mark.args[0] for mark in metafunc.definition.iter_markers("gate")}
    (troubles,) = [mark.args for mark in metafunc.definition.iter_markers("trouble")] or [None]
    cases = []
    for name in metafunc.config.getoption("--frameworks").split(","):
        module = framework(name)
        for mode in module.MODES if needed <= module.GATES else ():
            if troubles is None:
                cases.append(pytest.param((module, mode), id=f"{name}-{mode}"))
                continue
            for trouble in troubles if mode == module.MODES[0] else troubles[:1]:
                case = pytest.param((module, mode), trouble, id=f"{name}-{mode}-{trouble}")
                cases.append(case)
    metafunc.parametrize("played" if troubles is None else "played,trouble", cases)


@pytest.fixture
def agent(name: str) -> str:
    """An agent that no other test uses."""
    return "".join(c if c.isalnum() else "-" for c in name)
