/* What the tables of health over time have in common. */
#include "base/limits.h"
#include "store/batch.h"
#include "store/health_private.h"
#include "store/store_private.h"

int64_t health_floor_at(const struct store_tx *tx)
{
    return tx_wall_ms(tx) - tx->store->keep_health_ms;
}

void health_bind_trim(struct row *row, const struct store_tx *tx)
{
    row_bind_int(row, HEALTH_TRIM_STEP);
    row_bind_int(row, health_floor_at(tx));
    row_bind_int(row, LIMIT_HEALTH_TRANSITIONS);
}

bool health_is_merged(int64_t now_at, int64_t from_at)
{
    return now_at <= from_at && from_at - now_at < LIMIT_HEALTH_CLOCK_BACK_MS;
}

bool health_is_recent(int64_t now_at, int64_t at)
{
    return at > now_at - LIMIT_HEALTH_BURST_MS && at < now_at + LIMIT_HEALTH_CLOCK_BACK_MS;
}
