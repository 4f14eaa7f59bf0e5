-- The whole state of one control plane. Rules for every table: STRICT, a NOT NULL primary key, no
-- AUTOINCREMENT, no triggers, no virtual tables; counters live in `meta`; enums are words, checked
-- by OR: for IN with more than two words SQLite builds a table at each statement.
-- *_at columns are wall-clock milliseconds, *_ms columns are cluster-clock milliseconds; 0 = not.

CREATE TABLE meta (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    incarnation TEXT NOT NULL CHECK (length(incarnation) = 16),
    schema INTEGER NOT NULL,
    hash_key BLOB NOT NULL CHECK (length(hash_key) = 32),
    created_at INTEGER NOT NULL,
    next_index INTEGER NOT NULL CHECK (next_index >= 1),
    next_replica INTEGER NOT NULL CHECK (next_replica >= 1),
    clock_ms INTEGER NOT NULL CHECK (clock_ms >= 0),
    -- Every event numbered above it is kept.
    events_floor INTEGER NOT NULL CHECK (events_floor >= 0)
) STRICT;

CREATE TABLE deployments (
    uid TEXT NOT NULL PRIMARY KEY,
    cluster TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    description TEXT,
    annotations TEXT NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 0),
    updated_at INTEGER NOT NULL,
    updated_by TEXT,
    lifecycle TEXT NOT NULL CHECK (
        lifecycle = 'active' OR lifecycle = 'terminated' OR lifecycle = 'deleting'),
    replicas INTEGER NOT NULL CHECK (replicas >= 0),
    paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
    settings TEXT NOT NULL,
    template TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    next_revision INTEGER NOT NULL CHECK (next_revision >= 0),
    next_rollout INTEGER NOT NULL CHECK (next_rollout >= 0),
    faults INTEGER NOT NULL CHECK (faults >= 0),
    -- The same pairs are rows of deployment_labels.
    labels TEXT NOT NULL,
    state TEXT NOT NULL CHECK (
        state = 'pending' OR state = 'deploying' OR state = 'running' OR state = 'degraded'
        OR state = 'unhealthy' OR state = 'paused' OR state = 'rolling_back' OR state = 'failed'
        OR state = 'scaled_to_zero' OR state = 'terminating' OR state = 'terminated'
        OR state = 'unknown'),
    message TEXT,
    observed_generation INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    stable_revision INTEGER NOT NULL,
    version TEXT,
    halted_reason TEXT,
    halted_since_at INTEGER NOT NULL,
    desired INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    available INTEGER NOT NULL,
    total INTEGER NOT NULL,
    rollout_id INTEGER NOT NULL,
    rollout_state TEXT NOT NULL CHECK (
        rollout_state = 'progressing' OR rollout_state = 'paused'
        OR rollout_state = 'awaiting_promotion' OR rollout_state = 'rolling_back'
        OR rollout_state = 'succeeded' OR rollout_state = 'rolled_back'
        OR rollout_state = 'failed' OR rollout_state = 'superseded' OR rollout_state = 'aborted'),
    scaled_to INTEGER NOT NULL CHECK (scaled_to >= 0),
    scaled_ceiling INTEGER NOT NULL CHECK (scaled_ceiling >= 0),
    at_index INTEGER NOT NULL,
    endpoints_index INTEGER NOT NULL,
    UNIQUE (cluster, name)
) STRICT;

-- Uids are time-ordered, so that rows of one label are appended; see store/deployment_labels.h for
-- how a list that is ordered by name makes use of it.
CREATE TABLE deployment_labels (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    PRIMARY KEY (key, value, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX deployment_labels_uid ON deployment_labels (uid);

CREATE TABLE tombstones (
    cluster TEXT NOT NULL,
    name TEXT NOT NULL,
    uid TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (cluster, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_expires ON tombstones (expires_ms);

CREATE TABLE revisions (
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 1),
    version TEXT,
    template TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT,
    change_cause TEXT,
    source TEXT NOT NULL CHECK (
        source = 'create' OR source = 'update' OR source = 'rollback' OR source = 'auto_rollback'
        OR source = 'abort' OR source = 'retry' OR source = 'restart'),
    copy_of INTEGER NOT NULL CHECK (copy_of >= 0),
    outcome TEXT NOT NULL CHECK (
        outcome = 'pending' OR outcome = 'active' OR outcome = 'stable' OR outcome = 'superseded'
        OR outcome = 'failed'),
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    tags TEXT NOT NULL,
    PRIMARY KEY (uid, number)
) STRICT;

CREATE TABLE revision_sets (
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    template_hash TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision >= 1),
    wanted INTEGER NOT NULL CHECK (wanted >= 0),
    failures INTEGER NOT NULL CHECK (failures >= 0),
    retry_at_ms INTEGER NOT NULL CHECK (retry_at_ms >= 0),
    PRIMARY KEY (uid, template_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollouts (
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    id INTEGER NOT NULL CHECK (id >= 1),
    from_revision INTEGER NOT NULL,
    to_revision INTEGER NOT NULL,
    rollback_revision INTEGER NOT NULL,
    strategy TEXT NOT NULL CHECK (
        strategy = 'rolling' OR strategy = 'recreate' OR strategy = 'blue_green'
        OR strategy = 'canary'),
    state TEXT NOT NULL CHECK (
        state = 'progressing' OR state = 'paused' OR state = 'awaiting_promotion'
        OR state = 'rolling_back' OR state = 'succeeded' OR state = 'rolled_back'
        OR state = 'failed' OR state = 'superseded' OR state = 'aborted'),
    reason TEXT,
    message TEXT,
    desired INTEGER NOT NULL,
    old INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    available INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    deadline_at_ms INTEGER NOT NULL,
    deadline_left_ms INTEGER NOT NULL,
    deadline_in_ms INTEGER NOT NULL,
    monitor_until_ms INTEGER NOT NULL,
    batch_after_ms INTEGER NOT NULL,
    high_water INTEGER NOT NULL,
    failed_replicas INTEGER NOT NULL,
    failed_replica TEXT,
    at_index INTEGER NOT NULL,
    PRIMARY KEY (uid, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE replicas (
    number INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    -- Name and cluster of the deployment, so that what watches it is found without its row.
    deployment TEXT NOT NULL,
    cluster TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    node TEXT,
    wanted TEXT NOT NULL CHECK (wanted IN ('run', 'stop')),
    stop_cause TEXT NOT NULL CHECK (
        stop_cause = 'none' OR stop_cause = 'rollout' OR stop_cause = 'scaling'
        OR stop_cause = 'surplus' OR stop_cause = 'limit' OR stop_cause = 'delete'
        OR stop_cause = 'node' OR stop_cause = 'operator'),
    phase TEXT NOT NULL CHECK (
        phase = 'pending' OR phase = 'assigned' OR phase = 'preparing' OR phase = 'starting'
        OR phase = 'running' OR phase = 'stopping' OR phase = 'stopped' OR phase = 'failed'),
    ready INTEGER NOT NULL CHECK (ready IN (0, 1)),
    available INTEGER NOT NULL CHECK (available IN (0, 1)),
    was_available INTEGER NOT NULL CHECK (was_available IN (0, 1)),
    counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    restarts INTEGER NOT NULL CHECK (restarts >= 0),
    address TEXT,
    ports TEXT NOT NULL,
    pid INTEGER NOT NULL,
    reason TEXT,
    has_exit INTEGER NOT NULL CHECK (has_exit IN (0, 1)),
    exit_code INTEGER NOT NULL,
    exit_signal INTEGER NOT NULL,
    exit_oom INTEGER NOT NULL CHECK (exit_oom IN (0, 1)),
    log_tail TEXT,
    readiness_reason TEXT,
    cpu_millis INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    gpus INTEGER NOT NULL,
    assigned_index INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    readiness_since_at INTEGER NOT NULL,
    phase_since_ms INTEGER NOT NULL,
    ready_since_ms INTEGER NOT NULL,
    unready_since_ms INTEGER NOT NULL,
    at_index INTEGER NOT NULL
) STRICT;
CREATE INDEX replicas_uid ON replicas (uid);
CREATE INDEX replicas_cluster ON replicas (cluster);
CREATE INDEX replicas_node ON replicas (node) WHERE phase NOT IN ('stopped', 'failed');

CREATE TABLE nodes (
    name TEXT NOT NULL PRIMARY KEY,
    cluster TEXT NOT NULL,
    labels TEXT NOT NULL,
    cpu_millis INTEGER NOT NULL,
    memory_mib INTEGER NOT NULL,
    gpus INTEGER NOT NULL,
    address TEXT,
    agent_version TEXT,
    boot_id TEXT,
    drivers TEXT NOT NULL,
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    -- Number of the last report of this epoch: a request that was sent twice counts once.
    report_seq INTEGER NOT NULL CHECK (report_seq >= 0),
    state TEXT NOT NULL CHECK (
        state = 'ready' OR state = 'suspect' OR state = 'lost' OR state = 'left'),
    state_reason TEXT,
    schedulable INTEGER NOT NULL CHECK (schedulable IN (0, 1)),
    draining INTEGER NOT NULL CHECK (draining IN (0, 1)),
    registered_at INTEGER NOT NULL,
    state_since_at INTEGER NOT NULL,
    at_index INTEGER NOT NULL,
    assignments_index INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX nodes_cluster ON nodes (cluster);

CREATE TABLE node_orphans (
    node TEXT NOT NULL REFERENCES nodes (name) ON DELETE CASCADE,
    id TEXT NOT NULL,
    at_index INTEGER NOT NULL,
    PRIMARY KEY (node, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    at_index INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT,
    kind TEXT NOT NULL,
    cluster TEXT,
    name TEXT,
    uid TEXT,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    data TEXT
) STRICT;
CREATE INDEX events_uid ON events (uid) WHERE uid IS NOT NULL;
CREATE INDEX events_cluster ON events (cluster) WHERE cluster IS NOT NULL;

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (
        scope = 'read' OR scope = 'deploy' OR scope = 'operate' OR scope = 'admin'
        OR scope = 'join' OR scope = 'node'),
    cluster TEXT,
    node TEXT,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
