-- Where a decision was made and with which set of policies. A set is written once and named by its digest, instead of once with every
-- decision that used it.

ALTER TABLE decisions ADD COLUMN source TEXT NOT NULL DEFAULT 'server' CHECK (source IN ('server', 'local'));
ALTER TABLE decisions ADD COLUMN bundle_version TEXT;
ALTER TABLE decisions ADD COLUMN problems TEXT NOT NULL DEFAULT '[]';

CREATE TABLE policy_sets (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    version    TEXT   NOT NULL,
    policies   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, version)
);

-- What an organisation has switched on. One without a row has the defaults.
CREATE TABLE org_settings (
    org_id        TEXT    NOT NULL PRIMARY KEY REFERENCES orgs (id),
    keep_input    BOOLEAN,
    red_team_gate BOOLEAN NOT NULL,
    updated_at    BIGINT  NOT NULL
);
