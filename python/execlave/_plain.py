"""Turns any Python object into plain ones that the native module can write as JSON.

The native module handles the JSON types, and asks here about everything else, one level at a time. This module never looks at an
instance's attributes to find out what it is: only its class counts, because an instance may pretend to be anything.
"""

from __future__ import annotations

import base64
import codecs
import dataclasses
import datetime
import decimal
import enum
import os
import re
import uuid
from collections.abc import Mapping
from typing import Any

__all__ = ["plain", "whole"]

# Says that there is nothing better than a text.
_UNKNOWN = object()


def plain(value: object) -> Any:
    """Describe `value` for the record by something plainer; its `repr` if there is nothing better."""
    kind = type(value)
    try:
        known = _known(value, kind, ("model_dump", "dict", "tolist", "item"))
        if known is not _UNKNOWN:
            return known
    except Exception:
        # Whatever an object's own methods do, it is still described below.
        pass
    return _repr(value, kind)


def whole(value: object) -> Any:
    """Describe `value` for a question, by all that can be read in it: `NotImplemented` if reading would use it up.

    Bytes that are no text come with the text that somebody might find in them. An object that says nothing about itself is
    described by its public attributes.
    """
    kind: Any = type(value)
    try:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _readable(bytes(value))
        # Tables print only their beginning and end.
        tables = ("to_dict", "to_list", "to_pylist")
        known = _known(value, kind, ("model_dump", "dict", "tolist", "item", *tables))
        if known is not _UNKNOWN:
            return known
    except Exception:
        # Its text is left, and what that raises is the caller's to hear of.
        pass
    if _is_used_up(kind):
        return NotImplemented
    if _is_bare(kind):
        return _attributes(value) or _label(kind)
    shown = repr(value)
    if kind.__str__ is object.__str__:
        return shown
    said = str(value)
    # Either may be what a model reads.
    if kind.__repr__ is object.__repr__ or shown in said:
        return said
    return shown if said in shown else f"{said}\n{shown}"


def _known(value: object, kind: type, methods: tuple[str, ...]) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    # Subclasses of the JSON types, without what they override.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (uuid.UUID, decimal.Decimal)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes(bytes(value))
    if isinstance(value, (set, frozenset)):
        return _ordered(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value.items())
    if isinstance(value, BaseException):
        return f"{kind.__name__}: {value}"
    # Pydantic, current and older; then arrays and their scalars.
    for method in methods:
        if callable(getattr(kind, method, None)):
            return getattr(value, method)()
    return _UNKNOWN


def _bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")


def _ordered(value: set[Any] | frozenset[Any]) -> list[Any]:
    try:
        return sorted(value)
    except TypeError:
        return sorted(value, key=repr)


def _repr(value: object, kind: type) -> str:
    try:
        return repr(value)
    except Exception:
        return f"[unserializable:{kind.__name__}]"


def _readable(value: bytes) -> Any:
    """Bytes as the text that they are, else in base64; with all that looks like text in them, if anything does."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        encoded = base64.b64encode(value).decode("ascii")
    wide = value.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = value.decode("utf-16", "replace") if wide else value.decode("latin-1")
    # Between the letters of wider encodings there are zeros.
    text = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    return {"base64": encoded, "text": text} if _WORD.search(text) else encoded


_WORD = re.compile(r"\w{3}")


def _is_used_up(kind: type) -> bool:
    """Whether its values can be had only once: an iterator, or what is awaited."""
    return any(hasattr(kind, name) for name in ("__next__", "__anext__", "__await__"))


def _is_bare(kind: Any) -> bool:
    """Whether an object of this class says nothing about itself but where it lies in memory."""
    return kind.__repr__ is object.__repr__ and kind.__str__ is object.__str__


def _attributes(value: object) -> dict[str, Any]:
    """The public attributes; what says nothing about itself either is there by its class, so that no graph of objects is walked."""
    names = list(getattr(value, "__dict__", ()))
    for base in type(value).__mro__:
        slots = vars(base).get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    found: dict[str, Any] = {}
    for name in names:
        if isinstance(name, str) and not name.startswith("_") and hasattr(value, name):
            attribute = getattr(value, name)
            kind = type(attribute)
            opaque = _is_bare(kind) or _is_used_up(kind)
            found[name] = _label(kind) if opaque else attribute
    return found


def _label(kind: type) -> str:
    return f"<{kind.__module__}.{kind.__qualname__}>"
