-- A second proof of who somebody is: codes of an authenticator app, and recovery codes for when it is lost.

CREATE TABLE second_factors (
    org_id       TEXT   NOT NULL REFERENCES orgs (id),
    user_id      TEXT   NOT NULL,
    -- Sealed with a key that is not in this database.
    secret       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    -- NULL until a code has shown that the app has the secret; it is asked for from then on.
    confirmed_at BIGINT,
    -- The step of the last code that was accepted: neither it nor an earlier one is accepted again.
    last_step    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

-- Only hashes, and gone once used.
CREATE TABLE recovery_codes (
    org_id     TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    code_hash  TEXT   NOT NULL,
    PRIMARY KEY (org_id, user_id, code_hash),
    FOREIGN KEY (org_id, user_id) REFERENCES second_factors (org_id, user_id)
);

-- Somebody has shown a password or used a link up, and still owes a code.
CREATE TABLE pending_sign_ins (
    token_hash TEXT   NOT NULL PRIMARY KEY,
    org_id     TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    method     TEXT   NOT NULL CHECK (method IN ('link', 'invitation', 'password', 'provider')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);
CREATE INDEX pending_sign_ins_user ON pending_sign_ins (org_id, user_id);
CREATE INDEX pending_sign_ins_end ON pending_sign_ins (expires_at);
