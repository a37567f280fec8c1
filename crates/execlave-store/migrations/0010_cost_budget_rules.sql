-- Budgets that are not policies: a cap for a scope and a window, and what happens when it is passed.

CREATE TABLE cost_budget_rules (
    org_id                  TEXT    NOT NULL REFERENCES orgs (id),
    id                      TEXT    NOT NULL,
    name                    TEXT    NOT NULL,
    scope                   TEXT    NOT NULL CHECK (scope IN ('org', 'agent', 'user', 'workspace')),
    scope_id                TEXT,
    period                  TEXT    NOT NULL CHECK (period IN ('minute', 'hour', 'day', 'month')),
    cap_nanos               BIGINT  NOT NULL,
    action                  TEXT    NOT NULL CHECK (action IN ('warn', 'block', 'pause_agent')),
    warning_threshold_pct   BIGINT,
    burn_rate_alert_enabled BOOLEAN NOT NULL,
    is_active               BOOLEAN NOT NULL,
    created_at              BIGINT  NOT NULL,
    updated_at              BIGINT  NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX cost_budget_rules_newest ON cost_budget_rules (org_id, created_at, id);
