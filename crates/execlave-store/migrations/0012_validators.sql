-- Custom validators: addresses that are asked about actions. The secret signs what is sent, so it has to be kept as it is.

CREATE TABLE validators (
    org_id     TEXT    NOT NULL REFERENCES orgs (id),
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    secret     TEXT    NOT NULL,
    timeout_ms BIGINT  NOT NULL,
    fail_mode  TEXT    NOT NULL CHECK (fail_mode IN ('fail_open', 'fail_closed')),
    is_active  BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX validators_name ON validators (org_id, name);
CREATE INDEX validators_newest ON validators (org_id, created_at, id);

-- What red teaming found out about an agent: the share of attacks it withstood, in thousandths.
ALTER TABLE agents ADD COLUMN red_team_score BIGINT;
ALTER TABLE agents ADD COLUMN red_team_scored_at BIGINT;
