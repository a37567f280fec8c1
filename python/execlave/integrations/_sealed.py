"""Metadata made fit for a question: plain values, the same for the same action, whatever objects a framework passes around.

A person's approval covers one exact action. An object that is described by its address would be another action each time it is
asked about, so what has no better description than that is replaced by a marker. A picture or a file is replaced by its digest. An
answer is about the whole of a question: what can be carried in a record alone, cut off, is refused in a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._plain import plain
from ..exceptions import MetadataContractError
from ._blobs import blob

# Of a record. Whoever reads one looks no deeper.
_DEEPEST = 32
# Of a question, which is refused when it is deeper. The client itself takes a few levels more.
_DEEPEST_ASKED = 118
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Sealed(dict[str, Any]):
    """Metadata that `sealed` has made; the boundary lets no other through."""


def sealed(metadata: object) -> Sealed:
    """Copy metadata as plain values.

    Raises `MetadataContractError` for what is no mapping with text as keys, or cannot be asked about.
    """
    if isinstance(metadata, Sealed):
        return metadata
    if not isinstance(metadata, Mapping) or not all(isinstance(name, str) for name in metadata):
        raise MetadataContractError(
            f"metadata must be a mapping with text as keys, not {type(metadata).__name__}"
        )
    return Sealed(_plain(metadata, (), True))


def sealed_value(value: object) -> Any:
    """Any value of a question as a plain one. Raises `MetadataContractError` for what cannot be asked about."""
    return _plain(value, (), True)


def recorded_value(value: object) -> Any:
    """Any value as a plain one, with markers for what cannot be written down."""
    return _plain(value, (), False)


def sealed_text(value: object) -> str:
    """A value as text, with nothing in it that changes from one time to the next."""
    return value if isinstance(value, str) else str(_plain(value, (), True))


def _plain(value: Any, above: tuple[int, ...], whole: bool) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if id(value) in above:
        return "[unserializable:cycle]"
    if len(above) > (_DEEPEST_ASKED if whole else _DEEPEST):
        if whole:
            raise MetadataContractError(
                f"a value is nested more than {_DEEPEST_ASKED} levels deep; flatten it, or leave out what nobody reads"
            )
        return "[unserializable:depth]"
    above = (*above, id(value))
    kind = type(value)
    if whole and (hasattr(kind, "__next__") or hasattr(kind, "__anext__")):
        raise MetadataContractError(
            f"a {kind.__name__} cannot be asked about without being used up; pass a list of what it yields"
        )
    # Only the class says what a value is, and its own methods are left alone: a record must not fail because of what it records.
    if issubclass(kind, dict):
        parts = dict(dict.items(value))
        return {
            _name(key): blob(parts, key, part) or _plain(part, above, whole)
            for key, part in parts.items()
        }
    if issubclass(kind, (list, tuple)):
        iterate = list.__iter__ if issubclass(kind, list) else tuple.__iter__
        return [_plain(part, above, whole) for part in iterate(value)]
    described = plain(value)
    if isinstance(described, str) and not issubclass(kind, str) and _ADDRESS.search(described):
        return f"[unserializable:{kind.__name__}]"
    return _plain(described, above, whole)


def _name(key: object) -> str:
    name = key if type(key) is str else _plain(key, (), False)
    return name if isinstance(name, str) else str(name)
