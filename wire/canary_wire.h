/* canary_wire.h: the steps of a canary within a strategy. */
#ifndef DOGSHORE_WIRE_CANARY_WIRE_H
#define DOGSHORE_WIRE_CANARY_WIRE_H

#include "model/deployment.h"
#include "wire/field.h"

extern const struct field_kind field_canary_steps; /* struct canary_steps */

/* Rules between steps, and with the template. The decoder stands at the spec. */
void canary_steps_check(struct field_decoder *decoder, const struct canary_steps *steps,
                        const struct ports *ports);

#endif
