"""Metadata made fit for a question: plain values, the same for the same action, whatever objects a framework passes around.

A person's approval covers one exact action. An object that is described by its address would be another action each time it is
asked about, so what has no better description than that is replaced by a marker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._plain import plain
from ..exceptions import MetadataContractError

_DEEPEST = 32
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Sealed(dict[str, Any]):
    """Metadata that `sealed` has made; the boundary lets no other through."""


def sealed(metadata: object) -> Sealed:
    """Copy metadata as plain values. Raises `MetadataContractError` for what is no mapping with text as keys."""
    if isinstance(metadata, Sealed):
        return metadata
    if not isinstance(metadata, Mapping) or not all(isinstance(name, str) for name in metadata):
        raise MetadataContractError(
            f"metadata must be a mapping with text as keys, not {type(metadata).__name__}"
        )
    return Sealed({name: _plain(value, (id(metadata),)) for name, value in metadata.items()})


def sealed_text(value: object) -> str:
    """A value as text, with nothing in it that changes from one time to the next."""
    return value if isinstance(value, str) else str(_plain(value, ()))


def _plain(value: object, above: tuple[int, ...]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if id(value) in above:
        return "[unserializable:cycle]"
    if len(above) > _DEEPEST:
        return "[unserializable:depth]"
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {_name(key): _plain(part, above) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, above) for part in value]
    described = plain(value)
    if isinstance(described, str) and not isinstance(value, str) and _ADDRESS.search(described):
        return f"[unserializable:{type(value).__name__}]"
    return _plain(described, above)


def _name(key: object) -> str:
    name = key if type(key) is str else _plain(key, ())
    return name if isinstance(name, str) else str(name)
