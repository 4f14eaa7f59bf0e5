#include "agent/journal.h"

#include "agent/files.h"
#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"

enum { JOURNAL_BYTES_MAX = 16 * 1024 * 1024, WORD_BYTES = 256 };

const char *const local_phase_words[] = {
    [LOCAL_WAITING] = "waiting",
    [LOCAL_STARTING] = "starting",
    [LOCAL_RUNNING] = "running",
    [LOCAL_REPLACING] = "replacing",
    [LOCAL_DRAINING] = "draining",
    [LOCAL_TERMINATING] = "terminating",
    [LOCAL_KILLING] = "killing",
    [LOCAL_ENDED] = "ended",
    NULL,
};

static const struct field record_fields[] = {
    FIELD(string, struct replica_record, id, .flags = FIELD_REQUIRED, .min = 1, .max = WORD_BYTES),
    FIELD(string, struct replica_record, deployment, .fallback_text = "", .max = WORD_BYTES),
    FIELD(string, struct replica_record, cluster, .fallback_text = "", .max = WORD_BYTES),
    FIELD(int, struct replica_record, revision, .max = JSON_INTEGER_MAX),
    FIELD(string, struct replica_record, template_hash, .fallback_text = "", .max = WORD_BYTES),
    FIELD(pointer, struct replica_record, template, .flags = FIELD_NULLABLE,
          .object = &template_type),
    FIELD(ports, struct replica_record, ports, .max = LIMIT_PORTS, .key_rule = &rule_name),
    FIELD(int, struct replica_record, attempt, .max = JSON_INTEGER_MAX),
    FIELD(string, struct replica_record, boot_id, .fallback_text = "", .max = WORD_BYTES),
    FIELD(word, struct replica_record, phase, .words = local_phase_words),
    FIELD(boolean, struct replica_record, ran),
    FIELD(boolean, struct replica_record, startup_passed),
    FIELD(boolean, struct replica_record, ready),
    FIELD(boolean, struct replica_record, was_ready),
    FIELD(int, struct replica_record, crashes, .max = JSON_INTEGER_MAX),
    FIELD(int, struct replica_record, failed_starts, .max = JSON_INTEGER_MAX),
    FIELD(int, struct replica_record, backoff_ms, .max = JSON_INTEGER_MAX),
    FIELD(string, struct replica_record, reason, .fallback_text = "",
          .max = LIMIT_REPLICA_REASON_BYTES),
    FIELD(boolean, struct replica_record, failed),
    FIELD(boolean, struct replica_record, has_exit),
    FIELD(int, struct replica_record, exit_code, .min = -1, .max = JSON_INTEGER_MAX,
          .fallback = -1),
    FIELD(int, struct replica_record, exit_signal, .min = -1, .max = JSON_INTEGER_MAX,
          .fallback = -1),
};
/* A record of a newer agent may have more fields. */
static const struct object_type record_type =
    OBJECT_TYPE("ReplicaRecord", struct replica_record, record_fields, .flags = OBJECT_OPEN);

enum err_code journal_write(const char *folder, const char *name,
                            const struct replica_record *record, bool durable, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    object_canonical(&record_type, &text, record);
    TRY(folder_make(folder, err));
    return file_replace(arena_printf(&arena, "%s/%s", folder, name), text.bytes, text.length,
                        durable, err);
}

enum err_code journal_read(struct arena *arena, const char *folder, const char *name,
                           struct replica_record *record, struct err *err)
{
    char *bytes;
    size_t count;
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    TRY(file_read(arena, path, JOURNAL_BYTES_MAX, &bytes, &count, err));
    struct err problem;
    enum err_code code = object_parse(&record_type, arena, bytes, record, &problem);
    if (code != ERR_OK) return err_set(err, code, "%s: %s", path, problem.detail);
    const char *probe = record->template == NULL ? NULL : template_unknown_probe(record->template);
    if (probe == NULL) return ERR_OK;
    return err_set(err, ERR_INTERNAL, "%s: the %s probe has no check that this version knows", path,
                   probe);
}
