"""A method in two forms, one that waits and one to be awaited, for callers that take either and do not say which."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


class Twofold:
    """A coroutine function for whoever looks it up in a coroutine, and a plain function for everybody else.

    Only a coroutine can await. So whoever gets the form to be awaited is able to, and nobody else gets anything but the one that
    has waited when it returns.
    """

    def __init__(self, wait: Callable[..., Any], awaited: Callable[..., Any]) -> None:
        self._wait = wait
        self._awaited = awaited
        self.__doc__ = wait.__doc__

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        caller = sys._getframe(1).f_code
        form = self._awaited if caller.co_flags & inspect.CO_COROUTINE else self._wait
        return form.__get__(instance, owner)
