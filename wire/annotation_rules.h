/* annotation_rules.h: annotations are for tools and free, but for those that the server itself acts
 * on: what is to be scraped (api/discovery.c). A mistake there would go unnoticed. */
#ifndef DOGSHORE_WIRE_ANNOTATION_RULES_H
#define DOGSHORE_WIRE_ANNOTATION_RULES_H

#include "wire/field.h"

/* The `finish` of a deployment document. */
void annotation_rules_check(struct field_decoder *decoder, const struct json *json, void *document);

#endif
