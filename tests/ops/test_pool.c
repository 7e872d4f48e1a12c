/* ctest: devices=all timeout=120 tuned */
/* Pooling: every dtype, both formats, all paddings, 2-D and 3-D, forward and back. */
#include <math.h>

#include "reference.h"

typedef struct pool_case {
  int spatial;
  int64_t batch, channels, in[3], window[3], strides[3];
  eager_padding padding;
  int64_t paddings[2][2];
} pool_case;

static const pool_case cases[] = {
    {2, 1, 1, {1, 1}, {1, 1}, {1, 1}, EAGER_PADDING_VALID, {{0}}},
    {2, 2, 3, {5, 7}, {2, 2}, {2, 2}, EAGER_PADDING_VALID, {{0}}},
    {2, 2, 3, {5, 7}, {2, 2}, {2, 2}, EAGER_PADDING_SAME, {{0}}},
    {2, 1, 17, {4, 6}, {3, 3}, {1, 1}, EAGER_PADDING_SAME, {{0}}},
    {2, 1, 5, {7, 5}, {3, 2}, {2, 3}, EAGER_PADDING_VALID, {{0}}},
    {2, 1, 2, {3, 3}, {5, 5}, {1, 2}, EAGER_PADDING_SAME, {{0}}},
    {2, 1, 2, {4, 4}, {1, 1}, {2, 2}, EAGER_PADDING_VALID, {{0}}},
    {2, 1, 3, {5, 4}, {3, 3}, {2, 2}, EAGER_PADDING_EXPLICIT, {{1, 2}, {0, 1}}},
    {2, 0, 3, {4, 4}, {2, 2}, {2, 2}, EAGER_PADDING_VALID, {{0}}},
    {2, 1, 3, {2, 2}, {3, 3}, {1, 1}, EAGER_PADDING_VALID, {{0}}}, /* no window fits */
    {3, 1, 2, {3, 4, 5}, {2, 2, 2}, {1, 2, 2}, EAGER_PADDING_SAME, {{0}}},
    {3, 2, 3, {2, 3, 4}, {2, 1, 3}, {1, 1, 1}, EAGER_PADDING_VALID, {{0}}},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct layout {
  test_shape x, y;
  int64_t out[3], before[3];
  bool first;
} layout;

static test_shape shape_of(const pool_case *c, bool first, const int64_t *extents) {
  test_shape shape = {c->spatial + 2, {c->batch}};
  shape.dims[first ? 1 : c->spatial + 1] = c->channels;
  for (int i = 0; i < c->spatial; i++) shape.dims[i + (first ? 2 : 1)] = extents[i];
  return shape;
}

static layout lay_out(const pool_case *c, bool first) {
  layout l = {.first = first};
  for (int i = 0; i < c->spatial; i++) {
    if (c->padding == EAGER_PADDING_SAME) {
      l.out[i] = (c->in[i] + c->strides[i] - 1) / c->strides[i];
      int64_t needed = (l.out[i] - 1) * c->strides[i] + c->window[i] - c->in[i];
      l.before[i] = needed > 0 ? needed / 2 : 0;
    } else {
      bool is_explicit = c->padding == EAGER_PADDING_EXPLICIT;
      l.before[i] = is_explicit ? c->paddings[i][0] : 0;
      int64_t room = c->in[i] + l.before[i] + (is_explicit ? c->paddings[i][1] : 0);
      l.out[i] = room < c->window[i] ? 0 : (room - c->window[i]) / c->strides[i] + 1;
    }
  }
  l.x = shape_of(c, first, c->in);
  l.y = shape_of(c, first, l.out);
  return l;
}

/* Calls `visit` for each element under each window, in order. */
typedef void (*visit_fn)(void *to, int64_t window, int64_t element);
static void walk_windows(const pool_case *c, const layout *l, visit_fn visit, void *to) {
  test_walk w;
  for (test_walk_begin(&w, l->y); w.more; test_walk_next(&w)) {
    int64_t size[3] = {1, 1, 1}, k[3], index[EAGER__MAX_RANK];
    for (int i = 0; i < c->spatial; i++) size[i] = c->window[i];
    for (k[0] = 0; k[0] < size[0]; k[0]++)
      for (k[1] = 0; k[1] < size[1]; k[1]++)
        for (k[2] = 0; k[2] < size[2]; k[2]++) {
          bool inside = true;
          memcpy(index, w.index, sizeof index);
          for (int i = 0; i < c->spatial; i++) {
            int axis = i + (l->first ? 2 : 1);
            index[axis] = w.index[axis] * c->strides[i] - l->before[i] + k[i];
            inside = inside && index[axis] >= 0 && index[axis] < c->in[i];
          }
          if (inside) visit(to, w.position, test_position(l->x, index));
        }
  }
}

typedef struct sums {
  const double *x, *dy;
  double *best, *total, *back_max, *back_mean;
  int64_t *count, *place;
} sums;

static void visit_forward(void *to, int64_t window, int64_t element) {
  sums *s = to;
  double x = s->x[element];
  s->total[window] += x;
  bool first = s->count[window]++ == 0;
  if (!first && !(x > s->best[window]) && !(isnan(x) && !isnan(s->best[window]))) return;
  s->best[window] = x;
  s->place[window] = element;
}

static void visit_back(void *to, int64_t window, int64_t element) {
  sums *s = to;
  if (s->place[window] == element) s->back_max[element] += s->dy[window];
  s->back_mean[element] += s->dy[window] / (double)s->count[window];
}

static sums reference(const pool_case *c, const layout *l, const double *x,
                      const double *dy) {
  size_t in = (size_t)(test_elements(l->x) + 1) * 8,
         out = (size_t)(test_elements(l->y) + 1) * 8;
  sums s = {x,
            dy,
            test_alloc(out),
            test_alloc(out),
            test_alloc(in),
            test_alloc(in),
            test_alloc(out),
            test_alloc(out)};
  walk_windows(c, l, visit_forward, &s);
  walk_windows(c, l, visit_back, &s);
  for (int64_t i = 0; i < test_elements(l->y); i++) s.total[i] /= (double)s.count[i];
  return s;
}

static eager_pool_options options_of(const pool_case *c, bool first) {
  eager_pool_options o = {.padding = c->padding,
                          .data_format =
                              first ? EAGER_CHANNELS_FIRST : EAGER_CHANNELS_LAST};
  memcpy(o.window, c->window, sizeof o.window);
  memcpy(o.strides, c->strides, sizeof o.strides);
  memcpy(o.paddings, c->paddings, sizeof o.paddings);
  return o;
}

/* n terms: n roundings in float32, of totals up to n times a term; the mean divides. */
static test_tolerance tolerance(const pool_case *c, eager_dtype dtype) {
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  double terms = 1;
  for (int i = 0; i < c->spatial; i++) terms *= (double)c->window[i];
  double unit = test_epsilon(narrow ? EAGER_FLOAT32 : dtype);
  return (test_tolerance){1, unit * (terms + 2) * 10};
}

static void run_case(int i, eager_dtype dtype, bool first) {
  const pool_case *c = &cases[i];
  layout l = lay_out(c, first);
  if (test_is_slow() && test_elements(l.x) > 100) return;
  if (first && c->padding == EAGER_PADDING_EXPLICIT && c->spatial == 3) return;
  eager_pool_options o = options_of(c, first);
  double low = test_lowest(dtype) < 0 ? -9 : 0;
  double *x = test_random_values(dtype, test_elements(l.x), low, 9);
  double *dy = test_random_values(dtype, test_elements(l.y), low, 9);
  if (!test_is_float(dtype)) /* sums stay within int8 */
    for (int64_t k = 0; k < test_elements(l.y); k++) dy[k] = (double)(k % 3);
  sums s = reference(c, &l, x, dy);
  eager_tensor *t = test_view(dtype, l.x, x, 3), *d = test_view(dtype, l.y, dy, 1), *y, *g;
  const char *what = test_text("case %d, channels %s", i, first ? "first" : "last");
  bool flat = c->spatial == 2;
  test_poison((size_t)test_elements(l.y) * eager_dtype_size(dtype));
  assert_ok(flat ? eager_max_pool2d(t, &o, &y) : eager_max_pool3d(t, &o, &y));
  test_expect(y, dtype, l.y, s.best, TEST_EXACT, what);
  test_poison((size_t)test_elements(l.x) * eager_dtype_size(dtype));
  assert_ok(flat ? eager_max_pool2d_grad(t, y, d, &o, &g)
                 : eager_max_pool3d_grad(t, y, d, &o, &g));
  test_expect(g, dtype, l.x, s.back_max,
              test_is_float(dtype) ? tolerance(c, dtype) : TEST_EXACT, what);
  eager_tensor_release(g);
  eager_tensor_release(y);
  if (test_is_float(dtype) && c->padding != EAGER_PADDING_EXPLICIT) {
    assert_ok(flat ? eager_avg_pool2d(t, &o, &y) : eager_avg_pool3d(t, &o, &y));
    test_expect(y, dtype, l.y, s.total, tolerance(c, dtype), what);
    assert_ok(flat ? eager_avg_pool2d_grad(l.x.dims, d, &o, &g)
                   : eager_avg_pool3d_grad(l.x.dims, d, &o, &g));
    test_expect(g, dtype, l.x, s.back_mean, tolerance(c, dtype), what);
    eager_tensor_release(y);
    eager_tensor_release(g);
  }
  eager_tensor_release(t);
  eager_tensor_release(d);
}

static void every_case(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    if (test_dtypes[d] == EAGER_BOOL || !test_tries(NULL, test_dtypes[d])) continue;
    for (int i = 0; i < CASES; i++)
      for (int first = 0; first < 2; first++) {
        const char *op = cases[i].spatial == 2 ? "MaxPool" : "MaxPool3D";
        if (!test_wants(op, test_dtypes[d]) || !test_sampled(index++)) continue;
        test_pick_mode(index);
        run_case(i, test_dtypes[d], first);
      }
  }
}

static void specials(void **state) {
  (void)state;
  test_enable();
  pool_case c = {2, 1, 1, {1, 5}, {1, 2}, {1, 1}, EAGER_PADDING_VALID, {{0}}};
  layout l = lay_out(&c, false);
  double x[] = {-INFINITY, NAN, INFINITY, -0.0, 0}, dy[] = {1, 2, 3, 4};
  eager_pool_options o = options_of(&c, false);
  sums s = reference(&c, &l, x, dy);
  eager_tensor *t = test_tensor(EAGER_FLOAT32, l.x, x), *y, *g;
  eager_tensor *d = test_tensor(EAGER_FLOAT32, l.y, dy);
  assert_ok(eager_max_pool2d(t, &o, &y));
  test_expect(y, EAGER_FLOAT32, l.y, s.best, TEST_EXACT, "max");
  assert_ok(eager_max_pool2d_grad(t, y, d, &o, &g));
  test_expect(g, EAGER_FLOAT32, l.x, s.back_max, TEST_EXACT, "max, back");
  eager_tensor_release(y);
  eager_tensor_release(g);
  assert_ok(eager_avg_pool2d(t, &o, &y));
  test_expect(y, EAGER_FLOAT32, l.y, s.total, TEST_EXACT, "mean");
  eager_tensor_release(y);
  eager_tensor_release(d);
  eager_tensor_release(t);
}

static void large_images(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  if (test_is_slow()) test_skip("many windows");
  static const pool_case large[] = {
      {2, 1, 1, {300, 701}, {3, 3}, {2, 2}, EAGER_PADDING_SAME, {{0}}},
      {2, 2, 65, {33, 31}, {2, 2}, {2, 2}, EAGER_PADDING_VALID, {{0}}},
      {2, 1, 3, {200, 200}, {200, 200}, {1, 1}, EAGER_PADDING_VALID, {{0}}},
  };
  for (int i = 0; i < 3; i++)
    for (int first = 0; first < 2; first++) {
      const pool_case *c = &large[i];
      layout l = lay_out(c, first);
      eager_pool_options o = options_of(c, first);
      double *x = test_random_values(EAGER_FLOAT32, test_elements(l.x), 0, 1);
      double *dy = test_random_values(EAGER_FLOAT32, test_elements(l.y), 0, 1);
      eager_tensor *t = test_tensor(EAGER_FLOAT32, l.x, x), *y;
      if (i == 2 && strstr(test_device_info()->device, "llvmpipe")) {
        assert_fails(eager_max_pool2d(t, &o, &y), EAGER_UNIMPLEMENTED,
                     "a window of 1 x 200 x 200 elements is too large for this device "
                     "[Op:MaxPool]");
        eager_tensor_release(t);
        continue;
      }
      sums s = reference(c, &l, x, dy);
      assert_ok(eager_max_pool2d(t, &o, &y));
      test_expect(y, EAGER_FLOAT32, l.y, s.best, TEST_EXACT, "a large image");
      eager_tensor_release(y);
      assert_ok(eager_avg_pool2d(t, &o, &y));
      test_expect(y, EAGER_FLOAT32, l.y, s.total, tolerance(c, EAGER_FLOAT32),
                  "a large image");
      eager_tensor_release(y);
      eager_tensor_release(t);
    }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x =
      test_tensor(EAGER_FLOAT32, (test_shape){4, {1, 2, 2, 1}}, (double[]){1, 2, 3, 4});
  eager_tensor *flat = test_tensor(EAGER_FLOAT32, (test_shape){2, {2, 2}}, (double[4]){0});
  eager_tensor *whole =
      test_tensor(EAGER_INT32, (test_shape){4, {1, 1, 1, 1}}, (double[1]){0});
  eager_tensor *y;
  eager_pool_options o = {.window = {2, 2}}, none = {.window = {2, 0}};
  eager_pool_options odd = {.window = {2, 2}, .padding = (eager_padding)7};
  eager_pool_options wide = {
      .window = {2, 2}, .padding = EAGER_PADDING_EXPLICIT, .paddings = {{2, 0}, {0, 0}}};
  assert_fails(eager_max_pool2d(flat, &o, &y), EAGER_INVALID_ARGUMENT,
               "input must be 4-dimensional, got rank 2 [Op:MaxPool]");
  assert_null(y);
  assert_fails(eager_max_pool2d(x, &none, &y), EAGER_INVALID_ARGUMENT,
               "Sliding window ksize must be larger than 0, got 0 [Op:MaxPool]");
  assert_fails(eager_avg_pool2d(x, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Sliding window ksize must be larger than 0, got 0 [Op:AvgPool]");
  assert_fails(eager_max_pool2d(x, &odd, &y), EAGER_INVALID_ARGUMENT,
               "padding must be one of EAGER_PADDING_*, got 7 [Op:MaxPool]");
  assert_fails(eager_max_pool2d(x, &wide, &y), EAGER_INVALID_ARGUMENT,
               "explicit padding must be smaller than the window: 2 and 0 beside 2 "
               "[Op:MaxPool]");
  assert_fails_like(eager_avg_pool2d(x, &wide, &y), EAGER_INVALID_ARGUMENT,
                    "padding must be SAME or VALID, got 'EXPLICIT'");
  assert_fails_like(eager_avg_pool2d(whole, &o, &y), EAGER_INVALID_ARGUMENT,
                    "is a int32 tensor; allowed: float32");
  assert_fails(eager_max_pool2d_grad(x, x, x, &o, &y), EAGER_INVALID_ARGUMENT,
               "Expected orig_output shape to be [1,1,1,1], but got [1,2,2,1] "
               "[Op:MaxPoolGrad]");
  assert_fails(eager_avg_pool2d_grad((int64_t[]){1, 2, 2, 1}, x, &o, &y),
               EAGER_INVALID_ARGUMENT,
               "Expected grad shape to be [1,1,1,1], but got [1,2,2,1] [Op:AvgPoolGrad]");
  eager_tensor_release(x);
  eager_tensor_release(flat);
  eager_tensor_release(whole);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case),
      cmocka_unit_test(specials),
      cmocka_unit_test(large_images),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/pool", tests, sizeof tests / sizeof *tests);
}
