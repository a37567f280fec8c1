"""A retrieval that the application records by itself.

with record_retrieval(exe, question, agent_id="support", name="handbook") as retrieval:
    documents = retrieval.output(search(question))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..client import Execlave
from ._boundary import Boundary
from ._documents import contents, origins
from ._spans import Span
from ._step import Plan, Step, T, awaited, begun, opened, own

__all__ = ["Retrieval", "arecord_retrieval", "record_retrieval"]


class Retrieval(Step):
    """A retrieval. Of what it finds, only where it is from and its length are recorded."""

    def __init__(self, boundary: Boundary, span: Span, name: str, query: object) -> None:
        super().__init__(boundary, span)
        self._name = name
        self._query = query

    def output(self, value: T) -> T:
        """Record which documents were found and, with `enforce=True`, ask whether the model may read them; returns them."""
        found = self._found(value)
        with self._ending():
            self._boundary.scan(self._name, contents(found), self._query)
        return value

    async def aoutput(self, value: T) -> T:
        """`output` without holding up the event loop."""
        found = self._found(value)
        with self._ending():
            await self._boundary.ascan(self._name, contents(found), self._query)
        return value

    def _found(self, documents: Any) -> list[Any]:
        several = isinstance(documents, Iterable) and not isinstance(documents, (str, Mapping))
        found = list(documents) if several else [documents]
        self._span.output(origins(found))
        return found


def _plan(
    exe: Execlave,
    query: object,
    *,
    agent_id: str,
    name: str = "retriever",
    output: object = None,
    metadata: Mapping[str, Any] | None = None,
    enforce: bool = False,
    session_id: str | None = None,
    user_id: str | None = None,
    parent: Step | None = None,
) -> Plan[Retrieval]:
    """Record a retrieval. Nobody is asked before it.

    Use it as a context manager, and hand on what `output` returns. With an `output` it has happened already, and is recorded at
    once.

    Args:
        exe: The client.
        query: What is looked for.
        agent_id: The agent that acts.
        name: What is searched.
        output: The documents that were found: a list, not an iterator.
        metadata: More about the retrieval, recorded.
        enforce: True asks, as of a tool, whether the model may read the documents.
        session_id: By default that of the step or trace around it.
        user_id: By default that of the step or trace around it.
        parent: The step that this is a part of; by default the innermost `with` of a step or trace of this client.

    Raises:
        ValueError: `agent_id` is empty.
        MetadataContractError: `metadata` is no mapping with text as keys, or names what the record itself names.
    """
    boundary, span = opened(
        exe,
        "retriever",
        name,
        parent,
        own(metadata),
        agent_id=agent_id,
        enforce=enforce,
        session_id=session_id,
        user_id=user_id,
    )
    span.input(query)
    return Plan(Retrieval(boundary, span, name, query), None, output)


record_retrieval = begun("record_retrieval", _plan)
arecord_retrieval = awaited("arecord_retrieval", _plan)
