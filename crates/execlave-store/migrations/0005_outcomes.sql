-- How sure an agent's owner wants to be that a reported success happened, and what was found out about a trace afterwards.

ALTER TABLE agents ADD COLUMN outcome_strictness TEXT NOT NULL DEFAULT 'none'
    CHECK (outcome_strictness IN ('none', 'standard', 'strict'));

-- Rows are only ever added: a later finding stands beside an earlier one, and the trace stays as it was reported.
CREATE TABLE trace_resolutions (
    org_id             TEXT   NOT NULL REFERENCES orgs (id),
    id                 TEXT   NOT NULL,
    trace_id           TEXT   NOT NULL,
    resolved_status    TEXT   NOT NULL CHECK (resolved_status IN ('success', 'error', 'timeout')),
    basis              TEXT   NOT NULL CHECK (basis IN ('read_back', 'callback', 'manual', 'reconciliation')),
    effect_ref         TEXT,
    acknowledgement_id TEXT,
    detail             TEXT,
    observed_at        BIGINT NOT NULL,
    recorded_by        TEXT   NOT NULL,
    recorded_at        BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX trace_resolutions_trace ON trace_resolutions (org_id, trace_id, recorded_at, id);
