"""Every public call shows how it is called, and does what it shows."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from support import Server, eventually

import execlave
from execlave import Agent, Execlave, PromptVersion, Trace, detect


def is_described_elsewhere(call: object) -> bool:
    """Whether it is the awaitable form of another call, or should not be used any more."""
    return (inspect.getdoc(call) or "").startswith(("As `", "Deprecated"))


def public(owner: type | ModuleType) -> Iterator[tuple[str, Any]]:
    names = getattr(owner, "__all__", None) or dir(owner)
    for name in names:
        call = getattr(owner, name)
        if (
            inspect.isfunction(call)
            and not name.startswith("_")
            and not is_described_elsewhere(call)
        ):
            yield f"{owner.__name__}.{name}", call


SHOWN: dict[str, Any] = {
    **{owner.__name__: owner for owner in (Execlave, Agent, PromptVersion, Trace)},
    **{name: call for owner in (Execlave, Agent, execlave, detect) for name, call in public(owner)},
    "Trace.finish": Trace.finish,
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_the_example(name: str, names: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    [shown] = doctest.DocTestFinder(recurse=False).find(SHOWN[name], name, globs=dict(names))
    assert shown.examples, f"{name} shows no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(shown)
    assert runner.failures == 0, capsys.readouterr().out


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the examples take for granted: a client, its agent, a policy, and an approved action."""
    with (
        Server(tmp_path_factory.mktemp("server")) as own_server,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("EXECLAVE_API_KEY", own_server.key)
        environment.setenv("EXECLAVE_BASE_URL", own_server.url)
        yield from promised(own_server)


def promised(own_server: Server) -> Iterator[dict[str, Any]]:
    with Execlave() as exe:
        agent = exe.register_agent("support", "Support", allowed_actions=["search"])
        own_server.policy("no injection", "injection_scan", "block", "support")
        own_server.policy("pay", "action_approval", "require_approval", "support", tools=["pay"])
        question = {"input": "pay 5 EUR", "environment": "production", "tools": ["pay"]}
        asked = {"agentId": "support", **question}
        approval = own_server.call("POST", "/api/v1/policies/enforce", asked)["approvalRequestId"]
        own_server.decide(approval, "approve", "fine")
        yield {
            **{name: getattr(execlave, name) for name in execlave.__all__},
            **{name: getattr(detect, name) for name in detect.__all__},
            "exe": exe,
            "agent": agent,
            "approval_id": approval,
            "wait_until": lambda holds: bool(eventually(holds)),
        }
