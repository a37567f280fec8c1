-- What models cost, where an organisation pays something else than the built-in table says. Prices are billionths of a dollar per million
-- tokens; `model` is in lower case.

CREATE TABLE model_prices (
    org_id           TEXT   NOT NULL REFERENCES orgs (id),
    model            TEXT   NOT NULL,
    input_nanos      BIGINT NOT NULL,
    output_nanos     BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    PRIMARY KEY (org_id, model)
);

ALTER TABLE traces ADD COLUMN cost_is_computed BOOLEAN NOT NULL DEFAULT FALSE;
