-- What ran without a decision, as clients report it afterwards. The ids are the client's and make a repeated report harmless; an agent
-- may be one that nobody registered.

CREATE TABLE bypass_windows (
    org_id               TEXT   NOT NULL REFERENCES orgs (id),
    id                   TEXT   NOT NULL,
    agent_id             TEXT   NOT NULL,
    agent_row_id         TEXT,
    reason               TEXT   NOT NULL,
    source               TEXT   NOT NULL,
    first_at             BIGINT NOT NULL,
    last_at              BIGINT NOT NULL,
    bypasses             BIGINT NOT NULL,
    message              TEXT,
    status               BIGINT,
    consecutive_failures BIGINT,
    sdk                  TEXT   NOT NULL,
    key_id               TEXT,
    received_at          BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX bypass_windows_newest ON bypass_windows (org_id, first_at, id);

-- Windows a client had to forget before it could report them: all that is left of them is how many there were.
CREATE TABLE bypass_losses (
    org_id      TEXT   NOT NULL REFERENCES orgs (id),
    id          TEXT   NOT NULL,
    windows     BIGINT NOT NULL,
    bypasses    BIGINT NOT NULL,
    since       BIGINT,
    sdk         TEXT   NOT NULL,
    key_id      TEXT,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
