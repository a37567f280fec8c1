"""`instrument_openai`, under the name of the module that older code imports it from."""

from __future__ import annotations

from .openai import instrument_openai

__all__ = ["instrument_openai"]
