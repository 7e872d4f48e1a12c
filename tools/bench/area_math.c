/* exp, log, tanh, sigmoid, gelu, sin and pow beside the compiler's vector library. */
#include "bench.h"
#include "host_math.h"

enum { COUNT = 1000000 };

typedef eager_status (*our_unary)(eager_tensor *x, eager_tensor **out);
typedef void (*host_unary)(float *out, const float *x, size_t count);

/* Pow is the one with two operands: it has no `ours`. */
typedef struct function {
  const char *name;
  our_unary ours;
  host_unary host;
  float low, high; /* of x */
  double tolerance;
} function;

typedef struct math {
  const function *f;
  float *x, *y, *out;
  eager_tensor *tx, *ty;
} math;

static eager_status gelu(eager_tensor *x, eager_tensor **out) {
  return eager_gelu(x, false, out);
}

static eager_status gelu_tanh(eager_tensor *x, eager_tensor **out) {
  return eager_gelu(x, true, out);
}

/* The reference's functions are within 4 units in the last place. That is of 22026 for
 * exp(10) and of 1000 for pow; what log and sin cancel is allowed absolutely. */
static const function functions[] = {
    {"exp float32 1e6", eager_exp, host_exp_float, -10, 10, 1e-6},
    {"log float32 1e6", eager_log, host_log_float, 0.001f, 100, 1e-6},
    {"tanh float32 1e6", eager_tanh, host_tanh_float, -5, 5, 1e-6},
    {"sigmoid float32 1e6", eager_sigmoid, host_sigmoid_float, -10, 10, 1e-6},
    {"gelu float32 1e6", gelu, host_gelu_float, -5, 5, 1e-6},
    {"gelu approximate float32 1e6", gelu_tanh, host_gelu_tanh_float, -5, 5, 2e-6},
    {"sin float32 1e6", eager_sin, host_sin_float, -10, 10, 1e-6},
    {"pow float32 1e6", NULL, NULL, 0.001f, 10, 4e-6},
};

static eager_tensor *run(const math *m) {
  eager_tensor *out = NULL;
  eager_status status =
      m->f->ours ? m->f->ours(m->tx, &out) : eager_pow(m->tx, m->ty, &out);
  return status == EAGER_OK ? out : NULL;
}

static bool ours(void *state) {
  return bench_made(run(state));
}

static bool host(void *state) {
  math *m = state;
  if (m->f->host)
    m->f->host(m->out, m->x, COUNT);
  else
    host_pow_float(m->out, m->x, m->y, COUNT);
  return true;
}

static void measure(bench *b, math *m) {
  const function *f = m->f;
  const int64_t dims[] = {COUNT};
  bench_random_floats(b, m->x, COUNT, f->low, f->high);
  bench_random_floats(b, m->y, COUNT, -3, 3);
  m->tx = bench_tensor(b, m->x, 1, dims);
  m->ty = bench_tensor(b, m->y, 1, dims);
  eager_tensor *out = m->tx && m->ty ? run(m) : NULL;
  host(m);
  if (!out)
    bench_fail(b, f->name, NULL);
  else if (bench_same(b, f->name, out, m->out, COUNT, f->tolerance))
    bench_run(b, &(bench_row){
                     .name = f->name,
                     .reference = "OpenMP C, libmvec",
                     .ours = {ours, bench_synchronize},
                     .other = {host, NULL},
                     .state = m,
                     .bytes = (f->ours ? 2 : 3) * sizeof(float) * (double)COUNT,
                     .goal = 0.8,
                 });
  eager_tensor_release(out);
  eager_tensor_release(m->tx);
  eager_tensor_release(m->ty);
}

void bench_math(bench *b) {
  math m = {.x = bench_alloc(COUNT * sizeof *m.x),
            .y = bench_alloc(COUNT * sizeof *m.y),
            .out = bench_alloc(COUNT * sizeof *m.out)};
  bool fine = m.x && m.y && m.out;
  if (!fine) bench_fail(b, "inputs", "out of memory");
  for (size_t i = 0; fine && i < sizeof functions / sizeof *functions; i++) {
    m.f = &functions[i];
    if (bench_wants(b, m.f->name)) measure(b, &m);
  }
  bench_free(m.x);
  bench_free(m.y);
  bench_free(m.out);
}
