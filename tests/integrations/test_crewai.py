"""What CrewAI's adapter refuses to govern."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from support import Scripted, accept

from execlave import Execlave
from execlave.integrations import instrument_crew


def test_a_tool_that_cannot_be_stopped_is_refused(
    scripted: Scripted, client_of: Callable[..., Execlave], request: pytest.FixtureRequest
) -> None:
    if "crewai" not in request.config.getoption("--frameworks"):
        pytest.skip("for CrewAI only")
    scripted.script = accept
    tool = SimpleNamespace(name="lookup", run=lambda key: key)
    crew = SimpleNamespace(agents=[SimpleNamespace(tools=[tool])])
    with pytest.raises(TypeError, match=r"lookup.*CrewAI 0\.80"):
        instrument_crew(crew, client_of(), agent_id="a")
