-- Versions: what an agent's registration was at a moment, and the prompts it is given.

-- Rows are only ever added.
CREATE TABLE agent_versions (
    org_id         TEXT   NOT NULL REFERENCES orgs (id),
    id             TEXT   NOT NULL,
    agent_id       TEXT   NOT NULL,
    -- From 1, without gaps.
    version_number BIGINT NOT NULL,
    version_label  TEXT,
    notes          TEXT,
    metadata       TEXT   NOT NULL,
    -- The registration as JSON.
    snapshot       TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    created_by     TEXT   NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id)
);
CREATE UNIQUE INDEX agent_versions_number ON agent_versions (org_id, agent_id, version_number);

CREATE TABLE active_agent_versions (
    org_id       TEXT   NOT NULL REFERENCES orgs (id),
    agent_id     TEXT   NOT NULL,
    version_id   TEXT   NOT NULL,
    activated_at BIGINT NOT NULL,
    activated_by TEXT   NOT NULL,
    PRIMARY KEY (org_id, agent_id),
    FOREIGN KEY (org_id, version_id) REFERENCES agent_versions (org_id, id)
);

-- Rows are only ever added.
CREATE TABLE prompt_versions (
    org_id           TEXT   NOT NULL REFERENCES orgs (id),
    id               TEXT   NOT NULL,
    agent_id         TEXT   NOT NULL,
    -- From 1, without gaps.
    version_number   BIGINT NOT NULL,
    version_tag      TEXT,
    prompt           TEXT   NOT NULL,
    system_prompt    TEXT,
    model_name       TEXT,
    -- A JSON object.
    model_parameters TEXT   NOT NULL,
    change_summary   TEXT,
    notes            TEXT,
    created_at       BIGINT NOT NULL,
    created_by       TEXT   NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id)
);
CREATE UNIQUE INDEX prompt_versions_number ON prompt_versions (org_id, agent_id, version_number);
CREATE INDEX prompt_versions_newest ON prompt_versions (org_id, created_at, id);

-- How a version stands in an environment. How it got there is in the audit log.
CREATE TABLE prompt_deployments (
    org_id            TEXT   NOT NULL REFERENCES orgs (id),
    prompt_version_id TEXT   NOT NULL,
    environment       TEXT   NOT NULL,
    agent_id          TEXT   NOT NULL,
    status            TEXT   NOT NULL CHECK (status IN ('pending', 'deployed', 'rejected', 'replaced', 'rolled_back')),
    notes             TEXT,
    requested_at      BIGINT NOT NULL,
    requested_by      TEXT   NOT NULL,
    decided_at        BIGINT,
    decided_by        TEXT,
    decision_reason   TEXT,
    -- When it last began to run there.
    deployed_at       BIGINT,
    PRIMARY KEY (org_id, prompt_version_id, environment),
    FOREIGN KEY (org_id, prompt_version_id) REFERENCES prompt_versions (org_id, id)
);
-- One version of an agent's prompt runs in an environment, whatever happens at once.
CREATE UNIQUE INDEX prompt_deployments_running ON prompt_deployments (org_id, agent_id, environment) WHERE status = 'deployed';
