-- Was it ever proven healthy? Its outcome tells no more once a newer one has taken over. Of what is
-- there already, its rollout tells, if it is still there; one that succeeded while no replica was
-- wanted proved nothing, and that replicas which came later proved it was kept nowhere: who goes back
-- to such a revision names it.
ALTER TABLE revisions ADD COLUMN proven INTEGER NOT NULL DEFAULT 0 CHECK (proven IN (0, 1));
UPDATE revisions SET proven = 1 WHERE outcome = 'stable' OR (outcome = 'superseded' AND EXISTS (
    SELECT 1 FROM rollouts AS o WHERE o.uid = revisions.uid AND (
        (o.state = 'succeeded' AND o.to_revision = revisions.number
            AND instr(coalesce(o.message, ''), 'which is not proven') = 0)
        OR (o.state = 'rolled_back' AND o.rollback_revision = revisions.number))));
