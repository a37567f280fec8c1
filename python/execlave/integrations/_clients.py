"""Clients of model vendors: whichever of its resources sends a request to a model, the client is governed as a whole."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ._boundary import Boundary
from ._instrumented import govern
from ._requests import Choice, Endpoint, gated
from ._texts import field


def govern_client(boundary: Boundary, client: Any, endpoints: Sequence[Endpoint]) -> Any:
    """Govern a client and those made of it; returns it. Raises `TypeError` if it has no `create` for the first endpoint."""
    needed = _resource(client, endpoints[0].name)
    if not callable(getattr(needed, "create", None)):
        raise TypeError(f"the client has no {endpoints[0].name}.create")
    sender = _sender(needed)
    if sender is None:
        # A client that only looks like the vendor's: `create` is all that is known of it.
        for endpoint in endpoints:
            resource = _resource(client, endpoint.name)
            govern(resource, "create", functools.partial(gated, boundary, _always(endpoint)))
    else:
        gate = functools.partial(gated, boundary, _by_path(endpoints))
        # Those of the client's resources that exist hold its way to send; the others will ask for it.
        for resource in list(_resources(sender)):
            govern(resource, "_post", gate)
        govern(sender, "post", gate)

    def governed(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def copied(*args: Any, **kwargs: Any) -> Any:
            return govern_client(boundary, original(*args, **kwargs), endpoints)

        return copied

    for method in ("copy", "with_options"):
        govern(client, method, governed)
    return client


def _always(endpoint: Endpoint) -> Choice:
    return lambda args, kwargs: (endpoint, kwargs)


def _by_path(endpoints: Sequence[Endpoint]) -> Choice:
    def choose(
        args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Endpoint, Mapping[str, Any]] | None:
        path = str(args[0] if args else kwargs.get("path", "")).partition("?")[0].rstrip("/")
        body = kwargs.get("body")
        for endpoint in endpoints:
            if path.endswith(endpoint.paths):
                return endpoint, body if isinstance(body, Mapping) else {}
        return None

    return choose


def _resource(client: Any, name: str) -> Any:
    found = client
    for part in name.split("."):
        found = field(found, part)
    return found


def _sender(resource: Any) -> Any:
    """The client that a vendor's resource sends its requests through."""
    send = getattr(resource, "_post", None)
    sender = getattr(inspect.unwrap(send), "__self__", None) if callable(send) else None
    return sender if callable(getattr(sender, "post", None)) else None


def _resources(client: Any) -> Iterator[Any]:
    """The resources that a client has made so far, and those that they have made."""
    seen, waiting = {id(client)}, [client]
    while waiting:
        for value in list(vars(waiting.pop()).values()):
            if id(value) not in seen and hasattr(value, "__dict__") and _sender(value) is client:
                seen.add(id(value))
                waiting.append(value)
                yield value
