/* Power is lost at every sync of a run: what was acknowledged is there, the rest is there whole or
 * not at all, and the file is sound. What was written since the last sync survives in parts, picked
 * by a seed. */
#include "store/deployments.h"
#include "store/events.h"
#include "support/fault_vfs.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <sys/stat.h>

enum { SEEDS = 5, STEPS = 22, BATCH = 9, IMAGES_MAX = 2000 };

static struct store_fixture f;

static struct {
    int taken;
    int acknowledged[IMAGES_MAX]; /* closures, at the moment of image i */
    int answered;
    struct deployment deployments[STEPS * BATCH];
    struct store_call calls[STEPS * BATCH];
} run;

static void setup(void)
{
    fault_vfs_install();
    store_fixture_open(&f);
}

static void teardown(void)
{
    fault_vfs_before_sync(NULL, NULL);
    store_fixture_close(&f);
}

TestSuite(power_loss, .init = setup, .fini = teardown);

static const char *image_dir(int image)
{
    return arena_printf(&f.arena, "%s-image-%d", f.dir, image);
}

static int count_acknowledged(void)
{
    int count = 0;
    for (int i = 0; i < STEPS * BATCH; i++)
        count += run.calls[i].answered ? 1 : 0;
    return count;
}

static void take_images(void *self)
{
    (void)self;
    for (unsigned seed = 1; seed <= SEEDS && run.taken < IMAGES_MAX; seed++) {
        const char *dir = image_dir(run.taken);
        cr_assert_eq(mkdir(dir, 0700), 0);
        fault_vfs_power_loss(seed + 100 * (unsigned)run.taken, dir);
        run.acknowledged[run.taken++] = count_acknowledged();
    }
}

static void write_batches(void)
{
    for (int i = 0; i < STEPS * BATCH; i++) {
        const char *name = arena_printf(&f.arena, "web-%d", i);
        run.deployments[i] = sample_deployment(&f.arena, "default", name);
        run.calls[i] = (struct store_call){.body = sample_create, .argument = &run.deployments[i]};
        store_call_submit(&f, &run.calls[i], LANE_FIRST);
        if (i % BATCH != BATCH - 1) continue;
        writer_step(f.writer);
        writer_step(f.writer); /* with nothing to do: may checkpoint */
    }
    cr_assert_eq(count_acknowledged(), STEPS * BATCH);
}

static void expect_whole(struct store_fixture *image, int number, int acknowledged)
{
    struct event *events;
    size_t count;
    int64_t deployments, index;
    struct events_filter all = {.limit = 10000};
    MUST(events_list(image->reader, &image->arena, &all, &events, &count, &err));
    MUST(deployments_count(image->reader, &deployments, &err));
    MUST(store_newest_index(image->reader, &index, &err));
    cr_expect_geq((int)count, acknowledged, "image %d: an acknowledged write is lost", number);
    cr_expect_eq(deployments, count, "image %d: all or nothing", number);
    cr_expect_eq(index, count, "image %d: no gap", number);
    cr_expect_eq(count % BATCH, 0, "image %d: a batch is whole", number);
}

static void expect_image_is_sound(int number)
{
    struct store_fixture image = {.time = f.time};
    snprintf(image.dir, sizeof image.dir, "%s", image_dir(number));
    arena_init(&image.arena);
    image.config = f.config;
    image.config.clock = clock_manual(&image.time);
    image.config.data_dir = image.dir;
    store_fixture_start(&image); /* checks the integrity of the file */
    expect_whole(&image, number, run.acknowledged[number]);
    store_fixture_close(&image);
}

Test(power_loss, at_every_sync_nothing_acknowledged_is_lost, .timeout = 300)
{
    fault_vfs_before_sync(take_images, NULL);
    write_batches();
    fault_vfs_before_sync(NULL, NULL);
    struct writer_stats stats;
    writer_stats(f.writer, &stats);
    cr_expect_gt(stats.checkpoints, 0, "the run reaches a checkpoint");
    cr_expect_geq(run.taken, SEEDS * STEPS);
    for (int i = 0; i < run.taken; i++)
        expect_image_is_sound(i);
}
