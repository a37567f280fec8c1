-- What policies found in traces after the fact. A span that is handed in again is found once: the unique index says what the same is.

CREATE TABLE incidents (
    org_id           TEXT   NOT NULL REFERENCES orgs (id),
    id               TEXT   NOT NULL,
    trace_id         TEXT   NOT NULL,
    span_id          TEXT   NOT NULL,
    agent_id         TEXT   NOT NULL,
    environment      TEXT   NOT NULL,
    policy_id        TEXT   NOT NULL,
    policy_name      TEXT   NOT NULL,
    policy_type      TEXT   NOT NULL,
    enforcement_mode TEXT   NOT NULL,
    severity         TEXT   NOT NULL,
    rule_id          TEXT   NOT NULL,
    message          TEXT   NOT NULL,
    evidence         TEXT,
    occurred_at      BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id)
);
CREATE UNIQUE INDEX incidents_once ON incidents (org_id, trace_id, span_id, policy_id);
CREATE INDEX incidents_newest ON incidents (org_id, created_at, id);
