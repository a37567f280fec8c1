-- Decisions and incidents are looked at agent by agent; without these, finding the few of one agent reads those of all others.

CREATE INDEX decisions_agent ON decisions (org_id, agent_id, evaluated_at, id);
CREATE INDEX incidents_agent ON incidents (org_id, agent_id, created_at, id);
