-- Replicas of this template alone get traffic; NULL = all do.
ALTER TABLE deployments ADD COLUMN active_hash TEXT;

ALTER TABLE rollouts ADD COLUMN direct INTEGER NOT NULL DEFAULT 0
    CHECK (direct IN (0, 1));
ALTER TABLE rollouts ADD COLUMN promote TEXT NOT NULL DEFAULT 'none' CHECK (
    promote = 'none' OR promote = 'step' OR promote = 'full');
ALTER TABLE rollouts ADD COLUMN step INTEGER NOT NULL DEFAULT 0
    CHECK (step >= 0);
-- Beginnings: how long each lasts is what the spec says now. One that runs begins anew.
ALTER TABLE rollouts RENAME COLUMN monitor_until_ms TO monitor_since_ms;
ALTER TABLE rollouts RENAME COLUMN batch_after_ms TO batch_since_ms;
UPDATE rollouts SET monitor_since_ms = 0, batch_since_ms = 0;
ALTER TABLE rollouts ADD COLUMN step_since_ms INTEGER NOT NULL DEFAULT 0
    CHECK (step_since_ms >= 0);
ALTER TABLE rollouts ADD COLUMN keep_old_since_ms INTEGER NOT NULL DEFAULT 0
    CHECK (keep_old_since_ms >= 0);
ALTER TABLE rollouts ADD COLUMN extended_ms INTEGER NOT NULL DEFAULT 0
    CHECK (extended_ms >= 0);
ALTER TABLE rollouts ADD COLUMN check_round INTEGER NOT NULL DEFAULT 0
    CHECK (check_round >= 0);
CREATE INDEX rollouts_check ON rollouts (uid) WHERE check_round > 0;

ALTER TABLE replicas ADD COLUMN check_round INTEGER NOT NULL DEFAULT 0
    CHECK (check_round >= 0);
ALTER TABLE replicas ADD COLUMN check_passed INTEGER NOT NULL DEFAULT 0
    CHECK (check_passed IN (0, 1));
ALTER TABLE replicas ADD COLUMN check_reason TEXT;

-- Templates that failed a rollout by a fault of their own: not deployed again unless forced.
CREATE TABLE quarantine (
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    template_hash TEXT NOT NULL,
    rollout INTEGER NOT NULL CHECK (rollout >= 1),
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (uid, template_hash)
) STRICT, WITHOUT ROWID;
