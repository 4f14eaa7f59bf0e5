#include "server/restore.h"

#include "base/program.h"
#include "base/text.h"
#include "server/config.h"
#include "store/restore.h"
#include "store/store.h"

static void add_time(struct text *text, int64_t wall_ms)
{
    char time[CLOCK_RFC3339_BYTES];
    clock_rfc3339(wall_ms, time);
    text_add(text, time);
}

static void add_content(struct text *text, const struct config *config,
                        const struct restored *restored)
{
    text_printf(text, "restored %s into %s\n", config->restore, config->data_dir);
    text_printf(text, "  index        %lld\n", (long long)restored->index);
    text_add(text, "  written      ");
    add_time(text, restored->written_at);
    if (restored->changed_at != 0) {
        text_add(text, "\n  last change  ");
        add_time(text, restored->changed_at);
    }
    text_printf(text, "\n  deployments  %lld\n  replicas     %lld\n  nodes        %lld\n",
                (long long)restored->deployments, (long long)restored->replicas,
                (long long)restored->nodes);
    text_printf(text, "  schema       %lld", (long long)restored->from_schema);
    if (restored->from_schema != store_schema_version())
        text_printf(text, ", migrated to %lld", (long long)store_schema_version());
    if (restored->kept[0] != '\0')
        text_printf(text, "\n  kept         %s (what was there before)", restored->kept);
}

static void add_what_follows(struct text *text, const struct config *config,
                             const struct restored *restored)
{
    text_printf(text,
                "\n\nNext: dogshored --data-dir %s\n"
                "- Indexes go on from %lld. Tags, cursors and indexes of the former server are\n"
                "  refused or answered at once, so clients begin anew by themselves.\n"
                "- Tokens are those of the backup: one that was revoked since is valid again.\n"
                "- Nodes come back by themselves. What they run and this database does not know\n"
                "  is left running: see `dogshore nodes NAME` and `dogshore nodes stop-unknown`.\n",
                config->data_dir, (long long)restored->first_index);
}

enum err_code restore_run(const struct config *config, struct err *err)
{
    const struct restore_order order = {.file = config->restore,
                                        .data_dir = config->data_dir,
                                        .replace = config->replace,
                                        .clock = clock_system()};
    struct restored restored;
    TRY(store_restore(&order, &restored, err));
    struct text text;
    text_init(&text, NULL);
    add_content(&text, config, &restored);
    add_what_follows(&text, config, &restored);
    return program_print(&text) ? ERR_OK
                                : err_set(err, ERR_IO, "restored, but standard output is closed");
}
