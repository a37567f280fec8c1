"""The fields of requests, out of the arguments of calls. Shared by the calls that wait and those that are awaited."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ._arguments import cost, listed, moment, present


def registration(
    agent_id: str,
    name: str,
    type: str,
    platform: str,
    environment: str,
    description: str | None,
    owner_email: str | None,
    allowed_data_sources: Sequence[str] | None,
    allowed_actions: Sequence[str] | None,
    requires_human_approval_for: Sequence[str] | None,
    tags: Sequence[str] | None,
    metadata: Mapping[str, Any] | None,
    autonomy_level: str | None,
) -> dict[str, Any]:
    """Of `register_agent`."""
    return present(
        agentId=agent_id,
        name=name,
        type=type,
        platform=platform,
        environment=environment,
        description=description,
        ownerEmail=owner_email,
        allowedDataSources=listed(allowed_data_sources),
        allowedActions=listed(allowed_actions),
        requiresHumanApprovalFor=listed(requires_human_approval_for),
        tags=listed(tags),
        metadata=metadata,
        autonomyLevel=autonomy_level,
    )


def question(
    agent_id: str,
    input: str,
    environment: str | None,
    metadata: Mapping[str, Any] | None,
    estimated_cost: float | None,
    tools: Sequence[str] | None,
    tool_descriptors: Sequence[Mapping[str, Any]] | None,
    conversation_history: Sequence[Mapping[str, Any]] | None,
    tool_outputs: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """Of `enforce_policy`."""
    return present(
        agentId=agent_id,
        input=input,
        environment=environment,
        metadata=metadata,
        estimatedCost=cost(estimated_cost),
        tools=listed(tools),
        toolDescriptors=listed(tool_descriptors) or None,
        conversationHistory=listed(conversation_history) or None,
        toolOutputs=listed(tool_outputs) or None,
    )


def resolution(
    resolved_status: str,
    basis: str,
    effect_ref: str | None,
    acknowledgement_id: str | None,
    detail: str | None,
    observed_at: datetime.datetime | str | None,
) -> dict[str, Any]:
    """Of `resolve_trace`. A moment without a time zone is one of this machine's."""
    if isinstance(observed_at, datetime.datetime):
        observed_at = observed_at.astimezone(datetime.UTC).isoformat()
    return present(
        resolvedStatus=resolved_status,
        basis=basis,
        effectRef=effect_ref,
        acknowledgementId=acknowledgement_id,
        detail=detail,
        observedAt=observed_at,
    )


def baseline(descriptors: Iterable[Mapping[str, Any]], reason: str) -> dict[str, Any]:
    """Of `report_tool_baseline`."""
    return {"descriptors": list(descriptors), "reason": reason}


def build(
    version_label: str | None,
    git_commit: str | None,
    deployed_at: object,
    notes: str | None,
    activate: bool,
) -> dict[str, Any]:
    """Of `report_agent_metadata`."""
    origin = present(gitCommit=git_commit, deployedAt=moment(deployed_at)) or None
    return present(
        activate=bool(activate), versionLabel=version_label, notes=notes, metadata=origin
    )


def prompt(
    agent_id: str,
    prompt_template: str,
    system_message: str | None,
    model_name: str | None,
    model_parameters: Mapping[str, Any] | None,
    change_summary: str,
    version_tag: str | None,
) -> dict[str, Any]:
    """Of `deploy_prompt`; two parameters of the model have fields of their own."""
    other = dict(model_parameters or {})
    return present(
        agentId=agent_id,
        promptTemplate=prompt_template,
        systemMessage=system_message,
        modelName=model_name,
        temperature=other.pop("temperature", None),
        maxTokens=other.pop("max_tokens", None),
        otherParams=other,
        changeSummary=change_summary,
        versionTag=version_tag,
    )


def deployment(
    environment: str, require_approval: bool, deployment_notes: str | None = None
) -> dict[str, Any]:
    """Of `promote_to_production` and its like."""
    return present(
        environment=environment,
        requireApproval=bool(require_approval),
        deploymentNotes=deployment_notes,
    )
