"""OpenAI's client beyond whole conversations: streams that are broken off, other ways to send, clients that only look alike."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from scenario import MODEL, Scenario, framework
from support import Scripted, accept, sent_traces

import execlave
from execlave import Execlave
from execlave.integrations import instrument_openai

ClientOf = Callable[..., Execlave]
REQUEST: dict[str, Any] = {
    "model": "asked-1",
    "messages": [{"role": "user", "content": "hi"}],
}
INPUT: dict[str, Any] = {"model": "asked-1", "input": "hi"}


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Any:
    """The framework's module, in the environment that has the newest client."""
    if "openai" not in request.config.getoption("--frameworks").split(","):
        pytest.skip("for OpenAI's client only")
    found: Any = framework("openai")
    if "parse" not in found.WAYS["responses"]:
        pytest.skip("for the newest client only")
    return found


@pytest.fixture
def exe(scripted: Scripted, client_of: ClientOf) -> Execlave:
    scripted.script = accept
    return client_of(enforcement_on_outage="fail_closed")


@pytest.fixture
def scenario() -> Scenario:
    return Scenario(steps=["it is blue"])


@pytest.fixture
def url(module: Any, scenario: Scenario) -> Iterator[str]:
    with module.model_server(scenario) as served:
        yield served


@pytest.fixture
def client(module: Any, exe: Execlave, url: str) -> Any:
    return instrument_openai(module.made(False, url), exe, agent_id="a")


@pytest.fixture
def aclient(module: Any, exe: Execlave, url: str) -> Any:
    return instrument_openai(module.made(True, url), exe, agent_id="a")


def recorded(exe: Execlave, scripted: Scripted) -> dict[str, Any]:
    """The one span that was recorded."""
    exe.flush()
    (span,) = sent_traces(scripted)
    return span


def blocking(scripted: Scripted) -> None:
    """From here on the server forbids everything."""
    violation = {"policyType": "content_filter", "message": "no"}

    def script(request: Any) -> Any:
        if request.path.endswith("/policies/enforce"):
            return 403, {"allowed": False, "violations": [violation]}
        return accept(request)

    scripted.script = script


def closed(client: Any) -> Any:
    stream = client.chat.completions.create(**REQUEST, stream=True)
    next(iter(stream))
    stream.close()
    assert stream.response.is_closed
    return stream


def left(client: Any) -> Any:
    with client.chat.completions.create(**REQUEST, stream=True) as stream:
        for _ in stream:
            break
    assert stream.response.is_closed
    return stream


def never_read(client: Any) -> None:
    client.chat.completions.create(**REQUEST, stream=True)
    gc.collect()


def helper_left(client: Any) -> Any:
    with client.chat.completions.stream(**REQUEST) as stream:
        for _ in stream:
            break
    return stream


def responses_left(client: Any) -> Any:
    with client.responses.stream(**INPUT) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    return stream


def lines_read(client: Any) -> Any:
    with client.chat.completions.with_streaming_response.create(**REQUEST, stream=True) as raw:
        assert "it is blue" in "".join(raw.iter_lines())
    return raw


def json_read(client: Any) -> Any:
    with client.chat.completions.with_streaming_response.create(**REQUEST) as raw:
        assert raw.json()["usage"]["total_tokens"] == 10
    return raw


@pytest.mark.parametrize(
    "use",
    [closed, left, never_read, helper_left, responses_left, lines_read, json_read],
)
def test_an_answer_is_recorded_however_it_was_read(
    use: Callable[[Any], Any], client: Any, exe: Execlave, scripted: Scripted
) -> None:
    held = use(client)
    span = recorded(exe, scripted)
    assert span["status"] == "success"
    # Of what nobody has read no more is known than what was asked for.
    unread = use in (never_read, lines_read)
    assert span["modelName"] == ("asked-1" if unread else MODEL)
    if use is json_read:
        assert (span["promptTokens"], span["completionTokens"]) == (7, 3)
    if use in (closed, left, responses_left, json_read):
        assert span["output"] == "it is blue"
    # Not because it was thrown away.
    assert held is not None or use is never_read


def test_an_asynchronous_stream_is_recorded_when_it_is_left(
    aclient: Any, exe: Execlave, scripted: Scripted
) -> None:
    async def leave() -> None:
        async with await aclient.chat.completions.create(**REQUEST, stream=True) as stream:
            async for _ in stream:
                break
        assert stream.response.is_closed
        span = recorded(exe, scripted)
        assert (span["modelName"], span["output"]) == (MODEL, "it is blue")

    asyncio.run(leave())


def test_a_request_that_is_cancelled_is_recorded(
    aclient: Any, exe: Execlave, scripted: Scripted
) -> None:
    async def cancel() -> None:
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def script(request: Any) -> Any:
            if request.path.endswith("/policies/enforce"):
                loop.call_soon_threadsafe(asked.set)
            return accept(request)

        scripted.script = script
        answer = asyncio.ensure_future(aclient.chat.completions.create(**REQUEST))
        await asked.wait()
        answer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answer

    asyncio.run(cancel())
    span = recorded(exe, scripted)
    assert (span["status"], span["errorType"]) == ("error", "CancelledError")


def test_what_the_vendor_answers_with_an_error_is_recorded_as_one(
    module: Any, exe: Execlave, scripted: Scripted, url: str
) -> None:
    import openai

    client = instrument_openai(module.made(False, f"{url}/nowhere"), exe, agent_id="a")
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**REQUEST)
    assert recorded(exe, scripted)["status"] == "error"


def by_hand(client: Any) -> Any:
    return client.post("/chat/completions", body=REQUEST, cast_to=object)


@pytest.mark.parametrize(
    "send",
    [
        by_hand,
        lambda client: client.responses.compact(**INPUT),
        lambda client: client.chat.completions.parse(**REQUEST),
        lambda client: client.responses.parse(**INPUT),
        lambda client: client.beta.chat.completions.parse(**REQUEST),
        lambda client: client.with_raw_response.chat.completions.create(**REQUEST),
        lambda client: client.responses.with_raw_response.create(**INPUT, stream=True),
        lambda client: client.copy().chat.completions.create(**REQUEST),
        lambda client: client.with_options(timeout=3).beta.chat.completions.parse(**REQUEST),
    ],
)
@pytest.mark.parametrize("before", [True, False], ids=["made-before", "made-after"])
@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
def test_no_way_to_the_model_leads_around_the_gate(
    send: Callable[[Any], Any],
    before: bool,
    is_async: bool,
    module: Any,
    exe: Execlave,
    url: str,
    scripted: Scripted,
    scenario: Scenario,
) -> None:
    client = module.made(is_async, url)
    if before:
        # A resource that exists keeps its own way to send.
        assert client.beta.chat.completions and client.responses
    instrument_openai(client, exe, agent_id="a")
    blocking(scripted)
    with pytest.raises(execlave.PolicyBlockedError):
        asyncio.run(module.awaited(send(client)))
    assert scenario.seen == []


def test_the_client_of_the_module_is_governed(
    module: Any, exe: Execlave, url: str, scripted: Scripted, scenario: Scenario
) -> None:
    import openai

    openai.api_key, openai.base_url = "none", f"{url}/"
    try:
        assert instrument_openai(openai, exe, agent_id="a") is openai
        openai.chat.completions.create(**REQUEST)
        assert recorded(exe, scripted)["output"] == "it is blue"
        blocking(scripted)
        for send in (openai.responses.parse, openai.responses.create):
            with pytest.raises(execlave.PolicyBlockedError):
                send(**INPUT)
    finally:
        openai.api_key = openai.base_url = None
        openai._reset_client()
    assert len(scenario.seen) == 1


def test_a_client_of_azure_is_governed(
    module: Any, exe: Execlave, url: str, scripted: Scripted, scenario: Scenario
) -> None:
    import openai

    client = openai.AzureOpenAI(
        api_key="none", azure_endpoint=url, api_version="v", azure_deployment="d"
    )
    instrument_openai(client, exe, agent_id="a")
    blocking(scripted)
    with pytest.raises(execlave.PolicyBlockedError):
        client.chat.completions.create(**REQUEST)
    assert scenario.seen == []


def test_what_goes_to_no_model_is_neither_asked_about_nor_recorded(
    client: Any, exe: Execlave, scripted: Scripted
) -> None:
    import openai

    blocking(scripted)
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.update("c-1", metadata={"a": "b"})
    exe.flush()
    assert sent_traces(scripted) == []


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


CALL = {"id": "c", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([user("a")], "a"),
        ([user("a"), {"role": "assistant", "content": "b"}, user("c")], "c"),
        # Nothing gets by in a message of its own.
        ([user("a"), user("b"), {"role": "system", "content": "s"}, user("c")], "a\nb\nc"),
        ([user([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])], "a\nb"),
        (
            [
                user("a"),
                {"role": "assistant", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c", "content": "found"},
            ],
            "a",
        ),
        ([{"role": "system", "content": "s"}], "s"),
        ([{"role": "assistant", "tool_calls": []}], "chat.completions"),
    ],
)
def test_the_question_is_what_the_user_said_since_the_model_spoke(
    messages: Any, text: str, client: Any, scripted: Scripted
) -> None:
    request = {"model": "m", "messages": messages, "temperature": 0.5}
    client.chat.completions.create(**request)
    (asked,) = [request.json for request in scripted.requests("/api/v1/policies/enforce")]
    assert asked["input"] == text
    # The metadata is the request.
    assert asked["metadata"] == request


class Lookalike:
    """A client of another maker, with the same resources and nothing below them."""

    def __init__(self, create: Callable[..., Any]) -> None:
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=create))


def test_a_client_that_only_looks_alike_is_governed(exe: Execlave, scripted: Scripted) -> None:
    asked: list[Any] = []

    def create(**request: Any) -> dict[str, Any]:
        asked.append(request)
        usage = {"prompt_tokens": 1, "completion_tokens": 2}
        return {
            "model": "m",
            "usage": usage,
            "choices": [{"message": {"content": "yes"}}],
        }

    async def acreate(**request: Any) -> dict[str, Any]:
        return create(**request)

    client = instrument_openai(
        instrument_openai(Lookalike(create), exe, agent_id="a"), exe, agent_id="a"
    )
    aclient = instrument_openai(Lookalike(acreate), exe, agent_id="a")
    client.chat.completions.create(**REQUEST)
    asyncio.run(aclient.chat.completions.create(**REQUEST))
    exe.flush()
    spans = [(s["modelName"], s["output"], s["completionTokens"]) for s in sent_traces(scripted)]
    assert spans == [("m", "yes", 2)] * 2
    blocking(scripted)
    with pytest.raises(execlave.PolicyBlockedError):
        client.chat.completions.create(**REQUEST)
    assert len(asked) == 2


def test_a_stream_of_a_client_that_only_looks_alike_is_recorded(
    exe: Execlave, scripted: Scripted
) -> None:
    def create(**request: Any) -> Iterator[dict[str, Any]]:
        for word in ("it ", "is ", "blue"):
            yield {"model": "m", "choices": [{"delta": {"content": word}}]}

    client = instrument_openai(Lookalike(create), exe, agent_id="a")
    assert len(list(client.chat.completions.create(**REQUEST, stream=True))) == 3
    assert recorded(exe, scripted)["output"] == "it is blue"


@pytest.mark.parametrize("client", [object(), SimpleNamespace(chat=SimpleNamespace(completions=1))])
def test_a_client_without_create_is_refused(client: Any, exe: Execlave) -> None:
    with pytest.raises(TypeError, match=r"chat\.completions\.create"):
        instrument_openai(client, exe, agent_id="a")
