/* age.h: how long ago a time of the API is, for people. */
#ifndef DOGSHORE_CLI_AGE_H
#define DOGSHORE_CLI_AGE_H

#include <stdint.h>

struct arena;

/* Milliseconds since 1970 of "2026-01-31T09:26:53.589Z"; -1 when it is not one, or NULL. */
int64_t age_parse(const char *rfc3339);
/* "45s", "12m", "3h", "5d"; "-" when unknown; never negative. */
const char *age_text(struct arena *arena, const char *since, int64_t now_wall_ms);
const char *age_duration(struct arena *arena, int64_t duration_ms);
/* "2026-01-31 09:26:53", UTC; "-" when unknown. */
const char *age_date(struct arena *arena, const char *rfc3339);

#endif
