/* ctest: devices=all timeout=120 */
/* Every op through both doors, typed and by name: the same dtype, shape and bytes. */
#include "test_values.h"

enum { MAX_INPUTS = 3, MAX_ATTRS = 4 };

typedef struct input {
  eager_dtype dtype;
  test_shape shape;
} input;

typedef struct attr {
  const char *name;
  eager_attr_kind kind;
  int64_t value;
  int64_t list[3];
  size_t count;
} attr;

typedef eager_status (*typed_fn)(eager_tensor *const *in, eager_tensor **out);

typedef struct row {
  const char *raw;
  typed_fn typed;
  input inputs[MAX_INPUTS];
  attr attrs[MAX_ATTRS];
} row;

/* --- The typed calls --- */

static eager_status cast(eager_tensor *const *in, eager_tensor **out) {
  return eager_cast(in[0], EAGER_UINT8, out);
}
static eager_status argmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_argmax(in[0], 1, EAGER_INT64, out);
}
static eager_status argmin(eager_tensor *const *in, eager_tensor **out) {
  return eager_argmin(in[0], -2, EAGER_INT32, out);
}
static eager_status matmul(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], false, in[1], false, out);
}
static eager_status matmul_transposed_a(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], true, in[1], false, out);
}
static eager_status matmul_transposed_b(eager_tensor *const *in, eager_tensor **out) {
  return eager_matmul(in[0], false, in[1], true, out);
}
static eager_status softmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_softmax(in[0], -1, out);
}
static eager_status log_softmax(eager_tensor *const *in, eager_tensor **out) {
  return eager_log_softmax(in[0], 0, out);
}
static eager_status identity(eager_tensor *const *in, eager_tensor **out) {
  return eager_identity(in[0], out);
}
static eager_status reshape(eager_tensor *const *in, eager_tensor **out) {
  return eager_reshape(in[0], 3, (int64_t[]){3, -1, 2}, out);
}
static eager_status expand_dims(eager_tensor *const *in, eager_tensor **out) {
  return eager_expand_dims(in[0], -2, out);
}
static eager_status squeeze(eager_tensor *const *in, eager_tensor **out) {
  return eager_squeeze(in[0], (int64_t[]){2}, 1, out);
}
static eager_status squeeze_all(eager_tensor *const *in, eager_tensor **out) {
  return eager_squeeze(in[0], NULL, 0, out);
}
static eager_status transpose(eager_tensor *const *in, eager_tensor **out) {
  return eager_transpose(in[0], (int64_t[]){1, 2, 0}, out);
}
static eager_status transpose_reversed(eager_tensor *const *in, eager_tensor **out) {
  return eager_transpose(in[0], NULL, out);
}
static eager_status concat(eager_tensor *const *in, eager_tensor **out) {
  return eager_concat(in, 3, 1, out);
}
static eager_status slice(eager_tensor *const *in, eager_tensor **out) {
  return eager_slice(in[0], (int64_t[]){1, 2}, (int64_t[]){2, -1}, out);
}
static eager_status gather(eager_tensor *const *in, eager_tensor **out) {
  return eager_gather(in[0], in[1], 1, out);
}
static eager_status one_hot(eager_tensor *const *in, eager_tensor **out) {
  return eager_one_hot(in[0], 5, in[1], in[2], 0, out);
}
static eager_status fill(eager_tensor *const *in, eager_tensor **out) {
  return eager_fill(2, (int64_t[]){2, 3}, in[0], out);
}
static eager_status zeros_like(eager_tensor *const *in, eager_tensor **out) {
  return eager_zeros_like(in[0], out);
}
static eager_status ones_like(eager_tensor *const *in, eager_tensor **out) {
  return eager_ones_like(in[0], out);
}
static eager_status range(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_range(-2, 9, 3, EAGER_INT32, out);
}
static eager_status range_of_floats(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_range(7, 1, -2, EAGER_FLOAT32, out);
}
static eager_status uniform(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_random_uniform(2, (int64_t[]){3, 5}, (int64_t[]){7, -9},
                                        EAGER_FLOAT16, out);
}
static eager_status normal(eager_tensor *const *in, eager_tensor **out) {
  (void)in;
  return eager_stateless_random_normal(2, (int64_t[]){3, 5}, (int64_t[]){7, -9},
                                       EAGER_FLOAT32, out);
}
static eager_status where(eager_tensor *const *in, eager_tensor **out) {
  return eager_where(in[0], in[1], in[2], out);
}
static eager_status clip(eager_tensor *const *in, eager_tensor **out) {
  return eager_clip_by_value(in[0], in[1], in[2], out);
}

/* --- The same, by name --- */

#define INT(name, value)                                                                   \
  { name, EAGER_ATTR_INT, value, {0}, 0 }
#define FLOAT(name, value)                                                                 \
  { name, EAGER_ATTR_FLOAT, value, {0}, 0 }
#define TYPE(name, value)                                                                  \
  { name, EAGER_ATTR_DTYPE, value, {0}, 0 }
#define YES(name)                                                                          \
  { name, EAGER_ATTR_BOOL, true, {0}, 0 }
#define LIST(name, count, ...)                                                             \
  { name, EAGER_ATTR_INT_LIST, 0, {__VA_ARGS__}, count }

static const row rows[] = {
    {"Cast", cast, {{EAGER_FLOAT32, {1, {5}}}}, {TYPE("DstT", EAGER_UINT8)}},
    {"ArgMax", argmax, {{EAGER_FLOAT32, {2, {3, 5}}}}, {INT("dimension", 1)}},
    {"ArgMin",
     argmin,
     {{EAGER_INT16, {2, {3, 5}}}},
     {INT("dimension", -2), TYPE("output_type", EAGER_INT32)}},
    {"MatMul", matmul, {{EAGER_FLOAT32, {2, {2, 3}}}, {EAGER_FLOAT32, {2, {3, 4}}}}, {{0}}},
    {"MatMul",
     matmul_transposed_a,
     {{EAGER_FLOAT32, {2, {3, 2}}}, {EAGER_FLOAT32, {2, {3, 4}}}},
     {YES("transpose_a")}},
    {"MatMul",
     matmul_transposed_b,
     {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {2, {4, 3}}}},
     {YES("transpose_b")}},
    {"Softmax", softmax, {{EAGER_FLOAT32, {2, {3, 5}}}}, {{0}}},
    {"LogSoftmax", log_softmax, {{EAGER_FLOAT16, {2, {3, 5}}}}, {INT("axis", 0)}},
    {"Identity", identity, {{EAGER_BOOL, {1, {5}}}}, {{0}}},
    {"Reshape", reshape, {{EAGER_INT8, {2, {4, 3}}}}, {LIST("shape", 3, 3, -1, 2)}},
    {"ExpandDims", expand_dims, {{EAGER_INT64, {2, {2, 3}}}}, {INT("axis", -2)}},
    {"Squeeze", squeeze, {{EAGER_FLOAT32, {3, {1, 2, 1}}}}, {LIST("axis", 1, 2)}},
    {"Squeeze", squeeze_all, {{EAGER_FLOAT32, {3, {1, 2, 1}}}}, {{0}}},
    {"Transpose", transpose, {{EAGER_UINT16, {3, {2, 3, 4}}}}, {LIST("perm", 3, 1, 2, 0)}},
    {"Transpose", transpose_reversed, {{EAGER_FLOAT32, {2, {2, 3}}}}, {{0}}},
    {"ConcatV2",
     concat,
     {{EAGER_INT32, {2, {2, 1}}}, {EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {2, {2, 2}}}},
     {INT("axis", 1)}},
    {"Slice",
     slice,
     {{EAGER_FLOAT32, {2, {4, 5}}}},
     {LIST("begin", 2, 1, 2), LIST("size", 2, 2, -1)}},
    {"GatherV2",
     gather,
     {{EAGER_FLOAT32, {2, {2, 8}}}, {EAGER_INT32, {1, {3}}}},
     {INT("axis", 1)}},
    {"OneHot",
     one_hot,
     {{EAGER_INT32, {1, {4}}}, {EAGER_FLOAT32, {0}}, {EAGER_FLOAT32, {0}}},
     {INT("depth", 5), INT("axis", 0)}},
    {"Fill", fill, {{EAGER_INT64, {0}}}, {LIST("dims", 2, 2, 3)}},
    {"ZerosLike", zeros_like, {{EAGER_FLOAT32, {2, {2, 3}}}}, {{0}}},
    {"OnesLike", ones_like, {{EAGER_BFLOAT16, {2, {2, 3}}}}, {{0}}},
    {"Range",
     range,
     {{0}},
     {INT("start", -2), INT("limit", 9), INT("delta", 3),
      TYPE("output_dtype", EAGER_INT32)}},
    {"Range",
     range_of_floats,
     {{0}},
     {FLOAT("start", 7), FLOAT("limit", 1), FLOAT("delta", -2),
      TYPE("output_dtype", EAGER_FLOAT32)}},
    {"StatelessRandomUniform",
     uniform,
     {{0}},
     {LIST("shape", 2, 3, 5), LIST("seed", 2, 7, -9), TYPE("dtype", EAGER_FLOAT16)}},
    {"StatelessRandomNormal",
     normal,
     {{0}},
     {LIST("shape", 2, 3, 5), LIST("seed", 2, 7, -9)}},
    {"SelectV2",
     where,
     {{EAGER_BOOL, {1, {3}}}, {EAGER_FLOAT32, {2, {2, 3}}}, {EAGER_FLOAT32, {0}}},
     {{0}}},
    {"ClipByValue",
     clip,
     {{EAGER_INT32, {2, {2, 3}}}, {EAGER_INT32, {0}}, {EAGER_INT32, {0}}},
     {{0}}},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct {
  const char *raw;
  eager_status (*typed)(eager_tensor *, const int64_t *, int, bool, eager_tensor **);
  eager_dtype dtype;
} reductions[] = {
    {"Sum", eager_reduce_sum, EAGER_FLOAT32}, {"Mean", eager_reduce_mean, EAGER_FLOAT32},
    {"Max", eager_reduce_max, EAGER_INT32},   {"Min", eager_reduce_min, EAGER_FLOAT32},
    {"Prod", eager_reduce_prod, EAGER_INT32}, {"Any", eager_reduce_any, EAGER_BOOL},
    {"All", eager_reduce_all, EAGER_BOOL},
};
enum { REDUCTIONS = sizeof reductions / sizeof *reductions };

#define UNARY(raw, typed, ...)  {#raw, typed, NULL},
#define BINARY(raw, typed, ...) {#raw, NULL, typed},
static const struct {
  const char *raw;
  eager_status (*unary)(eager_tensor *, eager_tensor **);
  eager_status (*binary)(eager_tensor *, eager_tensor *, eager_tensor **);
} elementwise[] = {
#include "ops/elementwise.def"
};
enum { ELEMENTWISE = sizeof elementwise / sizeof *elementwise };

/* --- Comparing --- */

/* Input #k: small, positive, legal for every op; as indices, below 8. */
static eager_tensor *make(const input *in, int k) {
  int64_t count = test_elements(in->shape);
  double *values = test_alloc((size_t)count * sizeof *values);
  for (int64_t i = 0; i < count; i++) {
    int64_t v = (i * 5 + k) % 7 + 1;
    values[i] = test_is_float(in->dtype) ? (double)v * 0.75 : (double)v;
    if (in->dtype == EAGER_BOOL) values[i] = (double)((i + k) % 2);
  }
  return test_tensor(in->dtype, in->shape, values);
}

static void set_attr(eager_op *op, const attr *a) {
  switch (a->kind) {
  case EAGER_ATTR_INT:
    assert_ok(eager_op_set_attr_int(op, a->name, a->value));
    return;
  case EAGER_ATTR_FLOAT:
    assert_ok(eager_op_set_attr_float(op, a->name, (double)a->value));
    return;
  case EAGER_ATTR_BOOL:
    assert_ok(eager_op_set_attr_bool(op, a->name, a->value != 0));
    return;
  case EAGER_ATTR_DTYPE:
    assert_ok(eager_op_set_attr_dtype(op, a->name, (eager_dtype)a->value));
    return;
  default:
    assert_ok(eager_op_set_attr_int_list(op, a->name, a->list, a->count));
  }
}

static eager_tensor *by_name(const char *raw, eager_tensor *const *in, int input_count,
                             const attr *attrs) {
  eager_op *op;
  eager_tensor *out;
  int count = 1;
  assert_ok(eager_op_new(raw, &op));
  for (int i = 0; i < input_count; i++) assert_ok(eager_op_add_input(op, in[i]));
  for (int i = 0; i < MAX_ATTRS && attrs[i].name != NULL; i++) set_attr(op, &attrs[i]);
  assert_ok(eager_op_execute(op, &out, &count));
  eager_op_release(op);
  return out;
}

static bool alike(const eager_tensor *a, const eager_tensor *b) {
  if (eager_tensor_dtype(a) != eager_tensor_dtype(b)) return false;
  if (eager_tensor_rank(a) != eager_tensor_rank(b)) return false;
  for (int d = 0; d < eager_tensor_rank(a); d++)
    if (eager_tensor_dim(a, d) != eager_tensor_dim(b, d)) return false;
  size_t size =
      (size_t)eager_tensor_num_elements(a) * eager_dtype_size(eager_tensor_dtype(a));
  void *bytes[2] = {test_alloc(size), test_alloc(size)};
  assert_ok(eager_tensor_to_host(a, bytes[0], size));
  assert_ok(eager_tensor_to_host(b, bytes[1], size));
  return size > 0 && memcmp(bytes[0], bytes[1], size) == 0;
}

/* Takes over both. */
static void expect_alike(const char *raw, eager_tensor *typed, eager_tensor *named) {
  if (!alike(typed, named)) fail_msg("%s: the typed door and the raw one differ", raw);
  eager_tensor_release(typed);
  eager_tensor_release(named);
}

static void check(const row *r) {
  test_pick_mode(test_random());
  eager_tensor *in[MAX_INPUTS] = {0}, *typed;
  int count = 0;
  for (; count < MAX_INPUTS && r->inputs[count].dtype != 0; count++)
    in[count] = make(&r->inputs[count], count);
  assert_ok(r->typed(in, &typed));
  expect_alike(r->raw, typed, by_name(r->raw, in, count, r->attrs));
  for (int i = 0; i < count; i++) eager_tensor_release(in[i]);
}

static void rows_agree(void **state) {
  (void)state;
  test_enable();
  for (int i = 0; i < ROWS; i++) check(&rows[i]);
}

static void reductions_agree(void **state) {
  (void)state;
  test_enable();
  static const attr kept[MAX_ATTRS] = {LIST("axis", 2, -1, 0), YES("keep_dims")};
  static const attr none[MAX_ATTRS] = {{0}};
  for (int i = 0; i < REDUCTIONS; i++) {
    test_pick_mode(test_random());
    const char *raw = reductions[i].raw;
    eager_tensor *x = make(&(input){reductions[i].dtype, {3, {2, 3, 2}}}, 0), *typed;
    assert_ok(reductions[i].typed(x, kept[0].list, 2, true, &typed));
    expect_alike(raw, typed, by_name(raw, &x, 1, kept));
    assert_ok(reductions[i].typed(x, NULL, 0, false, &typed));
    expect_alike(raw, typed, by_name(raw, &x, 1, none));
    eager_tensor_release(x);
  }
}

static eager_dtype legal_dtype(const char *raw) {
  static const eager_dtype tried[] = {EAGER_FLOAT32, EAGER_INT32, EAGER_BOOL};
  for (int i = 0; i < 3; i++)
    if (eager_op_is_supported(raw, tried[i], NULL)) return tried[i];
  fail_msg("%s takes neither float32 nor int32 nor bool", raw);
  return EAGER_BOOL;
}

static void elementwise_agree(void **state) {
  (void)state;
  test_enable();
  static const attr none[MAX_ATTRS] = {{0}};
  for (int i = 0; i < ELEMENTWISE; i++) {
    test_pick_mode(test_random());
    const char *raw = elementwise[i].raw;
    eager_dtype dtype = legal_dtype(raw);
    int count = elementwise[i].unary != NULL ? 1 : 2;
    eager_tensor *in[] = {make(&(input){dtype, {2, {3, 2}}}, 0),
                          make(&(input){dtype, {1, {2}}}, 1)};
    eager_tensor *typed;
    assert_ok(count == 1 ? elementwise[i].unary(in[0], &typed)
                         : elementwise[i].binary(in[0], in[1], &typed));
    expect_alike(raw, typed, by_name(raw, in, count, none));
    eager_tensor_release(in[0]);
    eager_tensor_release(in[1]);
  }
}

static bool is_listed(const char *name) {
  bool listed = false;
  for (int i = 0; i < ROWS; i++) listed |= strcmp(name, rows[i].raw) == 0;
  for (int i = 0; i < REDUCTIONS; i++) listed |= strcmp(name, reductions[i].raw) == 0;
  for (int i = 0; i < ELEMENTWISE; i++) listed |= strcmp(name, elementwise[i].raw) == 0;
  return listed;
}

static void leaves_no_op_out(void **state) {
  (void)state;
  for (size_t i = 0; i < eager_op_count(); i++)
    if (!is_listed(eager_op_name(i))) fail_msg("no row for %s", eager_op_name(i));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_agree),
      cmocka_unit_test(reductions_agree),
      cmocka_unit_test(elementwise_agree),
      cmocka_unit_test(leaves_no_op_out),
  };
  return test_main("api/doors", tests, sizeof tests / sizeof *tests);
}
