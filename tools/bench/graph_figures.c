#include "built.h"

/* --- How long a plan takes --- */

typedef struct layers {
  built graph;
  eager_tensor *weights, *bias;
} layers;

enum { LAYERS = 100, LAYER_NODES = 10, WIDTH = 16 };

/* y = softmax(relu(x @ w + b)); x = tanh(x + y * y - max(y)) */
static eager_status layer(const layers *s, eager_tensor *x, eager_tensor **out) {
  eager_tensor *product, *sum, *hidden, *y, *square, *most, *next;
  eager_status status = eager_matmul(x, false, s->weights, false, &product);
  if (status == EAGER_OK) status = eager_add(product, s->bias, &sum);
  if (status == EAGER_OK) status = eager_relu(sum, &hidden);
  if (status == EAGER_OK) status = eager_softmax(hidden, -1, &y);
  if (status == EAGER_OK) status = eager_square(y, &square);
  if (status == EAGER_OK) status = eager_multiply(square, s->bias, &square);
  if (status == EAGER_OK) status = eager_reduce_max(y, (int64_t[]){1}, 1, true, &most);
  if (status == EAGER_OK) status = eager_subtract(square, most, &next);
  if (status == EAGER_OK) status = eager_add(x, next, &next);
  if (status == EAGER_OK) status = eager_tanh(next, out);
  if (status == EAGER_OK) status = eager_tidy_keep(*out);
  return status;
}

static eager_status layers_body(void *state, eager_tensor *x, eager_tensor **out) {
  eager_status status = EAGER_OK;
  eager_tensor_retain(*out = x);
  for (int i = 0; i < LAYERS && status == EAGER_OK; i++) {
    eager_tensor *next = NULL;
    status = eager_tidy_begin();
    if (status != EAGER_OK) break;
    status = layer(state, *out, &next);
    if (eager_tidy_end() != EAGER_OK) status = EAGER_UNKNOWN;
    status = built_replace(status, out, next);
  }
  return status;
}

/* Seconds of a new session and its first run beyond those of its later ones. */
static bool time_plan(layers *s, double *out) {
  enum { LATER = 5 };
  double first, later[LATER];
  eager_session_release(s->graph.session);
  s->graph.session = NULL;
  double begin = bench_now();
  if (eager_session_new(s->graph.graph, NULL, &s->graph.session) != EAGER_OK ||
      !built_run_session(&s->graph) || !bench_synchronize(NULL))
    return false;
  first = bench_now() - begin;
  for (int i = 0; i < LATER; i++) {
    begin = bench_now();
    if (!built_run_session(&s->graph) || !bench_synchronize(NULL)) return false;
    later[i] = bench_now() - begin;
  }
  *out = first - bench_median(later, LATER);
  return true;
}

static void time_plans(bench *b, const char *name, layers *s) {
  enum { PLANS = 9 };
  double seconds[PLANS];
  const int plans = bench_quick(b) ? 3 : PLANS;
  for (int i = 0; i < plans; i++)
    if (!time_plan(s, &seconds[i])) {
      bench_fail(b, name, NULL);
      return;
    }
  bench_figure(b, name, bench_median(seconds, (size_t)plans) * 1e3, "ms", 20);
}

static void run_plan(bench *b) {
  static const char name[] = "plan of 1000 nodes, kernels there";
  layers s = {0};
  float values[WIDTH * WIDTH], bias[WIDTH];
  const int64_t square[] = {WIDTH, WIDTH}, row[] = {WIDTH};
  if (!bench_wants(b, name)) return;
  bench_random_floats(b, values, WIDTH * WIDTH, -1, 1);
  bench_random_floats(b, bias, WIDTH, -1, 1);
  s.weights = bench_tensor(b, values, 2, square);
  s.bias = bench_tensor(b, bias, 1, row);
  if (!s.weights || !s.bias ||
      !built_make(&s.graph, layers_body, &s, bench_tensor(b, values, 2, square)))
    bench_fail(b, name, NULL);
  else if (built_check(b, name, &s.graph, NULL))
    time_plans(b, name, &s);
  built_drop(&s.graph);
  eager_tensor_release(s.weights);
  eager_tensor_release(s.bias);
}

/* --- How much memory a straight line needs --- */

enum { LINE = 12 };
static const int line_sizes[LINE] = {1, 2, 4, 4, 2, 2, 4, 2, 1, 1, 2, 1}; /* units */

/* Twice as long, half as long, or running totals. */
static eager_status line_body(void *state, eager_tensor *x, eager_tensor **out) {
  const int64_t unit = *(const int64_t *)state;
  eager_status status = EAGER_OK;
  eager_tensor_retain(*out = x);
  for (int i = 0; i < LINE && status == EAGER_OK; i++) {
    int before = i ? line_sizes[i - 1] : 1;
    eager_tensor *next = NULL, *pairs = NULL;
    if (line_sizes[i] > before) {
      status = eager_concat((eager_tensor *const[]){*out, *out}, 2, 0, &next);
    } else if (line_sizes[i] == before) {
      status = eager_cumsum(*out, 0, false, false, &next);
    } else {
      status = eager_reshape(*out, 2, (int64_t[]){unit * line_sizes[i], 2}, &pairs);
      if (status == EAGER_OK)
        status = eager_reduce_max(pairs, (int64_t[]){1}, 1, false, &next);
      eager_tensor_release(pairs);
    }
    status = built_replace(status, out, next);
  }
  return status;
}

/* A result beside what it is computed from; the first one's input is the caller's, and so
 * is the memory of the last result, from the beginning. */
static int least_units(void) {
  int last = line_sizes[LINE - 1], least = line_sizes[0] + last;
  for (int i = 1; i < LINE - 1; i++)
    if (line_sizes[i - 1] + line_sizes[i] + last > least)
      least = line_sizes[i - 1] + line_sizes[i] + last;
  return least;
}

static void figure_memory(bench *b, const char *name, built *g, size_t unit_size) {
  const char *device = bench_device(b);
  eager_memory_info before, after;
  if (!built_run_session(g) || !bench_synchronize(NULL) ||
      eager_reset_memory_stats(device) != EAGER_OK ||
      eager_get_memory_info(device, &before) != EAGER_OK || !built_run_session(g) ||
      !bench_synchronize(NULL) || eager_get_memory_info(device, &after) != EAGER_OK) {
    bench_fail(b, name, NULL);
    return;
  }
  double least = (double)least_units() * (double)unit_size;
  bench_figure(b, name, (double)(after.peak - before.current) / least, "times", 1.1);
}

static void run_memory(bench *b) {
  static const char name[] = "peak of a straight line over the least possible";
  enum { UNIT = 290000 };
  int64_t unit = UNIT;
  built g = {0};
  eager_tensor *x = NULL;
  if (!bench_wants(b, name)) return;
  int32_t *values = bench_alloc(UNIT * sizeof *values);
  for (int i = 0; values && i < UNIT; i++) values[i] = (int32_t)bench_random(b);
  if (!values || eager_tensor_from_host(EAGER_INT32, 1, &unit, values, &x) != EAGER_OK ||
      !built_make(&g, line_body, &unit, x))
    bench_fail(b, name, NULL);
  else if (built_check(b, name, &g, NULL))
    figure_memory(b, name, &g, UNIT * sizeof *values);
  built_drop(&g);
  bench_free(values);
}

void bench_graph_figures(bench *b) {
  run_plan(b);
  run_memory(b);
}
