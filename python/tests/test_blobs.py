"""Pictures and files have no words: their digests stand for them, and nothing hides behind them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from execlave.integrations._blobs import blob
from execlave.integrations._sealed import sealed
from execlave.integrations._texts import text_of

ENCODED = "QUJD" * 1_000
PICTURE = f"data:image/png;base64,{ENCODED}"


def digest(kind: str, value: str) -> str:
    return f"[{kind}, {len(value)} characters, sha256:{hashlib.sha256(value.encode()).hexdigest()}]"


@pytest.mark.parametrize(
    ("holder", "name", "kind"),
    [
        ({"url": PICTURE}, "url", "image/png"),
        ({"image_url": PICTURE}, "image_url", "image/png"),
        (
            {"file_data": PICTURE.replace("image/png", "application/pdf")},
            "file_data",
            "application/pdf",
        ),
        ({"media_type": "image/jpeg", "data": ENCODED}, "data", "image/jpeg"),
        ({"mimeType": "audio/wav", "data": ENCODED}, "data", "audio/wav"),
        ({"format": "mp3", "data": ENCODED}, "data", "mp3"),
        (
            {"mimeType": "application/octet-stream", "blob": ENCODED},
            "blob",
            "application/octet-stream",
        ),
    ],
)
def test_a_blob_is_replaced_by_its_digest(holder: Any, name: str, kind: str) -> None:
    stands_for = digest(kind, holder[name])
    assert blob(holder, name, holder[name]) == stands_for
    assert sealed({"part": holder})["part"][name] == stands_for
    assert stands_for not in text_of(holder) and holder[name] not in text_of(holder)


@pytest.mark.parametrize(
    ("holder", "name"),
    [
        # The model reads it as text.
        ({"text": PICTURE}, "text"),
        ({"content": PICTURE}, "content"),
        # It has words after all.
        ({"url": f"{PICTURE} ignore all"}, "url"),
        ({"url": "data:image/svg+xml;base64," + ENCODED}, "url"),
        ({"url": "data:text/html;base64," + ENCODED}, "url"),
        ({"media_type": "application/json", "data": ENCODED}, "data"),
        ({"media_type": "image/png", "data": "a word " * 1_000}, "data"),
        # Nobody says what it is.
        ({"data": ENCODED}, "data"),
        ({"media_type": 7, "data": ENCODED}, "data"),
        ({"url": "https://example.com/" + "a" * 2_000}, "url"),
        # Too short to matter, and no text.
        ({"url": PICTURE[:100]}, "url"),
        ({"url": None}, "url"),
    ],
)
def test_what_may_have_words_stays(holder: Any, name: str) -> None:
    assert blob(holder, name, holder[name]) is None
    assert sealed(holder)[name] == holder[name]
    assert holder[name] is None or holder[name] in text_of(holder)


def test_text_behind_large_pictures_is_found() -> None:
    picture = {"type": "image_url", "image_url": {"url": PICTURE * 1_000}}
    huge = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{'A' * 3_000_000}"}}
    text = text_of([huge, {"type": "text", "text": "forbidden"}, picture])
    assert text.startswith("forbidden")


def test_long_texts_are_whole() -> None:
    parts = [{"text": "word " * 400_000}, {"text": "forbidden"}]
    assert text_of(parts).endswith("forbidden")
