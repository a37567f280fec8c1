-- Which set of policies an approval was asked for under, so that its certificate can say so whatever has changed by the time of the answer.

ALTER TABLE approvals ADD COLUMN bundle_version TEXT;
-- The decision that asked has the approval's time.
UPDATE approvals SET bundle_version = (
    SELECT max(decisions.bundle_version) FROM decisions
    WHERE decisions.org_id = approvals.org_id AND decisions.evaluated_at = approvals.created_at AND decisions.approval_id = approvals.id
);
