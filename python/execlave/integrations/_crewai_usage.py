"""The tokens of one call of a model of CrewAI, whichever way its version counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ._texts import count, field

_METHOD = "log_success_event"

Tokens = tuple[int | None, int | None]


class Usage:
    """What is known of one call's tokens; without a word from anybody, nothing."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._before = _summary(model)
        self._reported: Tokens | None = None

    @property
    def counts_itself(self) -> bool:
        """Whether the model counts what it uses."""
        return self._before is not None

    def report(self, usage: Any) -> None:
        """Hear what a callback is told; the first counts, for LiteLLM tells it again later."""
        if self._reported is None:
            self._reported = (count(usage, "prompt_tokens"), count(usage, "completion_tokens"))

    @property
    def tokens(self) -> Tokens:
        """The prompt's and the answer's tokens."""
        if self._reported is not None:
            return self._reported
        after = _summary(self._model)
        if self._before is None or after is None:
            return None, None
        return after[0] - self._before[0], after[1] - self._before[1]


@contextmanager
def counted(model: Any, callbacks: Any) -> Iterator[Usage]:
    """Count what a call uses: models count for themselves, and before they did, they told the callbacks of the call."""
    usage = Usage(model)
    listening = [] if usage.counts_itself else [c for c in callbacks or [] if hasattr(c, _METHOD)]
    for callback in listening:
        object.__setattr__(callback, _METHOD, _hearing(usage, getattr(callback, _METHOD)))
    try:
        yield usage
    finally:
        for callback in listening:
            callback.__dict__.pop(_METHOD, None)


def _hearing(usage: Usage, original: Callable[..., Any]) -> Callable[..., Any]:
    def log_success_event(*args: Any, **kwargs: Any) -> Any:
        response = kwargs.get("response_obj", args[1] if len(args) > 1 else None)
        usage.report(field(response, "usage"))
        return original(*args, **kwargs)

    return log_success_event


def _summary(model: Any) -> tuple[int, int] | None:
    """All tokens that a model has used in its life, if it counts them."""
    summary = getattr(model, "get_token_usage_summary", None)
    used = summary() if callable(summary) else None
    if used is None:
        return None
    return count(used, "prompt_tokens") or 0, count(used, "completion_tokens") or 0
