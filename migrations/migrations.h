/* migrations.h: the numbered schema steps of this folder, embedded at build time.
 *
 * Append-only: a file NNNN_name.sql that was released never changes; the next change of the schema
 * is the next number. The store runs each in a transaction of its own (store/migrate.h). */
#ifndef DOGSHORE_MIGRATIONS_MIGRATIONS_H
#define DOGSHORE_MIGRATIONS_MIGRATIONS_H

struct migration {
    int version;      /* 1, 2, 3 … without a gap */
    const char *name; /* "initial" */
    const char *sql;  /* NULL ends the table */
};

extern const struct migration migrations[];

#endif
