#include "server/mailbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>

enum err_code mailbox_open(struct mailbox *mailbox, struct err *err)
{
    *mailbox = (struct mailbox){.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (mailbox->event_fd < 0) return err_set(err, ERR_IO, "eventfd: %s", strerror(errno));
    pthread_mutex_init(&mailbox->lock, NULL);
    return ERR_OK;
}

void mailbox_close(struct mailbox *mailbox)
{
    close(mailbox->event_fd);
    pthread_mutex_destroy(&mailbox->lock);
}

void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->last != NULL)
        mailbox->last->next = mail;
    else
        mailbox->first = mail;
    mailbox->last = mail;
    pthread_mutex_unlock(&mailbox->lock);
}

void mailbox_wake(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    bool mail_waits = mailbox->first != NULL;
    pthread_mutex_unlock(&mailbox->lock);
    if (mail_waits) mailbox_knock(mailbox);
}

void mailbox_knock(struct mailbox *mailbox)
{
    uint64_t one = 1;
    /* Fails only when the counter is full: then it is readable anyway. */
    ssize_t written = write(mailbox->event_fd, &one, sizeof one);
    (void)written;
}

struct mail *mailbox_take(struct mailbox *mailbox)
{
    uint64_t knocks;
    ssize_t got = read(mailbox->event_fd, &knocks, sizeof knocks);
    (void)got; /* nobody knocked: fine, there may be mail all the same */
    pthread_mutex_lock(&mailbox->lock);
    struct mail *first = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return first;
}
