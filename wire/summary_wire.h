/* summary_wire.h: what there is, counted (model/summary.h), as JSON. */
#ifndef DOGSHORE_WIRE_SUMMARY_WIRE_H
#define DOGSHORE_WIRE_SUMMARY_WIRE_H

#include "model/summary.h"

struct json_writer;

void summary_render(struct json_writer *writer, const struct summary *summary);
void cluster_summary_render(struct json_writer *writer, const struct cluster_summary *cluster);
void label_key_render(struct json_writer *writer, const struct label_key *key);

#endif
