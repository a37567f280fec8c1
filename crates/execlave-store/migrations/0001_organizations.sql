-- Organisations, the people in them, and how people and programs prove who they are.
-- The dialect is what SQLite and PostgreSQL share: TEXT, BIGINT, BOOLEAN, DOUBLE PRECISION. Ids and times come from the application,
-- times are milliseconds since 1970. Keys are (org_id, id), and references repeat org_id, so that the database itself refuses a row
-- which points into another organisation.

CREATE TABLE orgs (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    id         TEXT   NOT NULL,
    email      TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    role       TEXT   NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX users_email ON users (org_id, lower(email));

CREATE TABLE sign_in_links (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    user_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

CREATE TABLE sessions (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    id         TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    token_hash TEXT   NOT NULL UNIQUE,
    csrf_token TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

CREATE TABLE api_keys (
    org_id       TEXT   NOT NULL REFERENCES orgs (id),
    id           TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,
    hash         TEXT   NOT NULL UNIQUE,
    environment  TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    PRIMARY KEY (org_id, id)
);

-- Signing keys belong to the deployment: one public key set is published for everybody.
CREATE TABLE signing_keys (
    key_id     TEXT   NOT NULL PRIMARY KEY,
    seed       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

-- One hash chain per organisation; `idx` counts from 1 without gaps.
CREATE TABLE audit_entries (
    org_id    TEXT   NOT NULL REFERENCES orgs (id),
    idx       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    actor     TEXT   NOT NULL,
    event     TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    prev_hash TEXT   NOT NULL,
    hash      TEXT   NOT NULL,
    PRIMARY KEY (org_id, idx)
);
