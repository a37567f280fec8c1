"""What the documentation says, and what the server answers to whoever has nothing but that."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from support import ROOT, Server

REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def ask(server: Server, path: str, **request: Any) -> tuple[int, bytes]:
    """One request exactly as it is given; status and body of the answer, whatever they are."""
    headers = request.pop("headers", {"X-API-Key": server.key})
    made = urllib.request.Request(server.url + path, headers=headers, **request)
    try:
        with urllib.request.urlopen(made, timeout=40) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def canonical(value: Any) -> bytes:
    """RFC 8785, for values whose keys are ASCII and whose numbers are integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def published_keys(server: Server) -> dict[str, bytes]:
    """The server's public keys by their ids."""
    keys = json.loads(ask(server, "/.well-known/jwks.json", headers={})[1])["keys"]
    return {key["kid"]: unpadded(key["x"]) for key in keys}
