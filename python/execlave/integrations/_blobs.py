"""Pictures, sound and files inside of messages: megabytes without a word in them, for which their kind and digest can stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

_SHORTEST = 1_024

# Where the vendors put them. What stands elsewhere is read by the model as text, whatever it looks like.
_PLACES = frozenset({"blob", "data", "file_data", "image_url", "uri", "url"})
_KINDS = ("media_type", "mime_type", "mimeType", "format")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)[\w.;=+-]*;base64,")
_ENCODED = re.compile(r"[A-Za-z0-9+/_=\r\n-]*")
# Kinds that have no text to decode. SVG has.
_WORDLESS = re.compile(
    r"(image/(?!svg)|audio/|video/|application/(pdf|octet-stream)$|(wav|mp3|flac|opus|aac|pcm16)$)"
)


def blob(holder: Mapping[Any, Any], name: object, value: object) -> str | None:
    """What stands for a blob that `holder` holds under `name`; `None` if it holds something else there."""
    if name not in _PLACES or not isinstance(value, str) or len(value) < _SHORTEST:
        return None
    url = _DATA_URL.match(value)
    kind = url[1] if url else next((holder[key] for key in _KINDS if holder.get(key)), None)
    if not isinstance(kind, str) or not _WORDLESS.match(kind):
        return None
    if not _ENCODED.fullmatch(value, url.end() if url else 0):
        return None
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"[{kind}, {len(value)} characters, sha256:{digest}]"
