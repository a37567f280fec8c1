"""What to ask about: the text in what frameworks pass around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_LONGEST = 4_000
_DEEPEST = 32
_MOST = 1_000_000

_QUESTIONS = ("input", "question", "query", "q", "prompt", "text")


def cut(text: str) -> str:
    """The part of a text that becomes the `input` of a question; the metadata carries the whole."""
    return text[:_LONGEST]


def rest(text: str) -> list[dict[str, str]] | None:
    """A text that is longer than that, whole, as a turn of the conversation; a pattern may lie across the cut."""
    return [{"role": "user", "content": text}] if len(text) > _LONGEST else None


def text_of(value: object) -> str:
    """All text in a value: strings, the content of messages, the parts of multimodal content."""
    collected = _Collected()
    collected.collect(value, 0)
    return "\n".join(collected.texts)


def question_of(value: object) -> str:
    """The question in a chain's input, the first of the usual names that is not empty, before all other text."""
    if isinstance(value, Mapping):
        for name in _QUESTIONS:
            asked = value.get(name)
            if isinstance(asked, str) and asked.strip():
                others = text_of([part for key, part in value.items() if key != name])
                return f"{asked}\n{others}" if others else asked
    return text_of(value)


def last_user_text(messages: object) -> str:
    """What the user said since the model spoke last, or else before that; the last text of all where no user is named.

    What tools returned is not the user's: it is scanned as theirs.
    """
    listed = list(messages) if isinstance(messages, Sequence) else []
    if isinstance(messages, str) or not listed:
        return text_of(messages)
    said: list[str] = []
    for message in reversed(listed):
        role = field(message, "role") or field(message, "type")
        if role in ("user", "human"):
            content = field(message, "content")
            parts = content if isinstance(content, (list, tuple)) else [content]
            text = text_of([part for part in parts if field(part, "type") != "tool_result"])
            if text:
                said.append(text)
        elif said and role not in ("system", "developer"):
            break
    return "\n".join(reversed(said)) or text_of(listed[-1])


def field(value: object, name: str, default: Any = None) -> Any:
    """A field of a dict or an attribute of an object: clients take and return both."""
    if isinstance(value, Mapping):
        return value.get(name, default)
    return getattr(value, name, default)


def count(value: object, *names: str) -> int | None:
    """The first of these fields that holds a number."""
    for name in names:
        found = field(value, name)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
    return None


class _Collected:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.room = _MOST

    def collect(self, value: object, depth: int) -> None:
        if depth > _DEEPEST or self.room <= 0:
            return
        if isinstance(value, str):
            if value.strip():
                self.texts.append(value)
                self.room -= len(value)
        elif isinstance(value, Mapping):
            for name, part in value.items():
                # The labels of a message or a content part are not its words.
                if name not in ("role", "type", "id"):
                    self.collect(part, depth + 1)
        elif isinstance(value, (list, tuple)):
            for part in value:
                self.collect(part, depth + 1)
        else:
            for name in ("content", "page_content", "text", "blocks", "parts"):
                part = getattr(value, name, None)
                if part is not None and not callable(part):
                    self.collect(part, depth + 1)
                    return
