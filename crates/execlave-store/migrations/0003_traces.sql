-- What agents did, and what it cost. Ingest speed decides the number of indexes here: the primary key doubles as the newest-first
-- list, and `trace_id` is not unique because every span of a tree carries its root's.

CREATE TABLE traces (
    org_id            TEXT   NOT NULL REFERENCES orgs (id),
    started_at        BIGINT NOT NULL,
    id                TEXT   NOT NULL,
    trace_id          TEXT   NOT NULL,
    agent_id          TEXT,
    agent_row_id      TEXT,
    session_id        TEXT,
    user_id           TEXT,
    received_at       BIGINT NOT NULL,
    duration_ms       BIGINT,
    status            TEXT   NOT NULL,
    model_name        TEXT,
    prompt_tokens     BIGINT,
    completion_tokens BIGINT,
    total_tokens      BIGINT,
    cost_nanos        BIGINT,
    environment       TEXT,
    error_type        TEXT,
    error_message     TEXT,
    parent_trace_id   TEXT,
    span_type         TEXT,
    span_id           TEXT,
    parent_span_id    TEXT,
    span_name         TEXT,
    span_kind         TEXT,
    injection_risk    TEXT,
    pii_types         TEXT   NOT NULL,
    tags              TEXT   NOT NULL,
    input             TEXT,
    output            TEXT,
    metadata          TEXT,
    effect_evidence   TEXT,
    PRIMARY KEY (org_id, started_at, id)
);
CREATE INDEX traces_trace_id ON traces (org_id, trace_id);
-- Without `id` at the end SQLite would prefer to scan the primary key, which is in the order a page asks for.
CREATE INDEX traces_agent ON traces (org_id, agent_id, started_at, id);
CREATE INDEX traces_session ON traces (org_id, session_id, started_at, id) WHERE session_id IS NOT NULL;
CREATE INDEX traces_status ON traces (org_id, status, started_at, id);

-- Counted while writing, so that the plan limit never needs a scan. `month` is like 2026-11 (UTC).
CREATE TABLE trace_months (
    org_id TEXT   NOT NULL REFERENCES orgs (id),
    month  TEXT   NOT NULL,
    traces BIGINT NOT NULL,
    PRIMARY KEY (org_id, month)
);

-- `nanos` is what was spent plus what is reserved, in billionths of a dollar, so that one comparison decides.
CREATE TABLE spend (
    org_id    TEXT   NOT NULL REFERENCES orgs (id),
    scope_key TEXT   NOT NULL,
    period    TEXT   NOT NULL CHECK (period IN ('hour', 'day')),
    starts_at BIGINT NOT NULL,
    nanos     BIGINT NOT NULL,
    PRIMARY KEY (org_id, scope_key, period, starts_at)
);
CREATE INDEX spend_age ON spend (starts_at);

CREATE TABLE reservations (
    org_id      TEXT   NOT NULL REFERENCES orgs (id),
    decision_id TEXT   NOT NULL,
    agent_id    TEXT   NOT NULL,
    nanos       BIGINT NOT NULL,
    charged     TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, decision_id)
);
CREATE INDEX reservations_agent ON reservations (org_id, agent_id, created_at);
CREATE INDEX reservations_expiry ON reservations (expires_at);
