-- Who is who: agents' credentials, what agents may ask of each other, keys that are narrower, and requests that were seen.

-- Credentials of an earlier generation are void.
ALTER TABLE agents ADD COLUMN credential_generation BIGINT NOT NULL DEFAULT 0;

-- Single credentials that are void before their end. What was issued is not kept.
CREATE TABLE revoked_credentials (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    id         TEXT   NOT NULL,
    agent_id   TEXT   NOT NULL,
    revoked_at BIGINT NOT NULL,
    -- No credential of that id can be good any more.
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, agent_id) REFERENCES agents (org_id, id)
);
CREATE INDEX revoked_credentials_end ON revoked_credentials (expires_at);

ALTER TABLE traces ADD COLUMN identity_verified BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE grants (
    org_id          TEXT   NOT NULL REFERENCES orgs (id),
    id              TEXT   NOT NULL,
    caller_agent_id TEXT   NOT NULL,
    callee_agent_id TEXT   NOT NULL,
    -- A JSON list of actions.
    allowed_actions TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    created_by      TEXT   NOT NULL,
    expires_at      BIGINT,
    revoked_at      BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, caller_agent_id) REFERENCES agents (org_id, id),
    FOREIGN KEY (org_id, callee_agent_id) REFERENCES agents (org_id, id)
);
CREATE INDEX grants_newest ON grants (org_id, caller_agent_id, created_at, id);
CREATE INDEX grants_pair ON grants (org_id, caller_agent_id, callee_agent_id);

-- A JSON list of environments; NULL is all of them.
ALTER TABLE api_keys ADD COLUMN environments TEXT;
ALTER TABLE api_keys ADD COLUMN require_signature BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE api_keys ADD COLUMN replaces TEXT;
ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;

-- Signed requests that were accepted, as long as their signature would be good. No reference to the key: it is written for every signed
-- request, and gone after minutes.
CREATE TABLE seen_requests (
    org_id     TEXT   NOT NULL,
    key_id     TEXT   NOT NULL,
    digest     TEXT   NOT NULL,
    seen_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, key_id, digest)
);
CREATE INDEX seen_requests_end ON seen_requests (expires_at);
