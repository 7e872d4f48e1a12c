/* ctest: devices=pocl-pthread,rusticl labels=threaded timeout=300 */
/* Threads that compute, copy, read, poll, wait, trim and release on shared tensors, on
 * every device, under changing policies and modes: the same bits as one thread that does
 * the same steps one after the other, in SYNC.
 *
 *   EAGERCL_LOAD_SECONDS=1800 build/ci/tests/test_load_shared     the long form
 *   EAGERCL_LOAD_THREADS=8                                        default 8
 *
 * and the same of build/tsan with EAGERCL_LOAD_SECONDS=600; tools/device-matrix-env sets
 * the drivers up. A chunk of work is a few rounds. What a thread makes in one round all
 * threads use in the next, and another thread than its maker releases it in the one after
 * that. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/sync.h"
#include "load_steps.h"
#include "tensor/pool.h"

enum { MAX_THREADS = 16, ROUNDS = 6, STEPS = 24, PUBLISHED = 4 };

typedef struct chunk {
  load_world world;
  load_actor actors[MAX_THREADS];
  /* Of three rounds: being made, in use, being released. */
  load_slot published[3][MAX_THREADS][PUBLISHED];
  int threads;
  pthread_barrier_t barrier;
  atomic_bool failed; /* threads go on to meet at the barrier, and do nothing */
} chunk;

/* --- One actor's part of a round --- */

static int gather_pool(const chunk *c, int round, load_slot *pool) {
  int count = 0;
  for (int i = 0; i < LOAD_BASES; i++) pool[count++] = c->world.bases[i];
  for (int t = 0; round > 0 && t < c->threads; t++)
    for (int p = 0; p < PUBLISHED; p++) pool[count++] = c->published[(round + 2) % 3][t][p];
  return count;
}

static const char *play(chunk *c, int me, int round) {
  load_slot pool[LOAD_BASES + MAX_THREADS * PUBLISHED];
  load_actor *actor = &c->actors[me];
  int next = (me + 1) % c->threads;
  for (int p = 0; p < PUBLISHED; p++) load_release(&c->published[(round + 1) % 3][next][p]);
  int shared = gather_pool(c, round, pool);
  load_slot *mine = c->published[round % 3][me];
  const char *failure = NULL;
  for (int step = 0; step < STEPS && failure == NULL; step++) {
    load_slot result;
    failure = load_step(&c->world, actor, pool, shared, &result);
    load_release(&mine[step % PUBLISHED]);
    mine[step % PUBLISHED] = result;
  }
  /* What a neighbour made in the round before. */
  for (int p = 0; round > 0 && p < PUBLISHED && failure == NULL; p++)
    failure = load_read(actor, &c->published[(round + 2) % 3][next][p]);
  return failure;
}

/* --- A chunk --- */

static void begin_chunk(chunk *c, uint64_t seed, int threads, bool is_serial) {
  memset(c, 0, sizeof *c);
  c->threads = threads;
  load_world_make(&c->world, seed);
  for (int t = 0; t < threads; t++) c->actors[t] = load_actor_new(seed, t, is_serial);
}

static void end_chunk(chunk *c) {
  for (int r = 0; r < 3; r++)
    for (int t = 0; t < c->threads; t++)
      for (int p = 0; p < PUBLISHED; p++) load_release(&c->published[r][t][p]);
  load_world_drop(&c->world);
}

static const char *work(int me, void *argument) {
  chunk *c = argument;
  const char *failure = NULL;
  for (int round = 0; round < ROUNDS; round++) {
    if (!c->failed) failure = play(c, me, round);
    if (failure != NULL) c->failed = true;
    pthread_barrier_wait(&c->barrier);
    if (c->failed) continue;
  }
  eager_status status = eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO);
  return failure != NULL ? failure : test_failure(status);
}

static void run_together(chunk *c) {
  assert_int_equal(pthread_barrier_init(&c->barrier, NULL, (unsigned)c->threads), 0);
  test_threads(c->threads, work, c);
  pthread_barrier_destroy(&c->barrier);
}

static void run_in_order(chunk *c) {
  for (int round = 0; round < ROUNDS; round++)
    for (int t = 0; t < c->threads; t++) {
      const char *failure = play(c, t, round);
      if (failure != NULL) fail_msg("in order: %s", failure);
    }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
  assert_ok(eager_set_thread_device_policy(EAGER_DEVICE_PLACEMENT_AUTO));
}

/* --- The tests --- */

static double setting(const char *variable, double otherwise) {
  const char *value = getenv(variable);
  return value != NULL ? atof(value) : otherwise;
}

static uint64_t in_use(void) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < eager_device_count(); i++) {
    const eager_device_info *info;
    eager_memory_info memory;
    assert_ok(eager_device_get(i, &info));
    assert_ok(eager_get_memory_info(info->name, &memory));
    bytes += memory.current;
  }
  return bytes;
}

static void shared_tensors_give_the_serial_bits(void **state) {
  (void)state;
  double seconds = setting("EAGERCL_LOAD_SECONDS", 1);
  int threads = (int)setting("EAGERCL_LOAD_THREADS", 8), chunks = 0, devices = 0, quiet = 0;

  if (threads < 1 || threads > MAX_THREADS) fail_msg("1 to %d threads", MAX_THREADS);
  test_time_limit((int)seconds + 200);
  test_enable();
  static chunk together, in_order;
  load_counts counts = {0};
  uint64_t begin = eager__now(), seed = test_random(), held = in_use();
  do {
    begin_chunk(&together, seed, threads, false);
    run_together(&together);
    begin_chunk(&in_order, seed, threads, true);
    run_in_order(&in_order);
    for (int t = 0; t < threads; t++) {
      load_add_counts(&counts, &together.actors[t].counts);
      if (together.actors[t].digest != in_order.actors[t].digest)
        fail_msg("thread %d of chunk %d, seed %llu: other bits than in order", t, chunks,
                 (unsigned long long)seed);
    }
    devices = together.world.device_count;
    end_chunk(&together);
    end_chunk(&in_order);
    quiet += eager_synchronize(NULL) == EAGER_OK; /* else the bad indices */
    if (in_use() != held)
      fail_msg("chunk %d left %llu bytes in use", chunks,
               (unsigned long long)(in_use() - held));
    chunks++;
    seed++;
  } while ((double)(eager__now() - begin) < seconds * 1e9);
  printf("  load: %d threads, %d devices, %d chunks, %ld steps, %ld reads, %ld poisoned, "
         "%ld refused, %d chunks quiet, %ld polls, %ld waits, %ld synchronized, 0 "
         "different, %.0f s\n",
         threads, devices, chunks, counts.steps, counts.reads, counts.poisoned,
         counts.refused, quiet, counts.polls, counts.waits, counts.synchronized,
         (double)(eager__now() - begin) / 1e9);
}

/* It is slow there, and one build is enough. */
#ifdef EAGER__SANITIZED
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

/* The control: with the pool's reuse rule off the same work gives other bits, or fails, or
 * crashes: indices may change between a kernel's look at them and their use. So only where
 * asked for; runtime/stress has a control that is always safe. */
static void without_the_reuse_rule_it_shows(void **state) {
  (void)state;
  const char *full = getenv("EAGERCL_TEST_FULL");
  if (full == NULL || strcmp(full, "1") != 0) test_skip("the control is for full runs");
  if (is_sanitized) test_skip("the control runs in builds without sanitizers");
  test_enable();
  if (!test_is_async()) test_skip("commands run inside the call: nothing is in flight");
  static chunk together, in_order;
  int different = 0, tries = 0;
  for (; tries < 40 && different == 0; tries++) {
    eager__pool_break_reuse_rule(true);
    begin_chunk(&together, (uint64_t)tries, 4, false);
    run_together(&together);
    eager__pool_break_reuse_rule(false);
    begin_chunk(&in_order, (uint64_t)tries, 4, true);
    run_in_order(&in_order);
    for (int t = 0; t < 4; t++)
      different += together.actors[t].digest != in_order.actors[t].digest;
    end_chunk(&together);
    end_chunk(&in_order);
  }
  printf("  load control: different after %d tries\n", tries);
  assert_true(different > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shared_tensors_give_the_serial_bits),
      cmocka_unit_test(without_the_reuse_rule_it_shows),
  };
  return test_main("load/shared", tests, sizeof tests / sizeof *tests);
}
