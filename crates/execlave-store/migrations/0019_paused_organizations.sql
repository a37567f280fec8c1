-- An organisation whose agents were all paused: whoever registers meanwhile starts paused, for the same reason.

ALTER TABLE orgs ADD COLUMN paused_at BIGINT;
ALTER TABLE orgs ADD COLUMN paused_reason TEXT;
