-- Shared state that decisions depend on.

-- Budgets cover minutes and months too. The set of words in a CHECK cannot be widened in place.
CREATE TABLE spend_by_period (
    org_id    TEXT   NOT NULL REFERENCES orgs (id),
    scope_key TEXT   NOT NULL,
    period    TEXT   NOT NULL CHECK (period IN ('minute', 'hour', 'day', 'month')),
    starts_at BIGINT NOT NULL,
    nanos     BIGINT NOT NULL,
    PRIMARY KEY (org_id, scope_key, period, starts_at)
);
INSERT INTO spend_by_period (org_id, scope_key, period, starts_at, nanos)
    SELECT org_id, scope_key, period, starts_at, nanos FROM spend;
DROP TABLE spend;
ALTER TABLE spend_by_period RENAME TO spend;
CREATE INDEX spend_age ON spend (period, starts_at);

-- The trace an action said it belongs to: that trace's cost settles it.
ALTER TABLE reservations ADD COLUMN trace_id TEXT;
CREATE INDEX reservations_trace ON reservations (org_id, agent_id, trace_id) WHERE trace_id IS NOT NULL;

-- How many actions each slice of a sliding window saw, as a JSON list of `[start, count]`: one row per counter, so that taking its lock
-- makes the whole check atomic.
CREATE TABLE rate_windows (
    org_id    TEXT   NOT NULL REFERENCES orgs (id),
    scope_key TEXT   NOT NULL,
    window_ms BIGINT NOT NULL,
    slices    TEXT   NOT NULL,
    latest_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, scope_key, window_ms)
);
CREATE INDEX rate_windows_age ON rate_windows (latest_at);

-- When an action matching `matcher` last happened in a session or trace.
CREATE TABLE sequence_marks (
    org_id   TEXT   NOT NULL REFERENCES orgs (id),
    sequence TEXT   NOT NULL,
    matcher  TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (org_id, sequence, matcher)
);
CREATE INDEX sequence_marks_age ON sequence_marks (at);
