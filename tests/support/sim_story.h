/* sim_story.h: a simulation as a story: one deployment, web, on a few nodes, and what one wants to
 * say about it in a line. What does not hold ends the run (sim_fail). */
#ifndef DOGSHORE_TESTS_SIM_STORY_H
#define DOGSHORE_TESTS_SIM_STORY_H

#include "sim.h"
#include "sim_agent.h"

/* Nodes n1, n2, … that have joined; without limits. */
struct sim *story_begin(int nodes);
struct sim *story_begin_of(int nodes, struct resources capacity);
/* Everything has settled and agrees (sim_check.h). */
void story_end(struct sim *sim);

/* web is to be so many of that version; `strategy` NULL = the defaults. */
void story_deploy(struct sim *sim, const char *version, int64_t replicas, const char *strategy);
void story_deployed(struct sim *sim, const char *version, int64_t replicas, const char *strategy);
/* Its newest rollout reaches that state within ten minutes. */
void story_reaches(struct sim *sim, enum rollout_state state);
/* An order that is refused, with those words in its sentence. */
void story_refused(struct sim *sim, enum sim_order order, const char *words);

/* Marks a revision, so that history keeps it; a `tag` may be rolled back to. NULL = it is pinned.
 */
void story_mark(struct sim *sim, int64_t revision, const char *tag);
void story_roll_back_to(struct sim *sim, const char *tag);

/* Replicas of web that are to run, by revision (0 = of any); those that are available. */
int64_t story_running(struct sim *sim, int64_t revision);
int64_t story_available(struct sim *sim, int64_t revision);
/* Of them, those that get traffic. */
int64_t story_serving(struct sim *sim);
/* All run, are available and of that version. */
void story_is_whole(struct sim *sim, const char *version, int64_t replicas);
/* A process of web that runs, of that revision; NULL = there is none. */
struct sim_process *story_process(struct sim *sim, int64_t revision);

/* The numbers of the revisions that are kept, newest first: "3 2 1". */
const char *story_revisions(struct sim *sim);

/* Looked at after every commit, from story_watch() on. */
struct story_samples {
    int64_t available_min, serving_min;
    int64_t total_max;
    bool together; /* replicas of two templates, were they on lost nodes */
};
void story_watch(struct sim *sim, struct story_samples *samples);

#endif
