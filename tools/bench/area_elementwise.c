/* add, multiply, fma, cast, comparison and select beside OpenMP C. */
#include <stdio.h>

#include "bench.h"
#include "host_elementwise.h"

typedef struct operation operation;

typedef struct elementwise {
  const operation *op;
  size_t count;
  float *a, *b, *c, *out;
  int32_t *ints;
  bool *bools;
  eager_tensor *ta, *tb, *tc, *tb_condition;
} elementwise;

static eager_tensor *add(const elementwise *s) {
  eager_tensor *out = NULL;
  return eager_add(s->ta, s->tb, &out) == EAGER_OK ? out : NULL;
}

static bool host_add(void *state) {
  elementwise *s = state;
  host_add_float(s->out, s->a, s->b, s->count);
  return true;
}

static eager_tensor *multiply(const elementwise *s) {
  eager_tensor *out = NULL;
  return eager_multiply(s->ta, s->tb, &out) == EAGER_OK ? out : NULL;
}

static bool host_multiply(void *state) {
  elementwise *s = state;
  host_multiply_float(s->out, s->a, s->b, s->count);
  return true;
}

static eager_tensor *multiply_add(const elementwise *s) {
  eager_tensor *const inputs[] = {s->ta, s->tb, s->tc};
  eager_tensor *out = NULL;
  return eager_elementwise("fma(a, b, c)", inputs, 3, &out) == EAGER_OK ? out : NULL;
}

static bool host_multiply_add(void *state) {
  elementwise *s = state;
  host_fma_float(s->out, s->a, s->b, s->c, s->count);
  return true;
}

static eager_tensor *cast(const elementwise *s) {
  eager_tensor *out = NULL;
  return eager_cast(s->ta, EAGER_INT32, &out) == EAGER_OK ? out : NULL;
}

static bool host_cast(void *state) {
  elementwise *s = state;
  host_cast_float_int32(s->ints, s->a, s->count);
  return true;
}

static eager_tensor *compare(const elementwise *s) {
  eager_tensor *out = NULL;
  return eager_less(s->ta, s->tb, &out) == EAGER_OK ? out : NULL;
}

static bool host_compare(void *state) {
  elementwise *s = state;
  host_less_float(s->bools, s->a, s->b, s->count);
  return true;
}

static eager_tensor *choose(const elementwise *s) {
  eager_tensor *out = NULL;
  return eager_where(s->tb_condition, s->ta, s->tb, &out) == EAGER_OK ? out : NULL;
}

static bool host_choose(void *state) {
  elementwise *s = state;
  host_select_float(s->out, s->bools, s->a, s->b, s->count);
  return true;
}

/* --- */

struct operation {
  const char *name;
  double bytes; /* per element */
  eager_tensor *(*make)(const elementwise *s);
  bool (*host)(void *state);
  int result; /* 0: out, 1: ints, 2: bools */
};

static const operation operations[] = {
    {"add float32", 12, add, host_add, 0},
    {"mul float32", 12, multiply, host_multiply, 0},
    {"fma float32", 16, multiply_add, host_multiply_add, 0},
    {"cast float32 int32", 8, cast, host_cast, 1},
    {"less float32", 9, compare, host_compare, 2},
    {"select float32", 13, choose, host_choose, 0},
};

static bool ours(void *state) {
  const elementwise *s = state;
  return bench_made(s->op->make(s));
}

/* Both sides once; bit for bit, since nothing here rounds twice. */
static bool check(bench *b, const char *name, elementwise *s) {
  const void *const results[] = {s->out, s->ints, s->bools};
  s->op->host(s);
  eager_tensor *out = s->op->make(s);
  bool same = out ? bench_same_bytes(b, name, out, results[s->op->result])
                  : bench_fail(b, name, NULL);
  eager_tensor_release(out);
  return same;
}

static void run_size(bench *b, size_t count, const char *size_name, double goal) {
  const int64_t dims[] = {(int64_t)count};
  elementwise s = {.count = count};
  float **const arrays[] = {&s.a, &s.b, &s.c, &s.out};
  bool fine = true;
  for (int i = 0; i < 4; i++) {
    *arrays[i] = bench_alloc(count * sizeof(float));
    if (!(fine = fine && *arrays[i])) break;
    bench_random_floats(b, *arrays[i], count, -100, 100);
  }
  s.ints = fine ? bench_alloc(count * sizeof *s.ints) : NULL;
  s.bools = fine ? bench_alloc(count * sizeof *s.bools) : NULL;
  if (!s.ints || !s.bools) {
    bench_fail(b, "inputs", "out of memory");
  } else {
    s.ta = bench_tensor(b, s.a, 1, dims);
    s.tb = bench_tensor(b, s.b, 1, dims);
    s.tc = bench_tensor(b, s.c, 1, dims);
    fine = s.ta && s.tb && s.tc && (s.tb_condition = compare(&s));
    for (size_t i = 0; fine && i < sizeof operations / sizeof *operations; i++) {
      const operation *op = &operations[i];
      char name[64];
      snprintf(name, sizeof name, "%s %s", op->name, size_name);
      if (!bench_wants(b, name)) continue;
      host_less_float(s.bools, s.a, s.b, count);
      s.op = op;
      if (!check(b, name, &s)) continue;
      bench_run(b, &(bench_row){
                       .name = name,
                       .reference = "OpenMP C",
                       .ours = {ours, bench_synchronize},
                       .other = {op->host, NULL},
                       .state = &s,
                       .bytes = op->bytes * (double)count,
                       .goal = goal,
                   });
    }
  }
  eager_tensor_release(s.ta);
  eager_tensor_release(s.tb);
  eager_tensor_release(s.tc);
  eager_tensor_release(s.tb_condition);
  for (int i = 0; i < 4; i++) bench_free(*arrays[i]);
  bench_free(s.ints);
  bench_free(s.bools);
}

void bench_elementwise(bench *b) {
  run_size(b, 1000000, "1e6", 0.9);
  if (!bench_quick(b)) run_size(b, 100000000, "1e8", 1.0);
}
