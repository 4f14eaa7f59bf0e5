/* backup.c: is it asked for in due form? What follows is the server's (download.h). */
#include "api/handlers.h"

/* It writes nothing, so there is nothing that a key could keep from happening twice. */
API_DECODE(backup_decode)
{
    (void)errors;
    if (request->idempotency_key != NULL)
        return err_set(err, ERR_BAD_REQUEST,
                       "Idempotency-Key does not apply here: a backup changes nothing");
    return ERR_OK;
}
