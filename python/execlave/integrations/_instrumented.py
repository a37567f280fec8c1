"""Methods of one object replaced by governed ones, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MARK = "_execlave_governed"


def govern(target: object, method: str, wrap: Callable[[Any], Any]) -> bool:
    """Replace `target.method` by `wrap(target.method)`; False if that was done before, or there is none.

    The object alone is changed, not its class: others of the class belong to other agents, or to none.
    """
    original = getattr(target, method, None)
    if original is None or is_governed(target, method):
        return False
    governed = wrap(original)
    setattr(governed, _MARK, True)
    # Frameworks' models refuse attributes that they do not know.
    object.__setattr__(target, method, governed)
    return True


def is_governed(target: object, method: str) -> bool:
    """Whether `govern` has replaced this method."""
    return hasattr(getattr(target, method, None), _MARK)
