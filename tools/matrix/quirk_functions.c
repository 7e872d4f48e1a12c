/* The drivers' own functions of float against libm in double: the largest error beside the
 * limit of OpenCL's table (1.2, section 7.4, full profile). A limit of 0 is exact. */
#include <math.h>

#include "errors.h"
#include "quirk.h"

enum { COUNT = 16384, MOST = 4096 };

typedef struct function {
  const char *name;
  double (*f)(double);
  double ulps; /* the table's; negative: it has none */
  double low, high;
} function;

static double rsqrt_of(double x) {
  return 1 / sqrt(x);
}
static double exp10_of(double x) {
  return pow(10, x);
}

static const function functions[] = {
    {"sqrt", sqrt, 3, 0, 1e6},         {"rsqrt", rsqrt_of, 2, 1e-6, 1e6},
    {"cbrt", cbrt, 2, -1e6, 1e6},      {"exp", exp, 3, -80, 80},
    {"exp2", exp2, 3, -120, 120},      {"exp10", exp10_of, 3, -36, 36},
    {"expm1", expm1, 3, -10, 80},      {"log", log, 3, 1e-6, 1e6},
    {"log2", log2, 3, 1e-6, 1e6},      {"log10", log10, 3, 1e-6, 1e6},
    {"log1p", log1p, 2, -0.99, 1e6},   {"sin", sin, 4, -100, 100},
    {"cos", cos, 4, -100, 100},        {"tan", tan, 5, -100, 100},
    {"asin", asin, 4, -1, 1},          {"acos", acos, 4, -1, 1},
    {"atan", atan, 5, -100, 100},      {"sinh", sinh, 4, -80, 80},
    {"cosh", cosh, 4, -80, 80},        {"tanh", tanh, 5, -10, 10},
    {"asinh", asinh, 4, -1e4, 1e4},    {"acosh", acosh, 4, 1, 1e4},
    {"atanh", atanh, 5, -1, 1},        {"erf", erf, 16, -4, 4},
    {"erfc", erfc, 16, -4, 9},         {"tgamma", tgamma, 16, 0.01, 30},
    {"lgamma", lgamma, -1, 0.01, 1e4}, {"rint", rint, 0, -1e6, 1e6},
    {"round", round, 0, -1e6, 1e6},    {"floor", floor, 0, -1e6, 1e6},
    {"native_exp", exp, -1, -80, 80},  {"native_log", log, -1, 1e-6, 1e6},
    {"native_sin", sin, -1, -3, 3},    {"native_rsqrt", rsqrt_of, -1, 1e-6, 1e6},
};

static double error_of(float got, double expected) {
  if (isnan(expected) || isnan(got)) return isnan(expected) && isnan(got) ? 0 : INFINITY;
  if ((double)got == expected || got == (float)expected)
    return fabs(got - expected) == 0
               ? 0
               : fabs(got - expected) / ldexp(1, ilogb(expected) - 23);
  int exponent = expected != 0 ? ilogb(expected) : -126;
  return fabs(got - expected) / ldexp(1, (exponent < -126 ? -126 : exponent) - 23);
}

static void measure(void **state) {
  const function *f = *state;
  const quirk_device *d = quirk_open();
  char source[200];
  int count = test_is_slow() ? 256 : COUNT;
  float *x = test_alloc(COUNT * sizeof *x), *y = test_alloc(COUNT * sizeof *y);
  snprintf(source, sizeof source,
           "kernel void k(global const float *x, global float *y) {\n"
           "  size_t i = get_global_id(0); y[i] = %s(x[i]); }\n",
           f->name);
  cl_kernel kernel = quirk_kernel(source);
  cl_mem both[] = {quirk_buffer(COUNT * sizeof *x), quirk_buffer(COUNT * sizeof *x)};
  for (int i = 0; i < count; i++) x[i] = (float)test_random_double(f->low, f->high);
  clEnqueueWriteBuffer(d->queue, both[0], CL_TRUE, 0, COUNT * sizeof *x, x, 0, NULL, NULL);
  quirk_set_buffers(kernel, 2, both);
  quirk_run(kernel, (size_t)count);
  clEnqueueReadBuffer(d->queue, both[1], CL_TRUE, 0, COUNT * sizeof *x, y, 0, NULL, NULL);
  double worst = 0;
  int at = 0;
  for (int i = 0; i < count; i++) {
    double error = error_of(y[i], f->f(x[i]));
    if (!(error > worst)) continue;
    worst = error;
    at = i;
  }
  if (f->ulps >= 0 && worst > f->ulps && !(f->ulps == 0 && worst < 0.5))
    quirk_differs("%.3g ulp, more than %g: of %.9g it is %.9g", worst, f->ulps, x[at],
                  y[at]);
  else if (f->ulps < 0)
    quirk_gives("%.3g ulp; the table has no limit", worst);
  else
    quirk_gives("%.3g of %g ulp", worst, f->ulps);
}

void quirk_functions(void) {
  enum { FUNCTIONS = sizeof functions / sizeof *functions };
  struct CMUnitTest tests[FUNCTIONS];
  for (int i = 0; i < FUNCTIONS; i++)
    tests[i] = (struct CMUnitTest){functions[i].name, measure, NULL, NULL,
                                   (void *)(uintptr_t)&functions[i]};
  test_main("quirks/functions", tests, FUNCTIONS);
}
