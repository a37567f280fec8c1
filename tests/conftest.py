"""Fixtures for every Python test that drives the whole platform."""

from collections.abc import Iterator

import pytest

from platform_server import PlatformServer


@pytest.fixture(scope="session")
def server() -> Iterator[PlatformServer]:
    """One server for the whole run; tests keep apart by using agents and policies of their own."""
    with PlatformServer() as running:
        yield running
