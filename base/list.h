/* list.h: doubly linked lists whose links lie in what they link, so that neither adding nor
 * removing needs memory or a search. All zero is an empty list; a link is in one list at a time.
 *
 *     for (struct list_link *link = list.first; link != NULL; link = link->next)
 *         … CONTAINER_OF(link, struct stream, in_feed) …
 *
 * Ownership: what is linked is the caller's. Threads: the caller's. */
#ifndef DOGSHORE_BASE_LIST_H
#define DOGSHORE_BASE_LIST_H

#include "base/container_of.h"

struct list_link {
    struct list_link *previous, *next;
};

struct list {
    struct list_link *first, *last; /* NULL when empty */
};

static inline void list_append(struct list *list, struct list_link *link)
{
    *link = (struct list_link){.previous = list->last};
    if (list->last != NULL)
        list->last->next = link;
    else
        list->first = link;
    list->last = link;
}

/* It is in this list. */
static inline void list_remove(struct list *list, struct list_link *link)
{
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        list->first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    else
        list->last = link->previous;
}

#endif
