"""Versions of agents and of their prompts."""

from __future__ import annotations

from typing import Any

from . import _requests
from ._core import Core


class VersionCalls(Core):
    """What a client tells of its agents' versions."""

    def report_agent_metadata(
        self,
        agent_id: str,
        version_label: str | None = None,
        git_commit: str | None = None,
        deployed_at: object = None,
        notes: str | None = None,
        activate: bool = False,
    ) -> dict[str, Any]:
        """Record which build of an agent this is, with its registration, and return the server's answer: the new version in `data`.

        `deployed_at` may be a `datetime` or anything with a text. With `activate` it is the active version from now on.
        """
        fields = _requests.build(version_label, git_commit, deployed_at, notes, activate)
        return dict(self._versions.report(agent_id, fields, False))
