"""Documents that a retriever found: what a model would read of them, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._texts import field, text_of


def contents(documents: Iterable[Any]) -> list[str]:
    """The text of each document: of a text, a dict or a framework's object."""
    return [_content(document) for document in documents]


def origins(documents: Iterable[Any]) -> list[dict[str, Any]]:
    """Where each document is from, and how long it is."""
    return [_origin(document) for document in documents]


def _content(document: Any) -> str:
    for name in ("page_content", "content", "text"):
        content = field(document, name)
        if isinstance(content, str):
            return content
    return text_of(document)


def _origin(document: Any) -> dict[str, Any]:
    metadata = field(document, "metadata") or {}
    return {
        "id": field(document, "id") or field(metadata, "id"),
        "source": field(metadata, "source") or field(document, "source"),
        "length": len(_content(document)),
    }
