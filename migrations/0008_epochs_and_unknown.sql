-- The epochs of nodes that were removed, and of former lives, are not above it: whoever registers a
-- name anew begins above it.
ALTER TABLE meta ADD COLUMN epochs_floor INTEGER NOT NULL DEFAULT 0 CHECK (epochs_floor >= 0);

-- How many replicas were available when their nodes were last heard, and are in the list of
-- endpoints, but nobody knows.
ALTER TABLE availability_transitions
    ADD COLUMN unknown INTEGER NOT NULL DEFAULT 0 CHECK (unknown >= 0);
