/* add, multiply, fma, cast, comparison and select beside OpenMP C. */
#include <stdio.h>

#include "bench.h"
#include "host_elementwise.h"

typedef struct elementwise {
  size_t count;
  float *a, *b, *c, *out;
  int32_t *ints;
  bool *bools;
  eager_tensor *ta, *tb, *tc, *tb_condition;
} elementwise;

static bool release(eager_tensor *out) {
  bool made = out != NULL;
  eager_tensor_release(out);
  return made;
}

static eager_tensor *add(const elementwise *s) {
  eager_tensor *out = NULL;
  return eager_add(s->ta, s->tb, &out) == EAGER_OK ? out : NULL;
}

static bool our_add(void *state) {
  return release(add(state));
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

static bool our_multiply(void *state) {
  return release(multiply(state));
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

static bool our_multiply_add(void *state) {
  return release(multiply_add(state));
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

static bool our_cast(void *state) {
  return release(cast(state));
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

static bool our_compare(void *state) {
  return release(compare(state));
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

static bool our_choose(void *state) {
  return release(choose(state));
}

static bool host_choose(void *state) {
  elementwise *s = state;
  host_select_float(s->out, s->bools, s->a, s->b, s->count);
  return true;
}

/* --- */

typedef struct operation {
  const char *name;
  double bytes; /* per element */
  bool (*ours)(void *state), (*host)(void *state);
  eager_tensor *(*make)(const elementwise *s);
  int result; /* 0: out, 1: ints, 2: bools */
} operation;

static const operation operations[] = {
    {"add float32", 12, our_add, host_add, add, 0},
    {"mul float32", 12, our_multiply, host_multiply, multiply, 0},
    {"fma float32", 16, our_multiply_add, host_multiply_add, multiply_add, 0},
    {"cast float32 int32", 8, our_cast, host_cast, cast, 1},
    {"less float32", 9, our_compare, host_compare, compare, 2},
    {"select float32", 13, our_choose, host_choose, choose, 0},
};

/* Both sides once; bit for bit, since nothing here rounds twice. */
static bool check(bench *b, const char *name, const operation *op, elementwise *s) {
  const void *const results[] = {s->out, s->ints, s->bools};
  op->host(s);
  eager_tensor *out = op->make(s);
  bool same =
      out ? bench_same_bytes(b, name, out, results[op->result]) : bench_fail(b, name, NULL);
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
      if (!check(b, name, op, &s)) continue;
      bench_run(b, &(bench_row){
                       .name = name,
                       .reference = "OpenMP C",
                       .ours = {op->ours, bench_synchronize},
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
