-- Answering approvals from where people are told of them, and what they are shown before they do.

ALTER TABLE webhooks ADD COLUMN takes_answers BOOLEAN NOT NULL DEFAULT FALSE;
-- What the chat signs answers with that it sends itself.
ALTER TABLE webhooks ADD COLUMN chat_secret TEXT;

-- The action with personal data masked, as JSON; NULL for what was asked before it was kept.
ALTER TABLE approvals ADD COLUMN action TEXT;
