-- People with roles and passwords, and sessions that can be told apart.

ALTER TABLE users ADD COLUMN approver BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('invited', 'active', 'disabled'));

-- What a link is good for: it signs in, or it lets somebody who was invited begin.
ALTER TABLE sign_in_links ADD COLUMN purpose TEXT NOT NULL DEFAULT 'sign_in' CHECK (purpose IN ('sign_in', 'invitation'));

ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'link' CHECK (method IN ('link', 'invitation', 'password', 'provider'));
ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN last_used_at BIGINT;
CREATE INDEX sessions_user ON sessions (org_id, user_id, created_at);

-- A way of proving who one is has a table of its own, so that a user's row never carries a secret.
CREATE TABLE passwords (
    org_id     TEXT   NOT NULL REFERENCES orgs (id),
    user_id    TEXT   NOT NULL,
    hash       TEXT   NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);
