/* What picks, puts, joins and cuts rows beside OpenMP C. float32, int32 indices. */
#include <stdio.h>

#include "bench.h"
#include "host_gather.h"

enum { WIDTH = 64, LEFT = 24, DEPTH = 1024, SIDE = 56, SHARE = 16 };

typedef struct operation operation;

typedef struct moving {
  const operation *op;
  size_t rows; /* of WIDTH elements */
  size_t columns, k;
  float *x, *out; /* `x` has rows * (WIDTH + 16) elements */
  int32_t *ids, *places;
  int64_t targets;
  eager_tensor *in[4], *made[2]; /* inputs and results; NULL: none */
} moving;

static bool release_made(moving *s) {
  for (int i = 0; i < 2; i++) {
    eager_tensor_release(s->made[i]);
    s->made[i] = NULL;
  }
  return true;
}

/* One execution of ours leaves its results in `made`. */
typedef bool (*maker)(moving *s);

static bool make_gather(moving *s) {
  return eager_gather(s->in[0], s->in[1], 0, &s->made[0]) == EAGER_OK;
}

static bool make_segments(moving *s) {
  return eager_unsorted_segment_sum(s->in[0], s->in[1], s->targets, &s->made[0]) ==
         EAGER_OK;
}

static bool make_scatter(moving *s) {
  return eager_tensor_scatter_nd_add(s->in[2], s->in[1], s->in[0], &s->made[0]) == EAGER_OK;
}

static bool make_concat(moving *s) {
  return eager_concat(s->in, 2, 1, &s->made[0]) == EAGER_OK;
}

static bool make_pad(moving *s) {
  const int64_t paddings[] = {0, 0, 1, 1, 1, 1, 0, 0};
  return eager_pad(s->in[0], paddings, &s->made[0]) == EAGER_OK;
}

static bool make_slice(moving *s) {
  const int64_t begin[] = {0, 8}, size[] = {-1, (int64_t)s->columns};
  return eager_slice(s->in[0], begin, size, &s->made[0]) == EAGER_OK;
}

static bool make_one_hot(moving *s) {
  return eager_one_hot(s->in[1], DEPTH, s->in[2], s->in[3], -1, &s->made[0]) == EAGER_OK;
}

static bool make_top_k(moving *s) {
  return eager_top_k(s->in[0], (int64_t)s->k, &s->made[0], &s->made[1]) == EAGER_OK;
}

static bool host_gather(void *state) {
  moving *s = state;
  host_gather_rows(s->out, s->x, s->ids, s->rows, WIDTH);
  return true;
}

static bool host_segments(void *state) {
  moving *s = state;
  host_add_rows(s->out, NULL, s->ids, s->x, s->rows * WIDTH / s->columns,
                (size_t)s->targets, s->columns);
  return true;
}

static bool host_scatter(void *state) {
  moving *s = state;
  host_add_rows(s->out, s->x, s->ids, s->x, s->rows, (size_t)s->targets, WIDTH);
  return true;
}

static bool host_concat(void *state) {
  moving *s = state;
  host_concat_columns(s->out, s->x, LEFT, s->x, WIDTH - LEFT, s->rows);
  return true;
}

static bool host_pad(void *state) {
  moving *s = state;
  host_pad_images(s->out, s->x, s->rows / (SIDE * SIDE), SIDE, SIDE, WIDTH);
  return true;
}

static bool host_slice(void *state) {
  moving *s = state;
  host_cut_columns(s->out, s->x, s->columns + 16, 8, s->rows * WIDTH / s->columns,
                   s->columns);
  return true;
}

static bool host_hot(void *state) {
  moving *s = state;
  host_one_hot(s->out, s->ids, s->rows * WIDTH / DEPTH, DEPTH);
  return true;
}

static bool host_largest(void *state) {
  moving *s = state;
  host_top_k(s->out, s->places, s->x, s->rows * WIDTH / s->columns, s->columns, s->k);
  return true;
}

/* --- */

struct operation {
  const char *name;
  maker make;
  bool (*host)(void *state);
  size_t columns, k;
  int64_t targets; /* this share of the rows */
  double bytes;    /* moved, per element of the table */
};

static const operation operations[] = {
    {"gather rows", make_gather, host_gather, WIDTH, 0, 1, 8},
    {"segment sum", make_segments, host_segments, WIDTH, 0, SHARE, 4.25},
    {"segment sum of numbers", make_segments, host_segments, 1, 0, SHARE, 8},
    {"scatter add", make_scatter, host_scatter, WIDTH, 0, 4, 6},
    {"concat axis 1", make_concat, host_concat, WIDTH, 0, 1, 8},
    {"pad images", make_pad, host_pad, WIDTH, 0, 1, 8},
    {"slice 64 of 80", make_slice, host_slice, WIDTH, 0, 1, 8},
    {"slice 1024 of 1040", make_slice, host_slice, 1024, 0, 1, 8},
    {"one-hot 1024", make_one_hot, host_hot, DEPTH, 0, 1, 4},
    {"top 10 of 1024", make_top_k, host_largest, 1024, 10, 1, 4},
    {"top 40 of 32768", make_top_k, host_largest, 32768, 40, 1, 4},
};

static bool ours(void *state) {
  moving *s = state;
  return s->op->make(s) && release_made(s);
}

static bool int_tensor(const int32_t *values, int rank, size_t count, eager_tensor **out) {
  const int64_t dims[] = {(int64_t)count, 1};
  return eager_tensor_from_host(EAGER_INT32, rank, dims, values, out) == EAGER_OK;
}

static bool prepare(bench *b, moving *s) {
  const operation *op = s->op;
  size_t elements = s->rows * WIDTH, entries = elements / op->columns;
  const int64_t table[] = {(int64_t)entries, (int64_t)op->columns};
  const int64_t left[] = {(int64_t)entries, LEFT},
                right[] = {(int64_t)entries, WIDTH - LEFT};
  const int64_t images[] = {(int64_t)s->rows / (SIDE * SIDE), SIDE, SIDE, WIDTH};
  const int64_t wide[] = {(int64_t)entries, (int64_t)op->columns + 16};
  s->columns = op->columns;
  s->k = op->k;
  s->targets = (int64_t)entries / op->targets;
  size_t most = op->make == make_one_hot ? DEPTH : (size_t)s->targets;
  for (size_t i = 0; i < entries; i++) s->ids[i] = (int32_t)(bench_random(b) % most);
  if (op->make == make_concat) {
    s->in[0] = bench_tensor(b, s->x, 2, left);
    s->in[1] = bench_tensor(b, s->x, 2, right);
    return s->in[0] && s->in[1];
  }
  if (op->make == make_one_hot)
    return int_tensor(s->ids, 1, entries, &s->in[1]) &&
           eager_scalar(1.0f, &s->in[2]) == EAGER_OK &&
           eager_scalar(0.0f, &s->in[3]) == EAGER_OK;
  if (op->make == make_pad) return (s->in[0] = bench_tensor(b, s->x, 4, images)) != NULL;
  if (op->make == make_slice) return (s->in[0] = bench_tensor(b, s->x, 2, wide)) != NULL;
  s->in[0] = bench_tensor(b, s->x, 2, table);
  if (op->make == make_top_k) return s->in[0] != NULL;
  const int64_t base[] = {s->targets, WIDTH};
  if (op->make == make_scatter && !(s->in[2] = bench_tensor(b, s->x, 2, base)))
    return false;
  return s->in[0] &&
         int_tensor(s->ids, op->make == make_scatter ? 2 : 1, entries, &s->in[1]);
}

/* Sums of some dozens of numbers up to 100, in another order: 1e-4 of 1 + |sum|. */
static bool check(bench *b, const char *name, moving *s) {
  s->op->host(s);
  if (!s->op->make(s)) return bench_fail(b, name, NULL);
  size_t count = eager_tensor_byte_size(s->made[0]) / sizeof(float);
  bool same = bench_same(b, name, s->made[0], s->out, count, 1e-4);
  if (same && s->made[1]) same = bench_same_bytes(b, name, s->made[1], s->places);
  release_made(s);
  return same;
}

static void run_operation(bench *b, const operation *op, const char *size_name, moving *s) {
  char name[64];
  snprintf(name, sizeof name, "%s, %s", op->name, size_name);
  if (!bench_wants(b, name)) return;
  s->op = op;
  if (prepare(b, s) ? check(b, name, s) : bench_fail(b, name, NULL))
    bench_run(b, &(bench_row){
                     .name = name,
                     .reference = "OpenMP C",
                     .ours = {ours, bench_synchronize},
                     .other = {op->host, NULL},
                     .state = s,
                     .bytes = op->bytes * (double)(s->rows * WIDTH),
                     .goal = 0.8,
                 });
  for (int i = 0; i < 4; i++) {
    eager_tensor_release(s->in[i]);
    s->in[i] = NULL;
  }
}

static void run_size(bench *b, size_t rows, const char *size_name) {
  size_t elements = rows * WIDTH, padded = elements + elements / 8;
  moving s = {.rows = rows,
              .x = bench_alloc((elements + 16 * rows) * sizeof(float)),
              .out = bench_alloc(padded * sizeof(float)),
              .ids = bench_alloc(elements * sizeof(int32_t)),
              .places = bench_alloc(elements * sizeof(int32_t))};
  if (!s.x || !s.out || !s.ids || !s.places) {
    bench_fail(b, "inputs", "out of memory");
  } else {
    bench_random_floats(b, s.x, elements + 16 * rows, -100, 100);
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
      run_operation(b, &operations[i], size_name, &s);
  }
  bench_free(s.x);
  bench_free(s.out);
  bench_free(s.ids);
  bench_free(s.places);
}

void bench_gather(bench *b) {
  run_size(b, 16384, "4 MB");
  if (!bench_quick(b)) run_size(b, 524288, "128 MB");
}
