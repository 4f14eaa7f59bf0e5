#include "wire/object_wire.h"
#include "wire/objects.h"

static const struct field event_fields[] = {
    FIELD(int, struct event, index),
    FIELD(time, struct event, at),
    FIELD(string, struct event, actor),
    FIELD(string, struct event, request_id, .flags = FIELD_NULLABLE),
    FIELD(string, struct event, kind),
    FIELD(string, struct event, cluster, .flags = FIELD_NULLABLE),
    FIELD(string, struct event, name, .flags = FIELD_NULLABLE),
    FIELD(string, struct event, reason),
    FIELD(string, struct event, message),
    FIELD(raw_object, struct event, data, .flags = FIELD_NULLABLE),
};
const struct object_type event_type =
    OBJECT_TYPE("Event", struct event, event_fields, .flags = OBJECT_ANSWER);

void event_render(struct json_writer *writer, const struct event *event)
{
    object_render(&event_type, writer, event, NULL);
}
