/* backup.c: may this client have the whole database? What follows is the server's (download.h). */
#include "api/handlers.h"

/* It writes nothing, so there is nothing that a key could keep from happening twice. */
API_DECODE(backup_decode)
{
    (void)errors;
    if (request->principal.cluster != NULL)
        return err_set(err, ERR_FORBIDDEN,
                       "a backup holds all clusters, this token is limited to cluster %s",
                       request->principal.cluster);
    if (request->idempotency_key != NULL)
        return err_set(err, ERR_BAD_REQUEST,
                       "Idempotency-Key does not apply here: a backup changes nothing");
    return ERR_OK;
}
