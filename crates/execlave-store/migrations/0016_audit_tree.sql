-- The Merkle tree over each organisation's audit log, as far as it is needed to add to it and to know its root; and the tree heads that
-- were signed. Triggers, in which the two databases have no common dialect, are in `src/audit/guards/`.

CREATE TABLE audit_trees (
    org_id    TEXT   NOT NULL PRIMARY KEY REFERENCES orgs (id),
    size      BIGINT NOT NULL,
    last_hash TEXT   NOT NULL,
    peaks     TEXT   NOT NULL
);

CREATE TABLE audit_tree_heads (
    org_id    TEXT   NOT NULL REFERENCES orgs (id),
    size      BIGINT NOT NULL,
    root_hash TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    key_id    TEXT   NOT NULL,
    signature TEXT   NOT NULL,
    PRIMARY KEY (org_id, size)
);
