/* limits.h: every maximum of the program in one place. Over the limit at the border is a 4xx;
 * inside it is an assert. */
#ifndef DOGSHORE_BASE_LIMITS_H
#define DOGSHORE_BASE_LIMITS_H

#include <assert.h>

enum {
    LIMIT_BODY_BYTES = 256 * 1024,
    LIMIT_REPORT_BODY_BYTES = 4 * 1024 * 1024, /* a full report of a big node */
    /* Of what is refused: read and dropped, so that the client has sent it when the answer comes.
     * Beyond it the connection is cut, which a client may see before the answer. */
    LIMIT_DROPPED_BODY_BYTES = 16 * 1024 * 1024,
    LIMIT_URI_BYTES = 4096,
    LIMIT_HEADER_POOL_BYTES = 7 * 1024, /* of each connection, idle ones included */
    LIMIT_JSON_DEPTH = 32,
    LIMIT_JSON_NODES = 200000,
    LIMIT_FIELD_ERRORS = 64, /* reported; further ones are counted */

    LIMIT_NAME_BYTES = 63, /* deployments, clusters, nodes, ports: DNS labels (RFC 1123) */
    LIMIT_LABELS = 64,
    LIMIT_LABEL_PREFIX_BYTES = 253, /* Kubernetes' label syntax */
    LIMIT_LABEL_NAME_BYTES = 63,
    LIMIT_LABEL_VALUE_BYTES = 63,
    LIMIT_ANNOTATIONS = 64,
    LIMIT_ANNOTATION_VALUE_BYTES = 4096,
    LIMIT_DESCRIPTION_BYTES = 1024,
    LIMIT_CHANGE_CAUSE_BYTES = 1024,
    LIMIT_VERSION_BYTES = 128,
    LIMIT_PATH_BYTES = 1024,
    LIMIT_COMMAND_ARGUMENTS = 256,
    LIMIT_ARGUMENT_BYTES = 8192,
    LIMIT_ENV_VARIABLES = 256,
    LIMIT_ENV_NAME_BYTES = 256,
    LIMIT_ENV_VALUE_BYTES = 32 * 1024,
    LIMIT_PORTS = 16,
    LIMIT_SELECTOR_BYTES = 1024,
    LIMIT_SELECTOR_TERMS = 64,
    LIMIT_FILTER_COMPARISONS = 64, /* of one ?q=, in parentheses this deep, with lists that long */
    LIMIT_FILTER_DEPTH = 16,
    LIMIT_FILTER_VALUES = 64,
    LIMIT_FIELDS = 64, /* parts that ?fields= names */
    LIMIT_REQUEST_ID_BYTES = 64,
    LIMIT_TOKEN_BYTES = 256,
    LIMIT_IDEMPOTENCY_KEY_BYTES = 255,

    LIMIT_REPLICAS = 10000, /* of one deployment */
    LIMIT_REVISION_HISTORY = 1000,
    LIMIT_TAGS = 16,         /* of one revision */
    LIMIT_QUARANTINED = 100, /* templates of one deployment; the oldest go first */
    LIMIT_SECONDS = 7 * 24 * 3600,
    LIMIT_CPU_MILLIS = 1024 * 1000,
    LIMIT_MEMORY_MIB = 64 * 1024 * 1024,
    LIMIT_GPUS = 1024,
    LIMIT_PROBE_THRESHOLD = 1000,
    LIMIT_CANARY_STEPS = 32,
    LIMIT_CHECK_TIMES = 100,
    LIMIT_CHECK_SUBSTRING_BYTES = 256,

    LIMIT_LIST_DEFAULT = 50,
    LIMIT_LIST = 500,
    LIMIT_SEARCH_BYTES = 256,
    LIMIT_WAIT_SECONDS = 60,

    LIMIT_BATCH_CLOSURES = 256,
    LIMIT_BATCH_MS = 10,
    LIMIT_WRITE_QUEUE = 16384,        /* closures waiting; beyond it 503 */
    LIMIT_READ_THREADS = 2,           /* for lists: a long one does not hold up the next */
    LIMIT_READ_QUEUE = 1024,          /* lists that they have in hand; beyond it 503 */
    LIMIT_PLAN_QUEUE = 64,            /* computations at the planner thread; beyond it 503 */
    LIMIT_WRITE_DEADLINE_MS = 10000,  /* a parked write; then 503 outcome_unknown */
    LIMIT_REQUEST_ARRIVAL_MS = 10000, /* first byte to last byte of a request */
    LIMIT_REPLY_STALL_MS = 10000,     /* a client that does not take its reply */
    LIMIT_IDLE_CONNECTION_SECONDS = 120,
    LIMIT_PREFLIGHT_SECONDS = 600, /* how long browsers may remember the answer to a preflight */
    LIMIT_STREAM_COMMENT_MS = 15000,
    LIMIT_STREAM_STALL_MS = 30000,
    LIMIT_STREAM_PACE_BYTES = 64 * 1024, /* that a client must take in that time */
    /* Event streams of one HTTP thread: the newest events, kept for all of them; what those that
     * are further behind read at a time, how many at once, and all that waits to be taken. */
    LIMIT_STREAM_WINDOW_BYTES = 1024 * 1024,
    LIMIT_STREAM_PIECE_EVENTS = 128,
    LIMIT_STREAM_PIECE_BYTES = 32 * 1024,
    LIMIT_STREAM_TURNS = 8,
    LIMIT_STREAM_PIECES_BYTES = 8 * 1024 * 1024,
    LIMIT_REPORT_CHANGES = 4096,
    LIMIT_REPLICA_REASON_BYTES = 256, /* probe answers and reasons, sanitised */
    LIMIT_LOG_TAIL_BYTES = 4096,
    LIMIT_EVENT_MESSAGE_BYTES = 1024,
    LIMIT_EVENT_DATA_BYTES = 32 * 1024, /* JSON: a log tail may grow sixfold by escapes */
    LIMIT_ENDED_REPLICAS = 20,          /* kept per deployment */
    /* Health history of one deployment: of its replicas, and of its availability. */
    LIMIT_HEALTH_TRANSITIONS = 1000,
    LIMIT_HEALTH_DAYS = 7,
    /* Of one probe of one replica; further ones within that time are merged into the last. */
    LIMIT_HEALTH_BURST = 10,
    LIMIT_HEALTH_BURST_MS = 10000,
    LIMIT_HEALTH_CLOCK_BACK_MS = 60000, /* a wall clock set back further begins a span anew */
    LIMIT_PROBE_RECENT = 60,            /* answers of one probe of one replica, in memory */
    LIMIT_NODES = 10000,
    LIMIT_DEPLOYMENTS = 50000,
    LIMIT_TOKENS = 10000, /* made over the API; nodes have their own besides */
    LIMIT_TOKEN_SECONDS = 10 * 366 * 24 * 3600, /* until one expires */
    /* Replies kept for requests that are sent again. The oldest go first. */
    LIMIT_IDEMPOTENT_REPLIES = 100000,
    LIMIT_IDEMPOTENT_BODY_BYTES = 512 * 1024,
    LIMIT_IDEMPOTENT_BODIES_BYTES = 256 * 1024 * 1024,
    LIMIT_ORPHANS_PER_NODE = 1000,
    LIMIT_CACHED_BODIES_BYTES = 64 * 1024 * 1024
};

static_assert(LIMIT_LIST_DEFAULT <= LIMIT_LIST, "the default page is a legal page");
static_assert(LIMIT_WRITE_QUEUE >= LIMIT_BATCH_CLOSURES, "a full batch fits the queue");
static_assert(LIMIT_JSON_DEPTH < 40, "the writer's stack is deeper than what is accepted");

#endif
