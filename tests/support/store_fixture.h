/* store_fixture.h: an open store in a directory of its own, driven step by step on a manual clock,
 * with everything that its writer published recorded.
 *
 * Ownership: one fixture per test; store_fixture_close() removes the directory. */
#ifndef DOGSHORE_TESTS_STORE_FIXTURE_H
#define DOGSHORE_TESTS_STORE_FIXTURE_H

#include "base/arena.h"
#include "base/clock.h"
#include "model/deployment.h"
#include "model/node.h"
#include "model/replica.h"
#include "model/revision.h"
#include "model/rollout.h"
#include "store/store.h"
#include "store/writer.h"

enum { FIXTURE_PATH_BYTES = 128, FIXTURE_TOUCHED = 256 };

struct store_fixture {
    char dir[FIXTURE_PATH_BYTES];
    struct manual_clock time;
    struct store_config config;
    struct store *store;
    struct writer *writer;
    struct store_db *reader;
    struct arena arena;
    /* Of the last publish; keys are copied into the arena. */
    struct touched touched[FIXTURE_TOUCHED];
    size_t touched_count;
    const char *dirty[FIXTURE_TOUCHED];
    size_t dirty_count;
    int64_t newest_index;
    int publishes, flushes, fatals;
    /* What happened, one letter each: p(ublish) d(irty) r(eply) f(lush) x (fatal). */
    char trace[4096];
    size_t trace_length;
};

void store_fixture_open(struct store_fixture *fixture);
/* Closes and opens again; the directory stays. */
void store_fixture_reopen(struct store_fixture *fixture);
void store_fixture_shut(struct store_fixture *fixture);
void store_fixture_start(struct store_fixture *fixture);
void store_fixture_close(struct store_fixture *fixture);
void store_fixture_remove_dir(const char *dir);
/* A path in the fixture's directory, in its arena. */
const char *store_fixture_path(struct store_fixture *fixture, const char *name);
/* The index that was published for a facet; 0 = not in the last publish. */
int64_t store_fixture_published(const struct store_fixture *fixture, enum facet_kind kind,
                                const char *key);

/* A closure with its outcome. */
struct store_call {
    struct writer_job job;
    enum err_code (*body)(struct store_tx *tx, void *argument, struct err *err);
    void *argument;
    struct store_fixture *fixture;
    bool answered;
    enum err_code code;
    struct err err;
};
void store_call_submit(struct store_fixture *fixture, struct store_call *call,
                       enum writer_lane lane);
/* Submits, steps, and returns what done() was told. */
enum err_code store_fixture_write(struct store_fixture *fixture,
                                  enum err_code (*body)(struct store_tx *tx, void *argument,
                                                        struct err *err),
                                  void *argument, struct err *err);

/* Whole objects with every field set, for round trips. Strings live in the arena. */
struct deployment sample_deployment(struct arena *arena, const char *cluster, const char *name);
struct revision sample_revision(struct arena *arena, const struct deployment *deployment,
                                int64_t number);
struct rollout sample_rollout(int64_t id);
struct replica sample_replica(struct arena *arena, const struct deployment *deployment,
                              int64_t number);
struct node sample_node(const char *cluster, const char *name);
/* Deployment, revision, set, rollout and event, as creating a deployment writes them.
 * `argument` is a struct deployment. */
enum err_code sample_create(struct store_tx *tx, void *argument, struct err *err);
enum err_code sample_insert(struct store_tx *tx, void *argument, struct err *err);

#endif
