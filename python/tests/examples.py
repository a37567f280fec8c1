"""The examples that the documentation prints, as they are printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from support import ROOT, Server

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / "README.md",
        ROOT / "python" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    )
)
KEY = re.compile(r"exe_(?:dev|prod)_…")
ADDRESS = "http://127.0.0.1:4000"
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """A block of code of a page."""

    page: str
    language: str
    number: int
    """Which one of its language on that page, from 0."""
    text: str
    mark: str
    """The comment before it, if there is one."""

    def __str__(self) -> str:
        return f"{self.page}:{self.language}:{self.number}"

    def at(self, server: Server, agent: str = "", printed: str = "") -> str:
        """Its text for a server of the test's own, and with an agent of the test's own in the place of the printed one."""
        text = KEY.sub(server.key, self.text).replace(ADDRESS, server.url)
        return text.replace(printed, agent) if printed else text


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def examples(page: str) -> list[Example]:
    """The blocks of a page, in order."""
    text, found, numbers = read(page), [], dict[str, int]()
    for match in BLOCK.finditer(text):
        language = match["language"]
        number = numbers[language] = numbers.get(language, -1) + 1
        mark = re.search(r"<!-- (\S+) -->\n$", text[: match.start()])
        found.append(Example(page, language, number, match["text"], mark[1] if mark else ""))
    return found


def example(page: str, language: str, number: int = 0) -> Example:
    """One block of a page."""
    return next(e for e in examples(page) if (e.language, e.number) == (language, number))


def program(path: str) -> Path:
    return ROOT / "examples" / path
