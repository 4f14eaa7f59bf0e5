/* template_rules.h: what must hold between the fields of a template. */
#ifndef DOGSHORE_WIRE_TEMPLATE_RULES_H
#define DOGSHORE_WIRE_TEMPLATE_RULES_H

#include "wire/field.h"

/* Exactly one check. */
void probe_finish(struct field_decoder *decoder, const struct json *json, void *probe);
/* The first delay is at most the last. */
void restart_policy_finish(struct field_decoder *decoder, const struct json *json, void *policy);
/* Ports that probes and the command name are there. */
void template_finish(struct field_decoder *decoder, const struct json *json, void *template);

#endif
