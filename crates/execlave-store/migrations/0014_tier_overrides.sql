-- Policies that ran although the agent's autonomy tier has no control of their type, as a JSON list of ids.

ALTER TABLE decisions ADD COLUMN tier_overrides TEXT NOT NULL DEFAULT '[]';
