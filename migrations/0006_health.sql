-- Health over time, as spans: until_at = 0 is the one that lasts. In each table the spans that are
-- over are numbered (seq) in the order in which they ended, so that the oldest are found at once.

-- Of a replica: whether it was ready, and the verdict of each of its probes.
CREATE TABLE probe_transitions (
    replica INTEGER NOT NULL REFERENCES replicas (number) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (
        kind = 'ready' OR kind = 'startup' OR kind = 'readiness' OR kind = 'liveness'),
    nth INTEGER NOT NULL CHECK (nth >= 1),
    uid TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state = 'unknown' OR state = 'ok' OR state = 'failing'),
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL CHECK (until_at = 0 OR until_at >= from_at),
    -- Among those of the same uid; 0 = it lasts.
    seq INTEGER NOT NULL CHECK ((seq = 0) = (until_at = 0)),
    reason TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt >= 0),
    merged INTEGER NOT NULL CHECK (merged >= 0),
    PRIMARY KEY (replica, kind, nth)
) STRICT, WITHOUT ROWID;
CREATE INDEX probe_transitions_ended ON probe_transitions (uid, seq) WHERE seq > 0;

-- Of a deployment: what its status counted. The newest row lasts.
CREATE TABLE availability_transitions (
    uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL CHECK (until_at = 0 OR until_at >= from_at),
    desired INTEGER NOT NULL CHECK (desired >= 0),
    ready INTEGER NOT NULL CHECK (ready >= 0),
    available INTEGER NOT NULL CHECK (available >= 0),
    merged INTEGER NOT NULL CHECK (merged >= 0),
    PRIMARY KEY (uid, seq)
) STRICT, WITHOUT ROWID;

-- Of a node: when its agent was not heard. It outlives the node, as what ran there does.
CREATE TABLE node_silences (
    node TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL CHECK (until_at = 0 OR until_at >= from_at),
    PRIMARY KEY (node, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX node_silences_ended ON node_silences (until_at) WHERE until_at > 0;

-- What is known of those that are there already. Status was last looked at when something was last
-- recorded.
INSERT INTO availability_transitions
SELECT uid, 1, coalesce((SELECT at FROM events ORDER BY at_index DESC LIMIT 1), created_at), 0,
    desired, ready, available, 0
FROM deployments;
INSERT INTO probe_transitions
SELECT number, 'ready', 1, uid, iif(ready, 'ok', 'failing'),
    iif(readiness_since_at > 0, readiness_since_at, created_at), 0, 0,
    iif(ready, '', coalesce(readiness_reason, '')), attempt, 0
FROM replicas WHERE phase NOT IN ('stopped', 'failed') AND attempt > 0;
INSERT INTO node_silences
SELECT name, 1, state_since_at, 0 FROM nodes WHERE state <> 'ready';
