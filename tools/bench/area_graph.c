/* Graphs: a session's run beside raw enqueues of its kernels, and beside the same ops run
 * eagerly. */
#include <stdio.h>
#include <string.h>

#include "built.h"
#include "digits_step.h"
#include "raw.h"
#include "recording.h"

/* --- What a node costs: running totals and rolls by turns, which nothing makes one --- */

enum { NODES = 200, SIDE = 8, ELEMENTS = SIDE * SIDE };

static eager_status small_nodes(void *state, eager_tensor *x, eager_tensor **out) {
  const int64_t shift[] = {1}, axis[] = {0};
  eager_status status = EAGER_OK;
  (void)state;
  eager_tensor_retain(*out = x);
  for (int i = 0; i < NODES && status == EAGER_OK; i++) {
    eager_tensor *next = NULL;
    status = i % 2 ? eager_roll(*out, shift, axis, 1, &next)
                   : eager_cumsum(*out, 1, false, false, &next);
    status = built_replace(status, out, next);
  }
  return status;
}

static void small_nodes_on_host(int32_t *x) {
  for (int i = 0; i < NODES; i++) {
    int32_t next[ELEMENTS];
    for (int k = 0; k < ELEMENTS; k++) {
      uint32_t before = k % SIDE ? (uint32_t)next[k - 1] : 0;
      next[k] =
          i % 2 ? x[(k + ELEMENTS - SIDE) % ELEMENTS] : (int32_t)(before + (uint32_t)x[k]);
    }
    memcpy(x, next, sizeof next);
  }
}

typedef struct nodes {
  built graph;
  bench_raw raw;
  recording *recording;
} nodes;

static bool make_nodes(void *state) {
  nodes *s = state;
  int32_t values[ELEMENTS];
  eager_tensor *x = NULL;
  for (int i = 0; i < ELEMENTS; i++) values[i] = 3 * i - 50;
  return eager_tensor_from_host(EAGER_INT32, 2, (int64_t[]){SIDE, SIDE}, values, &x) ==
             EAGER_OK &&
         built_make(&s->graph, small_nodes, NULL, x);
}

static bool run_nodes(void *state) {
  return built_run_session(&((nodes *)state)->graph);
}

static bool run_nodes_sync(void *state) {
  return eager_set_thread_execution_mode(EAGER_SYNC) == EAGER_OK && run_nodes(state) &&
         eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO) == EAGER_OK;
}

static bool run_nodes_eagerly(void *state) {
  return built_run_eagerly(&((nodes *)state)->graph);
}

static bool enqueue(void *state) {
  return recording_enqueue(((nodes *)state)->recording);
}

static bool finish(void *state) {
  return clFinish(((nodes *)state)->raw.queue) == CL_SUCCESS;
}

static bool enqueue_and_wait(void *state) {
  return enqueue(state) && finish(state);
}

static bool check_nodes(bench *b, const nodes *s) {
  int32_t expected[ELEMENTS];
  for (int i = 0; i < ELEMENTS; i++) expected[i] = 3 * i - 50;
  small_nodes_on_host(expected);
  return built_check(b, "200 small nodes", &s->graph, expected);
}

static void time_nodes(bench *b, nodes *s) {
  char note[64];
  snprintf(note, sizeof note, "%d launches, %d commands", recording_launches(s->recording),
           recording_commands(s->recording));
  const bench_row rows[] = {
      {.name = "200 small nodes ASYNC",
       .reference = "raw enqueues, same kernels",
       .ours = {run_nodes, bench_synchronize},
       .other = {enqueue, finish},
       .cost_goal = 0.1e-6},
      {.name = "200 small nodes SYNC",
       .reference = "raw enqueues, same kernels",
       .ours = {run_nodes_sync, NULL},
       .other = {enqueue_and_wait, NULL},
       .cost_goal = 0.1e-6},
      {.name = "200 small nodes beside eager ops ASYNC",
       .reference = "eager",
       .ours = {run_nodes, bench_synchronize},
       .other = {run_nodes_eagerly, bench_synchronize}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    bench_row row = rows[i];
    row.state = s;
    row.note = note;
    row.cost_parts = NODES;
    bench_run(b, &row);
  }
}

static void run_small_nodes(bench *b) {
  static const char name[] = "200 small nodes";
  nodes s = {0};
  cl_context context;
  cl_device_id device;
  cl_command_queue theirs;
  if (!bench_raw_open(bench_device(b), &s.raw) ||
      eager_device_cl(bench_device(b), &context, &device, &theirs) != EAGER_OK) {
    bench_fail(b, name, NULL);
    return;
  }
  s.recording = recording_make(&s.raw, context, theirs,
                               &(recorded_work){make_nodes, run_nodes_sync, &s});
  if (!s.recording || !recording_bind(s.recording))
    bench_skip(b, name, "the launches cannot be recorded");
  else if (check_nodes(b, &s))
    time_nodes(b, &s);
  recording_free(s.recording);
  built_drop(&s.graph);
  bench_raw_close(&s.raw);
}

/* --- A chain of ten elementwise ops --- */

typedef struct chain {
  built graph;
  eager_tensor *shift, *scale;
} chain;

enum { LINKS = 10 };
static const float chain_shift = -0.25f, chain_scale = 1.25f;

static eager_status chain_body(void *state, eager_tensor *x, eager_tensor **out) {
  const chain *c = state;
  eager_status status = EAGER_OK;
  eager_tensor_retain(*out = x);
  for (int i = 0; i < LINKS && status == EAGER_OK; i++) {
    eager_tensor *next = NULL;
    status = i % 3 == 0   ? eager_add(*out, c->shift, &next)
             : i % 3 == 1 ? eager_multiply(*out, c->scale, &next)
                          : eager_relu(*out, &next);
    status = built_replace(status, out, next);
  }
  return status;
}

static void chain_on_host(float *x, size_t count) {
  for (size_t k = 0; k < count; k++)
    for (int i = 0; i < LINKS; i++) {
      if (i % 3 == 0) x[k] += chain_shift;
      if (i % 3 == 1) x[k] *= chain_scale;
      if (i % 3 == 2) x[k] = x[k] < 0 ? 0 : x[k];
    }
}

static bool run_chain(void *state) {
  return built_run_session(&((chain *)state)->graph);
}

static bool run_chain_eagerly(void *state) {
  return built_run_eagerly(&((chain *)state)->graph);
}

static void run_chain_of(bench *b, size_t count, const char *name) {
  chain c = {0};
  if (!bench_wants(b, name)) return;
  float *values = bench_alloc(count * sizeof *values);
  if (!values) {
    bench_fail(b, name, "out of memory");
    return;
  }
  bench_random_floats(b, values, count, -1, 1);
  eager_tensor *x = bench_tensor(b, values, 1, (int64_t[]){(int64_t)count});
  chain_on_host(values, count);
  if (eager_scalar(chain_shift, &c.shift) != EAGER_OK ||
      eager_scalar(chain_scale, &c.scale) != EAGER_OK ||
      !built_make(&c.graph, chain_body, &c, x))
    bench_fail(b, name, NULL);
  else if (built_check(b, name, &c.graph, values))
    bench_run(b, &(bench_row){.name = name,
                              .reference = "eager",
                              .ours = {run_chain, bench_synchronize},
                              .other = {run_chain_eagerly, bench_synchronize},
                              .state = &c,
                              .bytes = 8.0 * (double)count,
                              .flops = LINKS * (double)count,
                              .goal = 6});
  built_drop(&c.graph);
  eager_tensor_release(c.shift);
  eager_tensor_release(c.scale);
  bench_free(values);
}

/* --- The digits training step --- */

typedef struct steps {
  train_plan plan;
  digits_step graph, eager;
} steps;

static bool run_graph_step(void *state) {
  return digits_step_run(&((steps *)state)->graph);
}

static bool run_eager_step(void *state) {
  return digits_step_run(&((steps *)state)->eager);
}

/* After a few steps both have the same weights, bit for bit. */
static bool check_steps(bench *b, const char *name, steps *s) {
  enum { STEPS = 5 };
  bool same = true;
  for (int i = 0; i < STEPS && same; i++) same = run_graph_step(s) && run_eager_step(s);
  if (!same) return bench_fail(b, name, NULL);
  eager_tensor *const pairs[][2] = {{s->graph.model.w1, s->eager.model.w1},
                                    {s->graph.model.b1, s->eager.model.b1},
                                    {s->graph.model.w2, s->eager.model.w2},
                                    {s->graph.model.b2, s->eager.model.b2}};
  for (int i = 0; i < 4 && same; i++) {
    size_t size = eager_tensor_byte_size(pairs[i][1]);
    void *bytes = bench_alloc(size);
    same = bytes && eager_tensor_to_host(pairs[i][1], bytes, size) == EAGER_OK;
    if (!same) bench_fail(b, name, NULL);
    same = same && bench_same_bytes(b, name, pairs[i][0], bytes);
    bench_free(bytes);
  }
  return same;
}

static void run_digits(bench *b) {
  static const char name[] = "digits step ASYNC";
  steps s = {.plan = {.hidden = 128, .epochs = 1, .batch = 64, .rate = 0.5f}};
  dataset data = {0};
  const eager_device_info *info;
  if (!bench_wants(b, name)) return;
  if (!dataset_load_digits(BENCH_DIGITS, &data) ||
      eager_device_find(bench_device(b), &info) != EAGER_OK ||
      !digits_step_make(&s.graph, &data, &s.plan) ||
      !digits_step_make(&s.eager, &data, &s.plan) ||
      model_use_graph(&s.graph.model, &s.plan.rate) != EAGER_OK)
    bench_fail(b, name, NULL);
  else if (check_steps(b, name, &s))
    bench_run(b, &(bench_row){.name = name,
                              .reference = "eager",
                              .ours = {run_graph_step, bench_synchronize},
                              .other = {run_eager_step, bench_synchronize},
                              .state = &s,
                              .goal = info->has_async_enqueue ? 1.2 : 1.5});
  digits_step_free(&s.graph);
  digits_step_free(&s.eager);
  dataset_free(&data);
}

void bench_graph(bench *b) {
  run_small_nodes(b); /* first: it records how the kernels are made */
  run_chain_of(b, 1000000, "chain of 10 add, mul, relu, 1e6");
  if (!bench_quick(b)) run_chain_of(b, 10000000, "chain of 10 add, mul, relu, 1e7");
  run_digits(b);
  bench_graph_figures(b);
}
