/* ctest: devices=all timeout=120 */
/* Images at another size: both ways, every convention of where pixels lie, and gradients.
 */
#include <math.h>

#include "reference.h"

typedef struct resize_case {
  int64_t batch, channels, in[2], out[2];
} resize_case;

static const resize_case cases[] = {
    {1, 1, {1, 1}, {1, 1}}, {2, 3, {4, 5}, {8, 10}},  {1, 3, {7, 5}, {3, 2}},
    {1, 2, {3, 4}, {3, 4}}, {1, 17, {2, 3}, {5, 7}},  {1, 1, {1, 4}, {6, 1}},
    {0, 2, {3, 3}, {2, 2}}, {1, 2, {11, 2}, {4, 13}}, {1, 1, {1, 1}, {5, 9}},
};
enum { CASES = sizeof cases / sizeof *cases };

typedef struct convention {
  bool align_corners, half_pixels;
} convention;
static const convention conventions[] = {{false, false}, {true, false}, {false, true}};

static float scale_of(convention v, int64_t in, int64_t out) {
  return v.align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1)
                                    : (float)in / (float)out;
}

/* In float32, as TensorFlow places pixels: a reference in double would round the other way
 * at times. */
static void place(convention v, int64_t in, int64_t out, int64_t o, int64_t *low,
                  int64_t *high, float *part) {
  float scale = scale_of(v, in, out), at = (float)o * scale;
  if (v.half_pixels) {
    at = (float)o + 0.5f;
    at *= scale;
    at -= 0.5f;
  }
  float below = floorf(at);
  *part = at - below;
  *low = below < 0 ? 0 : (int64_t)below;
  *high = (int64_t)ceilf(at) < in - 1 ? (int64_t)ceilf(at) : in - 1;
}

static int64_t nearest(convention v, int64_t in, int64_t out, int64_t o) {
  float scale = scale_of(v, in, out), at = (float)o * scale;
  if (v.half_pixels) {
    at = (float)o + 0.5f;
    at *= scale;
  }
  int64_t i = (int64_t)(v.align_corners ? roundf(at) : floorf(at));
  return i < 0 ? 0 : i < in - 1 ? i : in - 1;
}

/* Calls `add` with every output, the inputs it takes from, and their weights. */
typedef void (*add_fn)(void *to, int64_t output, int64_t input, double weight);
static void walk_pixels(const resize_case *c, convention v, bool is_nearest, add_fn add,
                        void *to) {
  for (int64_t n = 0; n < c->batch; n++)
    for (int64_t y = 0; y < c->out[0]; y++)
      for (int64_t x = 0; x < c->out[1]; x++) {
        int64_t row[2], column[2];
        float down = 0, right = 0;
        place(v, c->in[0], c->out[0], y, &row[0], &row[1], &down);
        place(v, c->in[1], c->out[1], x, &column[0], &column[1], &right);
        if (is_nearest) {
          row[0] = nearest(v, c->in[0], c->out[0], y);
          column[0] = nearest(v, c->in[1], c->out[1], x);
          down = right = 0;
        }
        for (int64_t k = 0; k < c->channels; k++)
          for (int corner = 0; corner < (is_nearest ? 1 : 4); corner++) {
            int64_t i = row[corner / 2], j = column[corner % 2];
            double weight = (double)(corner / 2 ? down : 1 - down) *
                            (double)(corner % 2 ? right : 1 - right);
            add(to, ((n * c->out[0] + y) * c->out[1] + x) * c->channels + k,
                ((n * c->in[0] + i) * c->in[1] + j) * c->channels + k, weight);
          }
      }
}

typedef struct sums {
  const double *from;
  double *to;
} sums;

static void add_forward(void *to, int64_t output, int64_t input, double weight) {
  sums *s = to;
  s->to[output] += weight * s->from[input];
}

static void add_back(void *to, int64_t output, int64_t input, double weight) {
  sums *s = to;
  s->to[input] += weight * s->from[output];
}

static test_shape shape_of(const resize_case *c, const int64_t *size) {
  return (test_shape){4, {c->batch, size[0], size[1], c->channels}};
}

static double *reference(const resize_case *c, convention v, bool is_nearest, bool back,
                         const double *from) {
  const int64_t *size = back ? c->in : c->out;
  sums s = {from, test_alloc((size_t)(test_elements(shape_of(c, size)) + 1) * 8)};
  walk_pixels(c, v, is_nearest, back ? add_back : add_forward, &s);
  return s.to;
}

/* Three interpolations round twice each, of numbers up to 9 that may cancel; a sum of n
 * gradients n times. Scratch between the axes is float32 for 16-bit floats. */
static test_tolerance tolerance(const resize_case *c, eager_dtype dtype, bool back) {
  bool narrow = dtype == EAGER_FLOAT16 || dtype == EAGER_BFLOAT16;
  double unit = test_epsilon(EAGER_FLOAT32);
  double terms = back ? (double)(c->out[0] + 2) * (double)(c->out[1] + 2) : 1;
  return (test_tolerance){narrow ? 1 : 2, unit * 9 * (6 + terms)};
}

static void check_forward(const resize_case *c, eager_dtype dtype, convention v,
                          const char *what) {
  test_shape in = shape_of(c, c->in), out = shape_of(c, c->out);
  double low = test_lowest(dtype) < 0 ? -9 : 0;
  double *x = test_random_values(dtype, test_elements(in), low, 9);
  eager_tensor *t = test_view(dtype, in, x, 3), *y;
  test_poison((size_t)test_elements(out) * sizeof(float));
  assert_ok(eager_resize_bilinear(t, c->out, v.align_corners, v.half_pixels, &y));
  test_expect(y, EAGER_FLOAT32, out, reference(c, v, false, false, x),
              tolerance(c, EAGER_FLOAT32, false), what);
  eager_tensor_release(y);
  test_poison((size_t)test_elements(out) * eager_dtype_size(dtype));
  assert_ok(eager_resize_nearest_neighbor(t, c->out, v.align_corners, v.half_pixels, &y));
  test_expect(y, dtype, out, reference(c, v, true, false, x), TEST_EXACT, what);
  eager_tensor_release(y);
  eager_tensor_release(t);
}

static void check_back(const resize_case *c, eager_dtype dtype, convention v,
                       const char *what) {
  test_shape in = shape_of(c, c->in), out = shape_of(c, c->out);
  bool is_float = test_is_float(dtype);
  double *dy = test_random_values(dtype, test_elements(out), 0, 1);
  eager_tensor *d = test_view(dtype, out, dy, 1), *g;
  test_poison((size_t)test_elements(in) * eager_dtype_size(dtype));
  assert_ok(
      eager_resize_nearest_neighbor_grad(d, c->in, v.align_corners, v.half_pixels, &g));
  test_expect(g, dtype, in, reference(c, v, true, true, dy),
              is_float ? tolerance(c, dtype, true) : TEST_EXACT, what);
  eager_tensor_release(g);
  eager_tensor_release(d);
  if (!is_float) return;
  dy = test_random_values(EAGER_FLOAT32, test_elements(out), -1, 1);
  d = test_view(EAGER_FLOAT32, out, dy, 1);
  eager_tensor *x =
      test_tensor(dtype, in, test_random_values(dtype, test_elements(in), 0, 1));
  assert_ok(eager_resize_bilinear_grad(d, x, v.align_corners, v.half_pixels, &g));
  test_expect(g, dtype, in, reference(c, v, false, true, dy), tolerance(c, dtype, true),
              what);
  eager_tensor_release(g);
  eager_tensor_release(d);
  eager_tensor_release(x);
}

static void every_case(void **state) {
  (void)state;
  test_time_limit(100);
  test_enable();
  uint64_t index = 0;
  for (int d = 0; d < TEST_DTYPES; d++) {
    eager_dtype dtype = test_dtypes[d];
    if (dtype == EAGER_BOOL || !test_tries(NULL, dtype)) continue;
    for (int i = 0; i < CASES; i++)
      for (int v = 0; v < 3; v++) {
        if (!test_sampled(index++)) continue;
        if (test_is_slow() && test_elements(shape_of(&cases[i], cases[i].out)) > 100)
          continue;
        test_pick_mode(index);
        const char *what = test_text("case %d, convention %d", i, v);
        check_forward(&cases[i], dtype, conventions[v], what);
        check_back(&cases[i], dtype, conventions[v], what);
      }
  }
}

static void large_images(void **state) {
  (void)state;
  test_enable();
  if (test_is_slow()) test_skip("many pixels");
  static const resize_case large[] = {{1, 3, {301, 200}, {127, 411}},
                                      {1, 1, {1, 1}, {300, 300}}};
  for (int i = 0; i < 2; i++)
    for (int v = 0; v < 3; v++) {
      check_forward(&large[i], EAGER_FLOAT32, conventions[v], "a large image");
      check_back(&large[i], EAGER_FLOAT32, conventions[v], "a large image");
    }
}

static void refusals(void **state) {
  (void)state;
  test_enable();
  eager_tensor *x =
      test_tensor(EAGER_FLOAT32, (test_shape){4, {1, 2, 2, 1}}, (double[]){1, 2, 3, 4});
  eager_tensor *deep =
      test_tensor(EAGER_FLOAT32, (test_shape){4, {1, 2, 2, 2}}, (double[8]){0});
  eager_tensor *flat = test_tensor(EAGER_FLOAT32, (test_shape){1, {4}}, (double[4]){0});
  eager_tensor *none =
      test_tensor(EAGER_FLOAT32, (test_shape){4, {1, 0, 2, 1}}, (double[1]){0});
  eager_tensor *y;
  const int64_t size[] = {3, 3}, bad[] = {3, 0};
  assert_fails(eager_resize_bilinear(x, size, true, true, &y), EAGER_INVALID_ARGUMENT,
               "If half_pixel_centers is True, align_corners must be False. "
               "[Op:ResizeBilinear]");
  assert_null(y);
  assert_fails(eager_resize_bilinear(flat, size, false, false, &y), EAGER_INVALID_ARGUMENT,
               "images must be 4-dimensional, got rank 1 [Op:ResizeBilinear]");
  assert_fails(eager_resize_nearest_neighbor(x, bad, false, false, &y),
               EAGER_INVALID_ARGUMENT,
               "output dimensions must be positive, got 0 [Op:ResizeNearestNeighbor]");
  assert_fails(eager_resize_nearest_neighbor(none, size, false, false, &y),
               EAGER_INVALID_ARGUMENT,
               "input image must be of non-zero size [Op:ResizeNearestNeighbor]");
  assert_fails(eager_resize_bilinear_grad(x, deep, false, false, &y),
               EAGER_INVALID_ARGUMENT,
               "gradients and original image differ in batch or channels: 1 and 1, 1 and 2 "
               "[Op:ResizeBilinearGrad]");
  assert_fails_like(eager_resize_bilinear(x, NULL, false, false, &y),
                    EAGER_INVALID_ARGUMENT, "size must not be NULL");
  eager_tensor_release(x);
  eager_tensor_release(deep);
  eager_tensor_release(flat);
  eager_tensor_release(none);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_case),
      cmocka_unit_test(large_images),
      cmocka_unit_test(refusals),
  };
  return test_main("ops/resize", tests, sizeof tests / sizeof *tests);
}
