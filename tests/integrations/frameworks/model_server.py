"""A small HTTP server that answers like OpenAI's and Anthropic's APIs, from a scenario's steps."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scenario import MODEL, Call, Scenario


@contextmanager
def model_server(scenario: Scenario) -> Iterator[str]:
    """Serves the scenario's model; gives the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = scenario.answer(request.get("messages") or request.get("input"))
            streamed, whole = ANSWERS[self.path.split("?")[0]](answer, len(scenario.seen))
            self.send_response(200)
            if request.get("stream"):
                self.send_header("content-type", "text/event-stream")
                body = "".join(
                    # OpenAI's chunks have no name, and old clients take one that has for something else.
                    (f"event: {event['type']}\n" if "type" in event else "")
                    + f"data: {json.dumps(event)}\n\n"
                    for event in streamed
                )
                body += "data: [DONE]\n\n" if "choices" in streamed[0] else ""
            else:
                self.send_header("content-type", "application/json")
                body = json.dumps(whole)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{served.server_port}"
    finally:
        served.shutdown()
        served.server_close()
        thread.join()


def _chat(answer: Call | str, number: int) -> tuple[list[Any], Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if isinstance(answer, Call):
        function = {"name": "lookup", "arguments": json.dumps({"key": answer.key})}
        message["tool_calls"] = [
            {
                "id": f"call-{number}",
                "index": 0,
                "type": "function",
                "function": function,
            }
        ]
    else:
        message["content"] = answer
    reason = "tool_calls" if isinstance(answer, Call) else "stop"
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    base = {"id": "c", "created": 1, "model": MODEL}
    choice = {"index": 0, "finish_reason": reason}
    chunk = {**base, "object": "chat.completion.chunk"}
    events = [
        {**chunk, "choices": [{**choice, "finish_reason": None, "delta": message}]},
        {**chunk, "choices": [{**choice, "delta": {}}]},
        {**chunk, "choices": [], "usage": usage},
    ]
    whole = {**base, "object": "chat.completion", "usage": usage}
    return events, {**whole, "choices": [{**choice, "message": message}]}


def _responses(answer: Call | str, number: int) -> tuple[list[Any], Any]:
    item: dict[str, Any]
    place = {"item_id": "m", "output_index": 0, "content_index": 0}
    deltas: list[dict[str, Any]] = []
    if isinstance(answer, Call):
        given = json.dumps({"key": answer.key})
        item = {
            "type": "function_call",
            "id": "f",
            "call_id": f"call-{number}",
            "name": "lookup",
        }
        item |= {"arguments": given, "status": "completed"}
        begun = {**item, "arguments": "", "status": "in_progress"}
        deltas.append({"type": "response.function_call_arguments.delta", "delta": given})
        deltas[0] |= {"item_id": "f", "output_index": 0}
    else:
        part = {"type": "output_text", "text": answer, "annotations": []}
        item = {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
        }
        begun = {**item, "content": [], "status": "in_progress"}
        item["content"] = [part]
        empty = {**part, "text": ""}
        deltas.append({"type": "response.content_part.added", "part": empty, **place})
        said = {
            "type": "response.output_text.delta",
            "delta": answer,
            "logprobs": [],
            **place,
        }
        deltas.append(said)
    usage: dict[str, Any] = {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}
    usage |= {"input_tokens_details": {"cached_tokens": 0}}
    usage |= {"output_tokens_details": {"reasoning_tokens": 0}}
    whole = {
        "id": "r",
        "object": "response",
        "created_at": 1,
        "model": MODEL,
        "usage": usage,
    }
    whole |= {
        "output": [item],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    whole |= dict.fromkeys(["error", "incomplete_details", "instructions", "metadata"])
    whole |= {"status": "completed", "temperature": 1.0, "top_p": 1.0}
    first = {**whole, "output": [], "usage": None, "status": "in_progress"}
    start = [
        {"type": "response.created", "response": first},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
    ]
    end = [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    events = [{**event, "sequence_number": n} for n, event in enumerate([*start, *deltas, *end])]
    return events, whole


def _messages(answer: Call | str, number: int) -> tuple[list[Any], Any]:
    if isinstance(answer, Call):
        block = {"type": "tool_use", "id": f"call-{number}", "name": "lookup"}
        block |= {"input": {"key": answer.key}}
        start = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    else:
        block = {"type": "text", "text": answer}
        start = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": answer}
    reason = "tool_use" if isinstance(answer, Call) else "end_turn"
    whole = {"id": "m", "type": "message", "role": "assistant", "model": MODEL}
    whole |= {"content": [block], "stop_reason": reason, "stop_sequence": None}
    whole |= {"usage": {"input_tokens": 7, "output_tokens": 3}}
    begun = {**whole, "content": [], "usage": {"input_tokens": 7, "output_tokens": 1}}
    ended = {"stop_reason": reason, "stop_sequence": None}
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ]
    return events, whole


ANSWERS = {
    "/chat/completions": _chat,
    "/responses": _responses,
    "/v1/messages": _messages,
}
