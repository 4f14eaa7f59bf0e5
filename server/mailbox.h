/* mailbox.h: how other threads hand things back to a loop.
 *
 * Post as often as there is something, wake once per batch: only then the eventfd is written.
 * Ownership: mail lives in what is handed over and belongs to the loop again once taken.
 * Threads: post, wake and knock from any; take from the one owning loop.
 */
#ifndef DOGSHORE_SERVER_MAILBOX_H
#define DOGSHORE_SERVER_MAILBOX_H

#include "base/err.h"

#include <pthread.h>

struct mail {
    struct mail *next;
    void (*arrived)(struct mail *mail); /* on the loop's thread */
};

struct mailbox {
    pthread_mutex_t lock;
    struct mail *first, *last;
    int event_fd; /* readable when somebody knocked */
};

enum err_code mailbox_open(struct mailbox *mailbox, struct err *err);
void mailbox_close(struct mailbox *mailbox);

void mailbox_post(struct mailbox *mailbox, struct mail *mail);
/* Knocks if there is mail. */
void mailbox_wake(struct mailbox *mailbox);
void mailbox_knock(struct mailbox *mailbox);
/* All mail, oldest first. */
struct mail *mailbox_take(struct mailbox *mailbox);

#endif
