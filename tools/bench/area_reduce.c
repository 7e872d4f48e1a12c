/* Sums, maxima, means, the place of the largest and running sums along every kind of axis,
 * beside OpenMP C. */
#include <stdio.h>

#include "bench.h"
#include "host_reduce.h"

/* x seen in three ways: as [count], as [rows][length], as [outer][middle][inner]. */
typedef struct sizes {
  const char *name;
  int64_t rows, length, outer, middle, inner;
  double goal;
} sizes;

static const sizes small = {"4 MB", 1024, 1024, 16, 256, 256, 0.7};
static const sizes large = {"128 MB", 8192, 4096, 32, 1024, 1024, 1.0};

typedef enum axis_kind { FULL, LAST, FIRST, MIDDLE } axis_kind;
typedef enum what { SUM, MAX, MEAN, ARGMAX, CUMSUM } what;

typedef struct reduction {
  const char *name;
  what what;
  axis_kind axis;
} reduction;

static const reduction reductions[] = {
    {"sum full", SUM, FULL},
    {"sum last axis", SUM, LAST},
    {"sum first axis", SUM, FIRST},
    {"sum middle axis", SUM, MIDDLE},
    {"max full", MAX, FULL},
    {"max last axis", MAX, LAST},
    {"max first axis", MAX, FIRST},
    {"max middle axis", MAX, MIDDLE},
    {"mean full", MEAN, FULL},
    {"mean last axis", MEAN, LAST},
    {"mean first axis", MEAN, FIRST},
    {"mean middle axis", MEAN, MIDDLE},
    {"argmax full", ARGMAX, FULL},
    {"argmax last axis", ARGMAX, LAST},
    {"argmax first axis", ARGMAX, FIRST},
    {"cumsum full", CUMSUM, FULL},
    {"cumsum last axis", CUMSUM, LAST},
    {"cumsum first axis", CUMSUM, FIRST},
};

typedef struct reducing {
  const sizes *sizes;
  const reduction *row;
  size_t count;
  float *x, *y;
  int64_t *places;
  eager_tensor *views[4]; /* by axis_kind */
} reducing;

/* --- The two sides --- */

static int64_t axis_of(axis_kind kind) {
  return kind == LAST || kind == MIDDLE;
}

static eager_tensor *reduce(const reducing *s) {
  eager_tensor *x = s->views[s->row->axis], *out = NULL;
  int64_t axis = axis_of(s->row->axis);
  eager_status status = EAGER_OK;
  switch (s->row->what) {
  case SUM:
    status = eager_reduce_sum(x, &axis, 1, false, &out);
    break;
  case MAX:
    status = eager_reduce_max(x, &axis, 1, false, &out);
    break;
  case MEAN:
    status = eager_reduce_mean(x, &axis, 1, false, &out);
    break;
  case ARGMAX:
    status = eager_argmax(x, axis, EAGER_INT64, &out);
    break;
  case CUMSUM:
    status = eager_cumsum(x, axis, false, false, &out);
    break;
  }
  return status == EAGER_OK ? out : NULL;
}

static bool our_reduce(void *state) {
  return bench_made(reduce(state));
}

/* What is left, and how many elements each of it is made of. */
static size_t outputs_of(const reducing *s, size_t *out_length) {
  const sizes *z = s->sizes;
  const int64_t left[] = {1, z->rows, z->length, z->outer * z->inner};
  size_t outputs = (size_t)left[s->row->axis];
  *out_length = s->count / outputs;
  return outputs;
}

static void host_sum(const reducing *s) {
  const sizes *z = s->sizes;
  size_t rows = (size_t)z->rows, length = (size_t)z->length;
  if (s->row->axis == FULL)
    host_sum_full(s->y, s->x, s->count);
  else if (s->row->axis == LAST)
    host_sum_rows(s->y, s->x, rows, length);
  else if (s->row->axis == FIRST)
    host_sum_columns(s->y, s->x, 1, rows, length);
  else
    host_sum_columns(s->y, s->x, (size_t)z->outer, (size_t)z->middle, (size_t)z->inner);
}

static void host_max(const reducing *s) {
  const sizes *z = s->sizes;
  size_t rows = (size_t)z->rows, length = (size_t)z->length;
  if (s->row->axis == FULL)
    host_max_full(s->y, s->x, s->count);
  else if (s->row->axis == LAST)
    host_max_rows(s->y, s->x, rows, length);
  else if (s->row->axis == FIRST)
    host_max_columns(s->y, s->x, 1, rows, length);
  else
    host_max_columns(s->y, s->x, (size_t)z->outer, (size_t)z->middle, (size_t)z->inner);
}

static void host_argmax(const reducing *s) {
  size_t rows = (size_t)s->sizes->rows, length = (size_t)s->sizes->length;
  if (s->row->axis == FULL)
    host_argmax_full(s->places, s->x, s->count);
  else if (s->row->axis == LAST)
    host_argmax_rows(s->places, s->x, rows, length);
  else
    host_argmax_columns(s->places, s->x, rows, length);
}

static void host_cumsum(const reducing *s) {
  size_t rows = (size_t)s->sizes->rows, length = (size_t)s->sizes->length;
  if (s->row->axis == FULL)
    host_cumsum_full(s->y, s->x, s->count);
  else if (s->row->axis == LAST)
    host_cumsum_rows(s->y, s->x, rows, length);
  else
    host_cumsum_columns(s->y, s->x, rows, length);
}

static bool host_reduce(void *state) {
  const reducing *s = state;
  size_t length, outputs = outputs_of(s, &length);
  switch (s->row->what) {
  case MEAN:
    host_sum(s);
    host_scale(s->y, 1 / (float)length, outputs);
    break;
  case SUM:
    host_sum(s);
    break;
  case MAX:
    host_max(s);
    break;
  case ARGMAX:
    host_argmax(s);
    break;
  case CUMSUM:
    host_cumsum(s);
    break;
  }
  return true;
}

/* --- */

/* Where elements add up, the C sides' plain sums lose more than ours. */
static bool check(bench *b, const char *name, reducing *s) {
  size_t length, count = outputs_of(s, &length);
  host_reduce(s);
  eager_tensor *out = reduce(s);
  bool same;
  if (!out)
    same = bench_fail(b, name, NULL);
  else if (s->row->what == ARGMAX)
    same = bench_same_bytes(b, name, out, s->places);
  else if (s->row->what == MAX)
    same = bench_same_bytes(b, name, out, s->y);
  else
    same = bench_same(b, name, out, s->y, s->row->what == CUMSUM ? s->count : count, 1e-3);
  eager_tensor_release(out);
  return same;
}

static void run_rows(bench *b, reducing *s) {
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
    const reduction *row = &reductions[i];
    char name[64];
    snprintf(name, sizeof name, "%s %s", row->name, s->sizes->name);
    s->row = row;
    if (!bench_wants(b, name) || !check(b, name, s)) continue;
    bench_run(b, &(bench_row){
                     .name = name,
                     .reference = "OpenMP C",
                     .ours = {our_reduce, bench_synchronize},
                     .other = {host_reduce, NULL},
                     .state = s,
                     .bytes = (row->what == CUMSUM ? 8.0 : 4.0) * (double)s->count,
                     .goal = s->sizes->goal,
                 });
  }
}

static void run_sizes(bench *b, const sizes *z) {
  reducing s = {.sizes = z, .count = (size_t)(z->rows * z->length)};
  const int64_t dims[][3] = {[FULL] = {z->rows * z->length},
                             [LAST] = {z->rows, z->length},
                             [FIRST] = {z->rows, z->length},
                             [MIDDLE] = {z->outer, z->middle, z->inner}};
  const int ranks[] = {1, 2, 2, 3};
  s.x = bench_alloc(s.count * sizeof *s.x);
  s.y = bench_alloc(s.count * sizeof *s.y);
  s.places = bench_alloc((size_t)(z->rows + z->length) * sizeof *s.places);
  if (!s.x || !s.y || !s.places) {
    bench_fail(b, "inputs", "out of memory");
  } else {
    bench_random_floats(b, s.x, s.count, 0, 1);
    s.views[FULL] = bench_tensor(b, s.x, 1, dims[FULL]);
    bool fine = s.views[FULL] != NULL;
    for (int i = LAST; fine && i <= MIDDLE; i++)
      if (eager_reshape(s.views[FULL], ranks[i], dims[i], &s.views[i]) != EAGER_OK)
        fine = bench_fail(b, "an input", NULL);
    if (fine) run_rows(b, &s);
  }
  for (int i = 0; i < 4; i++) eager_tensor_release(s.views[i]);
  bench_free(s.x);
  bench_free(s.y);
  bench_free(s.places);
}

void bench_reduce(bench *b) {
  run_sizes(b, &small);
  if (!bench_quick(b)) run_sizes(b, &large);
}
