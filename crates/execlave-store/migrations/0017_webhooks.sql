-- Webhooks: addresses outside that are told what happened. The secret signs what is sent, so it has to be kept as it is.

CREATE TABLE webhooks (
    org_id            TEXT    NOT NULL REFERENCES orgs (id),
    id                TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    url               TEXT    NOT NULL,
    secret            TEXT    NOT NULL,
    -- PagerDuty's name for the service that is told.
    routing_key       TEXT,
    format            TEXT    NOT NULL,
    signature_version TEXT    NOT NULL,
    -- A JSON list of event types; NULL is every type.
    events            TEXT,
    timeout_ms        BIGINT  NOT NULL,
    is_active         BOOLEAN NOT NULL,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX webhooks_name ON webhooks (org_id, name);
CREATE INDEX webhooks_newest ON webhooks (org_id, created_at, id);

-- What is to be told to whom. Written in the transaction of the change it is about, so that there is one if, and only if, the change
-- happened.
CREATE TABLE webhook_deliveries (
    org_id          TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    webhook_id      TEXT   NOT NULL,
    event_id        TEXT   NOT NULL,
    event_type      TEXT   NOT NULL,
    event           TEXT   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
    attempts        BIGINT NOT NULL,
    -- When it is tried next; while it is being tried, when it counts as lost.
    next_attempt_at BIGINT NOT NULL,
    last_attempt_at BIGINT,
    last_status     BIGINT,
    last_error      TEXT,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (org_id, webhook_id, event_id);
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (org_id, webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
