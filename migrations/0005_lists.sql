-- What lists are narrowed to and sorted by; see store/listing.h for when each is used. Figures: a
-- page of 100 of 10,000 deployments, 50,000 replicas and 30,000 rollouts, without → with the index
-- (bench/fleet_lists.c).

-- ?state= that few are in, and its count: 33 → 0.6 ms.
-- The rest is what /v1/summary counts besides, so that it looks at no row of the table.
CREATE INDEX deployments_state ON deployments (state, cluster, rollout_state, rollout_id);
-- ?sort=-updated_at, what changed last: 18 → 1.4 ms.
CREATE INDEX deployments_updated ON deployments (updated_at, cluster, name);

-- ?state= that few are in: 35 → 0.1 ms.
CREATE INDEX replicas_phase ON replicas (phase);
-- What /v1/summary counts and sums of those that have not ended. Its rows are written anew with
-- each replica's row anyway, and stay where their node's are.
DROP INDEX replicas_node;
CREATE INDEX replicas_node
    ON replicas (node, cluster, phase, ready, available, cpu_millis, memory_mib, gpus)
    WHERE phase NOT IN ('stopped', 'failed');

-- All rollouts, newest first: 48 → 0.2 ms.
CREATE INDEX rollouts_started ON rollouts (started_at);
-- Those that run, among all that have ended: 39 → 0.7 ms.
CREATE INDEX rollouts_state ON rollouts (state);

-- /v1/labels counts by cluster, which a deployment never changes.
ALTER TABLE deployment_labels ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
UPDATE deployment_labels SET cluster =
    (SELECT cluster FROM deployments WHERE deployments.uid = deployment_labels.uid);
