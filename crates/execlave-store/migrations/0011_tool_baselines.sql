-- The tools an agent is known to use, as a JSON list of server, tool and hash: one row per agent, read as a whole and replaced as a whole.

CREATE TABLE tool_baselines (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    agent_id   TEXT   NOT NULL,
    tools      TEXT   NOT NULL,
    reason     TEXT   NOT NULL CHECK (reason IN ('manual', 'baseline_update')),
    updated_by TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, agent_id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id)
);
