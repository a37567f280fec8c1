"""Traces as OpenTelemetry spans, read by a small collector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from collector import Collector, decoded
from support import KEY, Scripted, accept, sent_traces

import execlave
from execlave import Execlave

Make = Callable[..., Execlave]


def test_a_span_says_everything_that_the_trace_does(
    scripted: Scripted, client_of: Make, collector: Collector
) -> None:
    scripted.script = accept
    exe = client_of(mode="otlp", otlp_endpoint=collector.url, environment="staging")
    exe.register_agent(agent_id="a", name="a")
    trace = exe.start_trace(
        agent_id="a", session_id="s", user_id="u", span_type="llm", tags=["t"], metadata={"k": 1}
    )
    trace.set_input({"q": "x" * 5_000}).set_output("out").set_model("gpt-4o").set_cost(0.5)
    trace.set_tokens(3, 4).set_duration(1500).finish("error", "broken", "ValueError")
    assert exe.flush()["sent"] == 1
    assert sent_traces(scripted) == []
    (body,) = collector.bodies
    assert decoded(body["resourceSpans"][0]["resource"]["attributes"]) == {
        "service.name": "Execlave-staging",
        "service.version": execlave.__version__,
        "Execlave.api_key_prefix": KEY[:10] + "...",
    }
    assert collector.headers[0]["authorization"] == f"Bearer {KEY}"
    (span,) = collector.spans()
    assert (len(span["traceId"]), len(span["spanId"]), span["name"], span["kind"]) == (
        32,
        16,
        "a",
        1,
    )
    # The real duration, to the nanosecond that milliseconds have.
    lasted = int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
    assert lasted == 1_500_000_000
    assert span["status"] == {"code": 2, "message": "broken"}
    attributes = span["attributes"]
    prompt = attributes.pop("gen_ai.prompt")
    assert len(prompt) == 4_096 and prompt.startswith('{"q":"xxx')
    assert attributes == {
        "Execlave.trace_id": trace.trace_id,
        "Execlave.agent_id": "a",
        "Execlave.agent_uuid": "id-a",
        "Execlave.session_id": "s",
        "Execlave.status": "error",
        "Execlave.duration_ms": 1500,
        "Execlave.span_type": "llm",
        "Execlave.cost_usd": 0.5,
        "Execlave.metadata": '{"k":1}',
        "Execlave.tags": ["t"],
        "deployment.environment": "staging",
        "enduser.id": "u",
        "error.message": "broken",
        "error.type": "ValueError",
        "gen_ai.agent.id": "a",
        "gen_ai.completion": "out",
        "gen_ai.conversation.id": "s",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.prompt_tokens": 3,
        "gen_ai.usage.completion_tokens": 4,
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.usage.total_tokens": 7,
    }


def test_nested_traces_are_one_tree(
    scripted: Scripted, client_of: Make, collector: Collector
) -> None:
    scripted.script = accept
    exe = client_of(mode="otlp", otlp_endpoint=collector.url)

    @exe.trace(span_type="tool")
    def leaf() -> None: ...

    with exe.trace(agent_id="root"), exe.trace(agent_id="middle"):
        leaf()
    exe.flush()
    spans = {span["name"]: span for span in collector.spans()}
    root, middle = spans["root"], spans["middle"]
    (name,) = set(spans) - {"root", "middle"}
    tool = spans[name]
    assert name.endswith("leaf") and "parentSpanId" not in root
    assert (middle["parentSpanId"], tool["parentSpanId"]) == (root["spanId"], middle["spanId"])
    assert len({span["traceId"] for span in spans.values()}) == 1
    assert len({span["spanId"] for span in spans.values()}) == 3


def test_spans_of_a_tree_that_share_its_id_keep_their_places(
    scripted: Scripted, client_of: Make, collector: Collector
) -> None:
    exe = client_of(mode="otlp", otlp_endpoint=collector.url)
    exe.start_trace(trace_id="tr_t", metadata={"spanId": "sp_1", "parentSpanId": None}).finish()
    exe.start_trace(trace_id="tr_t", metadata={"spanId": "sp_2", "parentSpanId": "sp_1"}).finish()
    exe.flush()
    one, two = collector.spans()
    assert one["traceId"] == two["traceId"]
    assert "parentSpanId" not in one and two["parentSpanId"] == one["spanId"] != two["spanId"]


def test_both_get_the_same_traces(
    scripted: Scripted, client_of: Make, collector: Collector
) -> None:
    scripted.script = accept
    exe = client_of(mode="both", otlp_endpoint=collector.url)
    for n in range(3):
        exe.start_trace(trace_id=f"tr_{n}").finish()
    assert exe.flush() == {"sent": 3, "rejected": [], "undelivered": 0}
    native = [trace["traceId"] for trace in sent_traces(scripted)]
    assert native == [span["attributes"]["Execlave.trace_id"] for span in collector.spans()]


def test_a_collector_that_is_gone_does_not_keep_traces_from_the_server(
    scripted: Scripted, client_of: Make, collector: Collector
) -> None:
    scripted.script = accept
    exe = client_of(mode="both", otlp_endpoint="http://127.0.0.1:1")
    exe.start_trace(trace_id="tr_1").finish()
    report = exe.flush()
    assert (report["sent"], report["undelivered"]) == (1, 1)
    assert [trace["traceId"] for trace in sent_traces(scripted)] == ["tr_1"]


def test_what_a_collector_refuses_is_reported(
    scripted: Scripted, client_of: Make, collector: Collector
) -> None:
    collector.answer = {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}
    refused: list[dict[str, Any]] = []
    exe = client_of(mode="otlp", otlp_endpoint=collector.url, on_trace_rejected=refused.extend)
    exe.start_trace().finish()
    exe.start_trace().finish()
    report = exe.flush()
    assert report["sent"] == 1 and refused == report["rejected"]
    assert refused[0]["message"] == "too old"
