-- Agents, policies, decisions and approvals.

CREATE TABLE agents (
    org_id                      TEXT   NOT NULL REFERENCES orgs (id),
    id                          TEXT   NOT NULL,
    agent_id                    TEXT   NOT NULL,
    name                        TEXT   NOT NULL,
    kind                        TEXT   NOT NULL,
    platform                    TEXT   NOT NULL,
    environment                 TEXT   NOT NULL,
    description                 TEXT,
    owner_email                 TEXT,
    allowed_data_sources        TEXT   NOT NULL,
    allowed_actions             TEXT   NOT NULL,
    requires_human_approval_for TEXT   NOT NULL,
    tags                        TEXT   NOT NULL,
    metadata                    TEXT   NOT NULL,
    autonomy_level              TEXT,
    status                      TEXT   NOT NULL CHECK (status IN ('active', 'paused', 'inactive', 'archived', 'error')),
    status_reason               TEXT,
    epoch                       BIGINT NOT NULL,
    status_changed_at           BIGINT NOT NULL,
    created_at                  BIGINT NOT NULL,
    updated_at                  BIGINT NOT NULL,
    last_seen_at                BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX agents_external_id ON agents (org_id, agent_id, environment);
CREATE INDEX agents_newest ON agents (org_id, created_at, id);

CREATE TABLE policies (
    org_id      TEXT    NOT NULL REFERENCES orgs (id),
    id          TEXT    NOT NULL,
    version     BIGINT  NOT NULL,
    name        TEXT    NOT NULL,
    policy_type TEXT    NOT NULL,
    is_active   BOOLEAN NOT NULL,
    document    TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    updated_at  BIGINT  NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX policies_name ON policies (org_id, name);
CREATE INDEX policies_newest ON policies (org_id, created_at, id);

-- Rows are only ever added, also when the policy itself is deleted: decisions refer to the version they used.
CREATE TABLE policy_versions (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    policy_id  TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    event      TEXT   NOT NULL CHECK (event IN ('created', 'updated', 'deleted')),
    document   TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, policy_id, version)
);

CREATE TABLE approvals (
    org_id              TEXT   NOT NULL REFERENCES orgs (id),
    id                  TEXT   NOT NULL,
    agent_id            TEXT   NOT NULL,
    status              TEXT   NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'expired', 'cancelled')),
    environment         TEXT   NOT NULL,
    action_summary      TEXT   NOT NULL,
    action_digest       TEXT   NOT NULL,
    violations          TEXT   NOT NULL,
    risk_score          BIGINT NOT NULL,
    risk_level          TEXT   NOT NULL,
    risk_parts          TEXT   NOT NULL,
    routed_to           TEXT   NOT NULL,
    required_approvers  BIGINT NOT NULL,
    decisions           TEXT   NOT NULL,
    requested_by        TEXT,
    created_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    escalation_level    BIGINT NOT NULL,
    escalated_at        BIGINT,
    decision_reason     TEXT,
    decided_at          BIGINT,
    certificate         TEXT,
    certificate_used_at BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id)
);
-- Asking again for the same action finds the approval that is already waiting, also when two nodes ask at once.
CREATE UNIQUE INDEX approvals_pending ON approvals (org_id, agent_id, action_digest) WHERE status = 'pending';
CREATE INDEX approvals_status ON approvals (org_id, status, created_at, id);
CREATE INDEX approvals_newest ON approvals (org_id, created_at, id);
CREATE INDEX approvals_expiry ON approvals (expires_at) WHERE status = 'pending';

CREATE TABLE decisions (
    org_id          TEXT   NOT NULL REFERENCES orgs (id),
    id              TEXT   NOT NULL,
    agent_id        TEXT   NOT NULL,
    environment     TEXT   NOT NULL,
    action_digest   TEXT   NOT NULL,
    outcome         TEXT   NOT NULL CHECK (outcome IN ('allow', 'require_approval', 'block')),
    violations      TEXT   NOT NULL,
    warnings        TEXT   NOT NULL,
    policy_versions TEXT   NOT NULL,
    input           TEXT,
    approval_id     TEXT,
    key_id          TEXT,
    duration_us     BIGINT NOT NULL,
    evaluated_at    BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id),
    FOREIGN KEY (org_id, approval_id) REFERENCES approvals (org_id, id)
);
CREATE INDEX decisions_newest ON decisions (org_id, evaluated_at, id);
