/* ctest: devices=all */
#include "array_calls.h"

/* --- Depth --- */

typedef struct image_case {
  int64_t batches, height, width, depth; /* of the side with space, whatever the format */
  int64_t block;
} image_case;

static const image_case images[] = {
    {1, 2, 2, 1, 2},  {2, 4, 6, 3, 2},   {3, 3, 9, 5, 3},     {1, 6, 6, 16, 2},
    {0, 4, 4, 1, 2},  {2, 0, 4, 3, 2},   {2, 4, 4, 0, 2},     {1, 20, 10, 1, 5},
    {1, 34, 6, 7, 2}, {1, 50, 40, 1, 2}, {1, 2, 65538, 1, 2},
};
enum { IMAGES = sizeof images / sizeof *images };

typedef struct image_move {
  const image_case *c;
  bool channels_first, to_depth;
} image_move;

static test_shape image_shape(bool channels_first, int64_t n, int64_t h, int64_t w,
                              int64_t c) {
  return channels_first ? (test_shape){4, {n, c, h, w}} : (test_shape){4, {n, h, w, c}};
}

static int64_t image_source(const void *context, test_shape x, const int64_t *index) {
  const image_move *m = context;
  int ci = m->channels_first ? 1 : 3, hi = m->channels_first ? 2 : 1, wi = hi + 1;
  int64_t b = m->c->block, depth = m->c->depth, at[4] = {index[0]};
  if (m->to_depth) {
    int64_t part = index[ci] / depth;
    at[ci] = index[ci] % depth;
    at[hi] = index[hi] * b + part / b;
    at[wi] = index[wi] * b + part % b;
  } else {
    at[hi] = index[hi] / b;
    at[wi] = index[wi] / b;
    at[ci] = (index[hi] % b * b + index[wi] % b) * depth + index[ci];
  }
  return test_position(x, at);
}

static void run_image(int i, eager_dtype dtype) {
  const image_case *c = &images[i / 4];
  image_move m = {c, i % 2, i / 2 % 2};
  int64_t b = c->block;
  test_shape space =
      image_shape(m.channels_first, c->batches, c->height, c->width, c->depth);
  test_shape deep = image_shape(m.channels_first, c->batches, c->height / b, c->width / b,
                                c->depth * b * b);
  test_shape from = m.to_depth ? space : deep, to = m.to_depth ? deep : space;
  if (bytes_too_slow(from)) return;
  bytes_tensor x = bytes_make(dtype, from);
  const char *format = m.channels_first ? "NCHW" : "NHWC";
  eager_tensor *y;
  test_poison((size_t)test_elements(to) * x.element);
  if (m.to_depth)
    assert_ok(eager_space_to_depth(x.t, b, format, &y));
  else
    assert_ok(eager_depth_to_space(x.t, b, format, &y));
  expect_moved(y, dtype, to, &x, from, image_source, &m, NULL,
               test_text("image %d %s, to depth %d", i / 4, format, m.to_depth));
  eager_tensor_release(x.t);
}

static void turns_depth_into_space_and_back(void **state) {
  (void)state;
  bytes_each_dtype(4 * IMAGES, run_image);
}

/* --- Batches --- */

typedef struct block_case {
  test_shape space; /* without batches: those of the smaller side are `batches` */
  int64_t batches;
  int axes;
  int64_t blocks[7], around[14];
} block_case;

static const block_case blocks[] = {
    {{2, {4, 6}}, 2, 2, {2, 3}, {0}},
    {{2, {3, 5}}, 1, 2, {2, 3}, {1, 0, 0, 1}},
    {{3, {3, 5, 7}}, 2, 2, {2, 2}, {1, 2, 2, 1}},
    {{3, {4, 6, 16}}, 1, 1, {4}, {0, 4}},
    {{2, {4, 6}}, 2, 2, {1, 1}, {0}}, /* a view */
    {{2, {4, 6}}, 2, 2, {1, 1}, {1, 0, 0, 2}},
    {{1, {4}}, 2, 0, {0}, {0}},
    {{1, {4}}, 2, 1, {8}, {3, 1}},
    {{1, {0}}, 2, 1, {2}, {3, 1}},
    {{2, {3, 0}}, 2, 1, {2}, {1, 0}},
    {{1, {3}}, 0, 1, {2}, {1, 0}},
    {{2, {51, 101}}, 1, 2, {2, 2}, {0, 1, 1, 0}},
    {{2, {2, 65537}}, 1, 2, {1, 3}, {0, 0, 1, 0}},
    {{7, {2, 3, 2, 1, 3, 2, 4}}, 2, 7, {2, 2, 1, 3, 3, 2, 2}, {0, 0, 1, 0, 0, 0, 1, 1}},
};
enum { BLOCKS = sizeof blocks / sizeof *blocks };

typedef struct block_move {
  const block_case *c;
  int64_t batches; /* of the smaller side */
} block_move;

/* Space to batch: batch is ((c0 * b1 + c1) ...) * batches + n, position o * b + c - pad. */
static int64_t space_source(const void *context, test_shape x, const int64_t *index) {
  const block_move *m = context;
  int64_t at[8], place = index[0] / m->batches;
  at[0] = index[0] % m->batches;
  for (int i = x.rank - 1; i > m->c->axes; i--) at[i] = index[i];
  for (int i = m->c->axes - 1; i >= 0; i--) {
    int64_t b = m->c->blocks[i];
    at[1 + i] = index[1 + i] * b + place % b - m->c->around[2 * i];
    place /= b;
    if (at[1 + i] < 0 || at[1 + i] >= x.dims[1 + i]) return -1;
  }
  return test_position(x, at);
}

static int64_t batch_source(const void *context, test_shape x, const int64_t *index) {
  const block_move *m = context;
  int64_t at[8], place = 0;
  for (int i = 1; i < x.rank; i++) at[i] = index[i];
  for (int i = 0; i < m->c->axes; i++) {
    int64_t b = m->c->blocks[i], whole = index[1 + i] + m->c->around[2 * i];
    at[1 + i] = whole / b;
    place = place * b + whole % b;
  }
  at[0] = place * m->batches + index[0];
  return test_position(x, at);
}

/* Both ways between the case's space, padded or cropped, and its batches. */
static void move_blocks(const block_case *c, eager_dtype dtype, bool back,
                        const char *what) {
  test_shape space = {.rank = c->space.rank + 1, .dims = {c->batches}};
  for (int i = 0; i < c->space.rank; i++) space.dims[1 + i] = c->space.dims[i];
  test_shape deep = space;
  for (int i = 0; i < c->axes; i++) {
    deep.dims[0] *= c->blocks[i];
    deep.dims[1 + i] += c->around[2 * i] + c->around[2 * i + 1];
    assert_int_equal(deep.dims[1 + i] % c->blocks[i], 0);
    deep.dims[1 + i] /= c->blocks[i];
  }
  test_shape from = back ? deep : space, to = back ? space : deep;
  if (bytes_too_slow(from) || bytes_too_slow(to)) return;
  block_move m = {c, c->batches};
  bytes_tensor x = bytes_make(dtype, from);
  eager_tensor *y;
  test_poison((size_t)test_elements(to) * x.element);
  if (back)
    assert_ok(eager_batch_to_space(x.t, c->blocks, c->axes, c->around, &y));
  else
    assert_ok(eager_space_to_batch(x.t, c->blocks, c->axes, c->around, &y));
  expect_moved(y, dtype, to, &x, from, back ? batch_source : space_source, &m, NULL, what);
  eager_tensor_release(x.t);
}

static void run_block(int i, eager_dtype dtype) {
  move_blocks(&blocks[i / 2], dtype, i % 2, test_text("blocks %d, back %d", i / 2, i % 2));
}

static void turns_space_into_batches_and_back(void **state) {
  (void)state;
  bytes_each_dtype(2 * BLOCKS, run_block);
}

static void turns_random_blocks(void **state) {
  (void)state;
  test_enable();
  for (int round = 0; round < (test_is_slow() ? 10 : 100); round++) {
    test_pick_mode((uint64_t)round);
    block_case c = {.space = random_shape(0, 7, 150), .batches = test_random_int(0, 9) % 4};
    c.axes = (int)test_random_int(0, c.space.rank);
    for (int i = 0; i < c.axes; i++) {
      int64_t b = i < c.axes - 3 ? 1 : test_random_int(1, 3), left = test_random_int(0, b);
      c.blocks[i] = b;
      c.around[2 * i] = left;
      c.around[2 * i + 1] = (b - (c.space.dims[i] + left) % b) % b;
    }
    move_blocks(&c, random_dtype(), round % 2, test_text("round %d", round));
  }
  assert_ok(eager_set_thread_execution_mode(EAGER_EXECUTION_AUTO));
}

static void refuses_bad_images(void **state) {
  (void)state;
  test_enable();
  double values[24] = {0};
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){4, {1, 2, 3, 4}}, values), *y;
  eager_tensor *flat = test_tensor(EAGER_INT32, (test_shape){2, {3, 4}}, values);
  assert_fails(eager_depth_to_space(x, 1, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Block size should be > 1, but was: 1 [Op:DepthToSpace]");
  assert_fails(eager_depth_to_space(x, 3, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Input depth dimension 4 should be divisible by: 9 [Op:DepthToSpace]");
  assert_fails(eager_depth_to_space(x, 2, "NCHW", &y), EAGER_INVALID_ARGUMENT,
               "Input depth dimension 2 should be divisible by: 4 [Op:DepthToSpace]");
  assert_fails(eager_depth_to_space(x, 2, "NCHW_VECT_C", &y), EAGER_INVALID_ARGUMENT,
               "data_format must be NHWC or NCHW, got NCHW_VECT_C [Op:DepthToSpace]");
  assert_fails(eager_space_to_depth(x, 2, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Image width 3 and height 2 should be divisible by block_size: 2 "
               "[Op:SpaceToDepth]");
  assert_fails(eager_space_to_depth(flat, 2, NULL, &y), EAGER_INVALID_ARGUMENT,
               "Input rank should be: 4 instead of: 2: got shape [3,4] [Op:SpaceToDepth]");
  assert_null(y);
  eager_tensor_release(x);
  eager_tensor_release(flat);
}

static void refuses_bad_blocks(void **state) {
  (void)state;
  test_enable();
  double values[12] = {0};
  eager_tensor *x = test_tensor(EAGER_INT32, (test_shape){2, {3, 4}}, values), *y;
  const int64_t none[4] = {0}, two[2] = {2, 2}, big[1] = {INT64_MAX};
  assert_fails(eager_space_to_batch(x, two, 2, none, &y), EAGER_INVALID_ARGUMENT,
               "input rank should be >= 3 instead of 2 [Op:SpaceToBatchND]");
  assert_fails(eager_space_to_batch(x, (int64_t[]){0}, 1, none, &y), EAGER_INVALID_ARGUMENT,
               "All values in block_shape must be positive, got value, 0 at index 0. "
               "[Op:SpaceToBatchND]");
  assert_fails(eager_space_to_batch(x, two, 1, (int64_t[]){0, -1}, &y),
               EAGER_INVALID_ARGUMENT,
               "paddings must be non-negative: 0 -1 [Op:SpaceToBatchND]");
  assert_fails(
      eager_space_to_batch(x, two, 1, (int64_t[]){1, 0}, &y), EAGER_INVALID_ARGUMENT,
      "padded_shape[0]=5 is not divisible by block_shape[0]=2 [Op:SpaceToBatchND]");
  assert_fails_like(eager_space_to_batch(x, two, 1, (int64_t[]){INT64_MAX, 0}, &y),
                    EAGER_INVALID_ARGUMENT, "paddings[0] add up to more");
  assert_fails_like(eager_batch_to_space(x, big, 1, none, &y), EAGER_INVALID_ARGUMENT,
                    "is not divisible by block_shape product");
  assert_fails(eager_batch_to_space(x, two, 1, none, &y), EAGER_INVALID_ARGUMENT,
               "Batch dimension size 3 is not divisible by block_shape product 2 "
               "[Op:BatchToSpaceND]");
  assert_fails(eager_batch_to_space(x, (int64_t[]){3}, 1, (int64_t[]){7, 6}, &y),
               EAGER_INVALID_ARGUMENT,
               "crops 7 and 6 are more than the 12 that axis 1 has [Op:BatchToSpaceND]");
  assert_fails_like(eager_batch_to_space(x, NULL, 1, none, &y), EAGER_INVALID_ARGUMENT,
                    "block_shape must not be NULL");
  assert_fails_like(eager_batch_to_space(x, two, 1, NULL, &y), EAGER_INVALID_ARGUMENT,
                    "crops must not be NULL");
  assert_fails_like(eager_batch_to_space(x, two, -1, none, &y), EAGER_INVALID_ARGUMENT,
                    "block_shape may list 7 numbers at most, got -1");
  const raw_attr uneven[] = {{"block_shape", two, 1}, {"crops", none, 4}};
  assert_fails(raw_call("BatchToSpaceND", &x, 1, uneven, 2, &y), EAGER_INVALID_ARGUMENT,
               "crops should have two numbers per entry of block_shape (1), but has 4 "
               "[Op:BatchToSpaceND]");
  assert_null(y);
  eager_tensor_release(x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(turns_depth_into_space_and_back),
      cmocka_unit_test(turns_space_into_batches_and_back),
      cmocka_unit_test(turns_random_blocks),
      cmocka_unit_test(refuses_bad_images),
      cmocka_unit_test(refuses_bad_blocks),
  };
  return test_main("ops/space", tests, sizeof tests / sizeof *tests);
}
