-- Whom a sign-in provider knows under which name. The subject never changes and is never given to somebody else, unlike an address.

CREATE TABLE user_identities (
    org_id     TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    issuer     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, issuer, subject),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);
CREATE UNIQUE INDEX user_identities_user ON user_identities (org_id, user_id, issuer);
