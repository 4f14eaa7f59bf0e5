#include "server/prepared.h"

#include "base/arena.h"
#include "server/cache.h"

#include <microhttpd.h>
#include <stdint.h>

static struct prepared_slot *slot_of(struct prepared *prepared, const struct cached_body *body)
{
    /* Addresses of allocations differ above their alignment. */
    uint64_t mixed = ((uintptr_t)body >> 4) * UINT64_C(0x9e3779b97f4a7c15);
    return &prepared->slots[(mixed >> 32) % PREPARED_SLOTS];
}

static struct prepared_reply *reply_of(struct prepared_slot *slot, bool not_modified)
{
    return not_modified ? &slot->not_modified : &slot->whole;
}

static void reply_clear(struct prepared_reply *reply)
{
    if (reply->response != NULL) MHD_destroy_response(reply->response);
    free(reply->request_id);
    *reply = (struct prepared_reply){.response = NULL};
}

static void slot_clear(struct prepared_slot *slot)
{
    reply_clear(&slot->whole);
    reply_clear(&slot->not_modified);
    cached_body_release(slot->body);
    slot->body = NULL;
}

void prepared_release(struct prepared *prepared)
{
    for (size_t i = 0; i < PREPARED_SLOTS; i++)
        slot_clear(&prepared->slots[i]);
}

struct MHD_Response *prepared_find(struct prepared *prepared, const struct cached_body *body,
                                   bool not_modified, const char *request_id)
{
    struct prepared_slot *slot = slot_of(prepared, body);
    struct prepared_reply *reply = reply_of(slot, not_modified);
    if (slot->body != body || reply->response == NULL) return NULL;
    if (MHD_del_response_header(reply->response, "X-Request-Id", reply->request_id) != MHD_YES ||
        MHD_add_response_header(reply->response, "X-Request-Id", request_id) != MHD_YES) {
        slot_clear(slot);
        return NULL;
    }
    free(reply->request_id);
    reply->request_id = xstrdup(request_id);
    return reply->response;
}

void prepared_keep(struct prepared *prepared, struct cached_body *body, bool not_modified,
                   const char *request_id, struct MHD_Response *response)
{
    struct prepared_slot *slot = slot_of(prepared, body);
    if (slot->body != body) {
        slot_clear(slot);
        atomic_fetch_add(&body->references, 1);
        slot->body = body;
    }
    struct prepared_reply *reply = reply_of(slot, not_modified);
    reply_clear(reply);
    *reply = (struct prepared_reply){.response = response, .request_id = xstrdup(request_id)};
}
